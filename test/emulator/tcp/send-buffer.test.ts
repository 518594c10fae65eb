import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addWrites,
  fillsSegment,
  MSS,
  type SendBuffer,
  takeSegment,
  writesOf,
} from "../../../src/emulator/tcp/send-buffer.ts";

const write = fc.integer({ min: 1, max: 4000 }).map((length) => new Uint8Array(length).map((_, at) => at * length));

/** A list of writes, and for each of some buffers the positions that are left out of it. */
const given = fc.record({
  lists: fc.array(fc.array(fc.oneof(fc.constant(new Uint8Array(60)), write), { minLength: 1, maxLength: 60 }), {
    minLength: 1,
    maxLength: 3,
  }),
  leftOut: fc.array(fc.array(fc.nat(59), { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
});

/** The segments of whole writes, and of parts of one that is too long for one, that follow from what is to be sent. */
function segmentsOf(writes: readonly Uint8Array[]): readonly Uint8Array[] {
  const segments: Uint8Array[] = [];
  let rest = [...writes];
  while (rest.length > 0) {
    const [first = new Uint8Array(), ...others] = rest;
    if (first.length > MSS) {
      segments.push(first.slice(0, MSS));
      rest = [first.slice(MSS), ...others];
      continue;
    }
    let count = 0;
    let length = 0;
    while (count < rest.length && length + (rest[count]?.length ?? 0) <= MSS) length += rest[count++]?.length ?? 0;
    segments.push(Uint8Array.from(rest.slice(0, count).flatMap((one) => [...one])));
    rest = rest.slice(count);
  }
  return segments;
}

function bufferOf(lists: readonly (readonly Uint8Array[])[], leftOut: readonly number[]): SendBuffer {
  const buffer: SendBuffer = [];
  for (const list of lists) {
    let from = 0;
    for (const position of [...new Set(leftOut)].sort((x, y) => x - y)) {
      if (position >= list.length) continue;
      addWrites(buffer, list, from, position);
      from = position + 1;
    }
    addWrites(buffer, list, from, list.length);
  }
  return buffer;
}

describe("what waits in a socket to be sent", () => {
  it("goes out in segments of as many whole writes as there is room for, whoever else is sent the same lists", () => {
    fc.assert(
      fc.property(given, ({ lists, leftOut }) => {
        for (const positions of leftOut) {
          const wanted = lists.flatMap((list) => list.filter((_, index) => !positions.includes(index)));
          const buffer = bufferOf(lists, positions);
          const taken: Uint8Array[] = [];
          for (let next = takeSegment(buffer, MSS); next !== null; next = takeSegment(buffer, MSS)) {
            taken.push(next.octets);
            const writes = writesOf(next.octets) ?? [];
            if (writes.length > 1) expect(writes.every((one) => wanted.some((other) => other === one))).toBe(true);
          }
          expect(buffer).toEqual([]);
          expect(taken.map((segment) => [...segment])).toEqual(segmentsOf(wanted).map((segment) => [...segment]));
        }
      }),
    );
  });

  it("waits where there is no room for its next segment", () => {
    fc.assert(
      fc.property(given, fc.integer({ min: 0, max: MSS }), ({ lists, leftOut: [positions = []] }, room) => {
        const [first] = segmentsOf(lists.flatMap((list) => list.filter((_, index) => !positions.includes(index))));
        const buffer = bufferOf(lists, positions);
        const before = JSON.stringify(buffer.map(({ next, end }) => [next, end]));
        const taken = takeSegment(buffer, room);
        expect(taken?.octets.length ?? null).toBe(first !== undefined && first.length <= room ? first.length : null);
        if (taken === null) expect(JSON.stringify(buffer.map(({ next, end }) => [next, end]))).toBe(before);
      }),
    );
  });

  it("fills a segment where it has that many octets", () => {
    fc.assert(
      fc.property(given, ({ lists, leftOut: [positions = []] }) => {
        const octets = lists
          .flatMap((list) => list.filter((_, index) => !positions.includes(index)))
          .reduce((sum, { length }) => sum + length, 0);
        expect(fillsSegment(bufferOf(lists, positions))).toBe(octets >= MSS);
      }),
    );
  });
});
