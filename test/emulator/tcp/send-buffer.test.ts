import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addWrites,
  cutSegment,
  fillsSegment,
  type SendBuffer,
  takeSegment,
  writesOf,
} from "../../../src/emulator/tcp/send-buffer.ts";

const write = fc.integer({ min: 1, max: 4000 }).map((length) => new Uint8Array(length).map((_, at) => at * length));

/** A list of writes, and for each of some buffers the positions that are left out of it and the room in its segments. */
const given = fc.record({
  lists: fc.array(fc.array(fc.oneof(fc.constant(new Uint8Array(60)), write), { minLength: 1, maxLength: 60 }), {
    minLength: 1,
    maxLength: 3,
  }),
  buffers: fc.array(
    fc.record({ leftOut: fc.array(fc.nat(59), { maxLength: 3 }), mss: fc.constantFrom(1460, 1460, 1440, 536, 100) }),
    { minLength: 1, maxLength: 4 },
  ),
});

/** The segments of whole writes, and of parts of one that is too long for one, that follow from what is to be sent. */
function segmentsOf(writes: readonly Uint8Array[], mss: number): readonly Uint8Array[] {
  const segments: Uint8Array[] = [];
  let rest = [...writes];
  while (rest.length > 0) {
    const [first = new Uint8Array(), ...others] = rest;
    if (first.length > mss) {
      segments.push(first.slice(0, mss));
      rest = [first.slice(mss), ...others];
      continue;
    }
    let count = 0;
    let length = 0;
    while (count < rest.length && length + (rest[count]?.length ?? 0) <= mss) length += rest[count++]?.length ?? 0;
    segments.push(Uint8Array.from(rest.slice(0, count).flatMap((one) => [...one])));
    rest = rest.slice(count);
  }
  return segments;
}

function bufferOf(
  lists: readonly (readonly Uint8Array[])[],
  { leftOut, mss }: { readonly leftOut: readonly number[]; readonly mss: number },
): SendBuffer {
  const queue: SendBuffer = [];
  const connection = { queue, mss };
  for (const list of lists) {
    let from = 0;
    for (const position of [...new Set(leftOut)].sort((x, y) => x - y)) {
      if (position >= list.length) continue;
      addWrites(connection, list, from, position);
      from = position + 1;
    }
    addWrites(connection, list, from, list.length);
  }
  return connection.queue;
}

function wantedOf(lists: readonly (readonly Uint8Array[])[], leftOut: readonly number[]): readonly Uint8Array[] {
  return lists.flatMap((list) => list.filter((_, index) => !leftOut.includes(index)));
}

describe("what waits in a socket to be sent", () => {
  it("goes out in segments of as many whole writes as there is room for, whoever else is sent the same lists", () => {
    fc.assert(
      fc.property(given, ({ lists, buffers }) => {
        for (const one of buffers) {
          const wanted = wantedOf(lists, one.leftOut);
          const buffer = bufferOf(lists, one);
          const taken: Uint8Array[] = [];
          const take = () => takeSegment(buffer, one.mss, one.mss);
          for (let next = take(); next !== null; next = take()) {
            taken.push(next.octets);
            const writes = writesOf(next.octets) ?? [];
            if (writes.length > 1) expect(writes.every((own) => wanted.some((other) => other === own))).toBe(true);
          }
          expect(buffer).toEqual([]);
          const expected = segmentsOf(wanted, one.mss);
          expect(taken.map((segment) => [...segment])).toEqual(expected.map((segment) => [...segment]));
        }
      }),
    );
  });

  it("goes out in shorter segments once there is less room, and none of it is lost", () => {
    fc.assert(
      fc.property(given, fc.constantFrom(100, 536), ({ lists, buffers }, less) => {
        for (const one of buffers) {
          const buffer = bufferOf(lists, one);
          const taken: number[] = [];
          const take = () => takeSegment(buffer, less, less);
          for (let next = take(); next !== null; next = take()) {
            expect(next.octets.length).toBeLessThanOrEqual(less);
            taken.push(...next.octets);
          }
          expect(taken).toEqual(wantedOf(lists, one.leftOut).flatMap((own) => [...own]));
        }
      }),
    );
  });

  it("is cut where it was sent already, in the same order", () => {
    fc.assert(
      fc.property(write, fc.integer({ min: 48, max: 1460 }), (octets, mss) => {
        const parts = cutSegment({ octets, key: null }, mss).map((part) => part.octets);
        expect(parts.every(({ length }) => length > 0 && length <= mss)).toBe(true);
        expect(parts.flatMap((part) => [...part])).toEqual([...octets]);
      }),
    );
  });

  it("waits where there is no room for its next segment", () => {
    fc.assert(
      fc.property(given, fc.integer({ min: 0, max: 1460 }), ({ lists, buffers: [one] }, room) => {
        if (one === undefined) return;
        const [first] = segmentsOf(wantedOf(lists, one.leftOut), one.mss);
        const buffer = bufferOf(lists, one);
        const before = JSON.stringify(buffer.map(({ next, end }) => [next, end]));
        const taken = takeSegment(buffer, one.mss, room);
        expect(taken?.octets.length ?? null).toBe(first !== undefined && first.length <= room ? first.length : null);
        if (taken === null) expect(JSON.stringify(buffer.map(({ next, end }) => [next, end]))).toBe(before);
      }),
    );
  });

  it("fills a segment where it has that many octets", () => {
    fc.assert(
      fc.property(given, ({ lists, buffers: [one] }) => {
        if (one === undefined) return;
        const octets = wantedOf(lists, one.leftOut).reduce((sum, { length }) => sum + length, 0);
        expect(fillsSegment(bufferOf(lists, one), one.mss)).toBe(octets >= one.mss);
      }),
    );
  });
});
