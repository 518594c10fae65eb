import fc from "fast-check";
import { expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { forkRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { schedule } from "../../src/emulator/event-queue.ts";
import { everything, makeChange, step } from "./changes-of-hosts.ts";

const cluster = bgpCluster({ nodes: 4, reflectors: 0 });

/** Waits for so many seconds; then somebody looks, changes a host, goes on in a copy, or does nothing. */
const move = fc.record({
  wait: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 4000, noNaN: true })),
  done: fc.oneof(
    { weight: 3, arbitrary: fc.constant("nothing" as const) },
    fc.constant("look" as const),
    fc.constant("fork" as const),
    { weight: 2, arbitrary: step },
  ),
});

function ran(remembersPaths: boolean, moves: readonly (typeof move extends fc.Arbitrary<infer T> ? T : never)[]) {
  let run = startDaemons(cluster.network, cluster.configurations, { remembersPaths });
  const seen: unknown[] = [];
  for (const { wait, done } of moves) {
    runFor(run, wait);
    if (done === "look") seen.push(everything(run));
    else if (done === "fork") run = forkRun(run);
    else if (done !== "nothing") makeChange(run, done);
  }
  seen.push(everything(run));
  return seen;
}

test("keepalives that nobody saw have happened when somebody looks, as if each had been played in its time", () => {
  fc.assert(
    fc.property(fc.array(move, { minLength: 1, maxLength: 5 }), (moves) => {
      expect(ran(true, moves)).toEqual(ran(false, moves));
    }),
    { numRuns: Number(process.env["PUT_OFF_RUNS"] ?? 8), seed: Number(process.env["PUT_OFF_SEED"] ?? 6) },
  );
}, 900_000);

test("an hour in which nothing happens is not played before that", () => {
  const run = startDaemons(cluster.network, cluster.configurations);
  runFor(run, 120);
  const { sent } = run.world;
  runFor(run, 3600);
  expect(run.resting.world.sent).toBe(sent);
  expect(run.resting.world.now).toBe(3720);
  // a keepalive and its acknowledgement, at least each 80 seconds, from both ends of six sessions
  expect(run.world.sent - sent).toBeGreaterThan((3600 / 80) * 2 * 2 * 6 - 24);
});

test("an event that somebody puts into the queue without looking is played after the keepalives before it, and before those after it", () => {
  const seen: number[] = [];
  const times = [200, 500.5].map((time) => {
    const run = startDaemons(cluster.network, cluster.configurations);
    runFor(run, 120);
    const { world } = run.resting;
    schedule(world.queue, time, (given: typeof world, list: number[]) => list.push(given.sent), [world, seen]);
    runFor(run, 1000);
    const other = startDaemons(cluster.network, cluster.configurations);
    runFor(other, time);
    return other.world.sent;
  });
  expect(seen).toEqual(times);
});
