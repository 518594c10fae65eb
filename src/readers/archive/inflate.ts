/** Compressed data of gzip (RFC 1952) or as zip has it (RFC 1951). */
export type Compression = "gzip" | "deflate-raw";

/** A piece of what was unpacked, or why there is no more of it. */
export type Inflated = Uint8Array | { readonly problem: "truncated" | "damaged" };

/** Unpacks data piece by piece, as much as can be had of it. The platform has the algorithm. */
export type Inflate = (compression: Compression, data: AsyncIterable<Uint8Array>) => AsyncIterable<Inflated>;

/** Data in one piece, as the pieces that an Inflate takes. */
export async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** Deflate makes at most a thousand bytes of one: a piece never fills the memory before somebody counts it. */
const PIECE = 16 * 1024;
