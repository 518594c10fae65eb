import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventQueue, schedule, takeNext } from "../../src/emulator/event-queue.ts";

describe("the event queue", () => {
  it("gives events in order of time, and those of one time in the order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const queue = eventQueue();
        const seen: number[] = [];
        times.forEach((time, index) => {
          schedule(queue, time, () => seen.push(index));
        });
        for (let event = takeNext(queue); event !== null; event = takeNext(queue)) event.action();
        const expected = times
          .map((time, index) => ({ time, index }))
          .sort((x, y) => x.time - y.time || x.index - y.index);
        expect(seen).toEqual(expected.map(({ index }) => index));
      }),
    );
  });
});
