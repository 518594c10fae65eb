import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, forkRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { everything, type Step, step, take } from "./changes-of-hosts.ts";
import { daemonsOf } from "./emulated-bgp.ts";

const clusters = [0, 2].map((reflectors) => bgpCluster({ nodes: 4, reflectors }));

function started(cluster: number, remembersPaths: boolean): BgpRun {
  const found = clusters[cluster];
  if (found === undefined) throw new Error(`no cluster ${cluster}`);
  return startDaemons(found.network, found.configurations, { remembersPaths });
}

function takeAll(run: BgpRun, steps: readonly Step[]): BgpRun {
  for (const one of steps) take(run, one);
  return run;
}

const story = fc.record({
  cluster: fc.nat(1),
  remembersPaths: fc.boolean(),
  // also while sessions are being made and segments are under way
  start: fc.constantFrom(0, 0.5, 2.5, 3, 30, 97.3),
  before: fc.array(step, { maxLength: 3 }),
  after: fc.array(step, { minLength: 1, maxLength: 3 }),
  other: fc.array(step, { maxLength: 3 }),
});

describe("a fork of a World", () => {
  test("becomes what the original becomes, and what is done to it does not happen to the original", () => {
    fc.assert(
      fc.property(story, ({ cluster, remembersPaths, start, before, after, other }) => {
        const fresh = (): BgpRun => {
          const run = started(cluster, remembersPaths);
          runFor(run, start);
          return takeAll(run, before);
        };
        const expected = everything(takeAll(fresh(), after));
        const original = fresh();
        const saved = forkRun(original);
        // something else is done to the original and to another fork, and what was saved knows nothing of it
        takeAll(forkRun(saved), other);
        const standing = everything(original);
        expect(everything(saved)).toEqual(standing);
        expect(everything(takeAll(forkRun(saved), after))).toEqual(expected);
        expect(everything(original)).toEqual(standing);
        takeAll(original, other);
        // step back: what was saved goes on as if nothing had been
        expect(everything(takeAll(saved, after))).toEqual(expected);
      }),
      { numRuns: Number(process.env["FORK_RUNS"] ?? 3), seed: Number(process.env["FORK_SEED"] ?? 6) },
    );
  }, 900_000);

  test.each(["healthy", "bgp-blocked-by-reject"])("is exact on the machines of the capture %s", (name) => {
    const folder = `scenarios/debian-firewall-blocks-bgp/${name}`;
    const run = daemonsOf(folder, {});
    runFor(run, 41.7);
    const fork = forkRun(run);
    runFor(fork, 300);
    const whole = daemonsOf(folder, {});
    runFor(whole, 341.7);
    expect(everything(fork)).toEqual(everything(whole));
    runFor(run, 300);
    expect(everything(run)).toEqual(everything(whole));
  });
});
