import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventQueue, play, schedule, takeNext } from "../../src/emulator/event-queue.ts";

describe("the event queue", () => {
  it("gives events in order of time, and those of one time in the order they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 })), (times) => {
        const queue = eventQueue();
        const seen: number[] = [];
        times.forEach((time, index) => {
          schedule(queue, time, (seenNow) => seen.push(seenNow), [index]);
        });
        for (let event = takeNext(queue); event !== null; event = takeNext(queue)) play(event);
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
        for (let event = takeNext(queue); event !== null; event = takeNext(queue)) play(event);
        expect(waiting).toEqual([]);
      }),
    );
  });

  it("lets time pass for those who answer each other without an end at one moment, and for nobody else", () => {
    const queue = eventQueue();
    const seen = new Set<number>();
    let now = 0;
    let answers = 0;
    const answer = (): void => {
      answers++;
      schedule(queue, now, answer, []);
    };
    schedule(queue, 0, answer, []);
    schedule(queue, 0, answer, []);
    for (let event = takeNext(queue); event !== null && event.time < 1; event = takeNext(queue)) {
      now = event.time;
      seen.add(now);
      play(event);
    }
    expect(seen.size).toBeGreaterThan(200);
    // an hour of it takes but some thousand moments
    expect(queue.unrest).toBe(now);
    for (let event = takeNext(queue); event !== null && event.time < 3600; event = takeNext(queue)) {
      now = event.time;
      seen.add(now);
      play(event);
    }
    expect(seen.size).toBeLessThan(40_000);
    expect(answers).toBeLessThan(200_000);

    const long = eventQueue();
    let left = 15_000;
    const step = (): void => {
      if (--left > 0) schedule(long, 0, step, []);
    };
    schedule(long, 0, step, []);
    for (let event = takeNext(long); event !== null; event = takeNext(long)) {
      expect(event.time).toBe(0);
      play(event);
    }
    expect(left).toBe(0);
  });
});
