import { constants, createGunzip, createInflateRaw } from "node:zlib";
import type { Inflate, Inflated } from "../readers/archive/inflate.ts";

/**
 * Compressed bytes that go in at once. At most a thousand times as many come out of them, and node:zlib keeps to itself
 * what came out of the piece that was damaged. So the checksum at the end goes in by itself.
 */
const PIECE = 16 * 1024;
const CHECKSUM = 8;
/** What node:zlib hands over at a time. */
const OUT = 128 * 1024;

/** The algorithms of node:zlib, which gives what it has of data that ends early. */
export const inflate: Inflate = async function* (compression, data): AsyncGenerator<Inflated> {
  const stream = compression === "gzip" ? createGunzip({ chunkSize: OUT }) : createInflateRaw({ chunkSize: OUT });
  let out: Uint8Array[] = [];
  let failure: Inflated | null = null;
  // the stream ends by itself where the compressed data does: what follows is no part of it
  let isOver = false;
  let wake: () => void = () => {};
  stream.on("data", (piece: Buffer) => {
    out.push(piece);
  });
  stream.on("error", (error) => {
    const isCut = "errno" in error && error.errno === constants.Z_BUF_ERROR;
    failure = { problem: isCut ? "truncated" : "damaged" };
    wake();
  });
  stream.on("end", () => {
    isOver = true;
    wake();
  });
  stream.on("close", () => {
    isOver = true;
    wake();
  });
  const done = (start: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      start(resolve);
    });
  const taken = (): readonly Uint8Array[] => {
    const pieces = out;
    out = [];
    return pieces;
  };
  try {
    for await (const piece of pieces(data)) {
      const earlier = taken();
      const written = done((resolve) => {
        stream.write(piece, () => resolve());
      });
      // what came before is read while this piece is unpacked in another thread
      yield* earlier;
      await written;
      if (failure !== null || isOver) break;
    }
    if (failure === null && !isOver) {
      await done(() => {
        stream.end();
      });
    }
    yield* taken();
    if (failure !== null) yield failure;
  } finally {
    stream.destroy();
  }
};

async function* pieces(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let earlier: Uint8Array | null = null;
  for await (const chunk of data) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      if (earlier !== null) yield earlier;
      earlier = chunk.subarray(at, at + PIECE);
    }
  }
  if (earlier === null) return;
  const end = Math.max(0, earlier.length - CHECKSUM);
  if (end > 0) yield earlier.subarray(0, end);
  yield earlier.subarray(end);
}
