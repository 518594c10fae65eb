import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventQueue, playNext, schedule } from "../../src/emulator/event-queue.ts";

describe("the event queue", () => {
  it("gives events in order of time, and those of one time in the order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const queue = eventQueue();
        const seen: number[] = [];
        times.forEach((time, index) => {
          schedule(queue, time, (seenNow) => seen.push(seenNow), [index]);
        });
        while (playNext(queue, Number.POSITIVE_INFINITY, { now: 0 }));
        const expected = times
          .map((time, index) => ({ time, index }))
          .sort((x, y) => x.time - y.time || x.index - y.index);
        expect(seen).toEqual(expected.map(({ index }) => index));
      }),
    );
  });

  it("keeps that order where what happens adds events, at its own moment, later ones and in the past", () => {
    const added = fc.array(fc.integer({ min: -2, max: 2 }), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(added, { minLength: 1, maxLength: 30 }), (each) => {
        const queue = eventQueue();
        const waiting: { time: number; order: number }[] = [];
        let order = 0;
        let turn = 0;
        const add = (time: number): void => {
          const item = { time, order: order++ };
          waiting.push(item);
          schedule(
            queue,
            time,
            () => {
              const first = waiting.reduce((x, y) =>
                y.time < x.time || (y.time === x.time && y.order < x.order) ? y : x,
              );
              expect(item).toBe(first);
              waiting.splice(waiting.indexOf(item), 1);
              for (const later of each[turn++] ?? []) add(time + later);
            },
            [],
          );
        };
        for (const start of [3, 1, 1, 2]) add(start);
        while (playNext(queue, Number.POSITIVE_INFINITY, { now: 0 }));
        expect(waiting).toEqual([]);
      }),
    );
  });

  it("lets time pass for those who answer each other without an end at one moment, and for nobody else", () => {
    const queue = eventQueue();
    const seen = new Set<number>();
    const clock = { now: 0 };
    let answers = 0;
    const answer = (): void => {
      answers++;
      seen.add(clock.now);
      schedule(queue, clock.now, answer, []);
    };
    schedule(queue, 0, answer, []);
    schedule(queue, 0, answer, []);
    while (playNext(queue, 1, clock));
    expect(seen.size).toBeGreaterThan(200);
    // of the moments that are over the last was too long
    expect(queue.unrest).toBe([...seen].at(-2));
    // an hour of it takes but some thousand moments
    while (playNext(queue, 3600, clock));
    expect(seen.size).toBeLessThan(40_000);
    expect(answers).toBeLessThan(250_000);

    const long = eventQueue();
    let left = 15_000;
    const step = (): void => {
      if (--left > 0) schedule(long, 0, step, []);
    };
    schedule(long, 0, step, []);
    const still = { now: 0 };
    while (playNext(long, Number.POSITIVE_INFINITY, still)) expect(still.now).toBe(0);
    expect(left).toBe(0);
  });
});
