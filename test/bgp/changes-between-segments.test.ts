import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { schedule } from "../../src/emulator/event-queue.ts";
import { change, everything, makeChange, type Step } from "./changes-of-hosts.ts";

/** A change that comes at a moment at which sessions speak, after so many of the events of that moment. */
interface Interruption {
  readonly time: number;
  readonly after: number;
  readonly change: Pick<Step, "node" | "change">;
}

const interruption: fc.Arbitrary<Interruption> = fc.record({
  // connections are made at 4 and 5; keepalives begin about a minute later
  time: fc.constantFrom(4, 5, 5, 6, 64, 65, 70, 75, 80, 140),
  after: fc.nat(60),
  change,
});

/** Lets events of the moment that were there before pass first, again and again; then changes something. */
function interrupt(run: BgpRun, { change: wanted, ...when }: Interruption, left: number, seen: unknown[]): void {
  const { queue, now } = run.world;
  if (left > 0) {
    schedule(queue, now, interrupt, [run, { ...when, change: wanted }, left - 1, seen]);
    return;
  }
  seen.push(everything(run));
  makeChange(run, wanted);
  seen.push(everything(run));
}

function ran(remembersPaths: boolean, interruptions: readonly Interruption[], cluster: ReturnType<typeof bgpCluster>) {
  const run = startDaemons(cluster.network, cluster.configurations, { remembersPaths });
  const seen: unknown[] = [];
  for (const one of interruptions) schedule(run.world.queue, one.time, interrupt, [run, one, one.after, seen]);
  runFor(run, 64.5);
  seen.push(everything(run));
  runFor(run, 400);
  seen.push(everything(run));
  return seen;
}

/** Two sessions end at one moment, in the order in which their timers were looked at. */
const TOGETHER: readonly Interruption[] = [
  { time: 64, after: 0, change: { node: 3, change: "ip route add blackhole 192.168.0.16/30" } },
];

const RUNS = {
  numRuns: Number(process.env["REMEMBERED_RUNS"] ?? 8),
  seed: Number(process.env["REMEMBERED_SEED"] ?? 6),
};

describe("what changes between two segments, or is read there", () => {
  test.each([0, 2])(
    "is the same on remembered ways as on walked ones (%i reflectors)",
    (reflectors) => {
      const cluster = bgpCluster({ nodes: 4, reflectors });
      fc.assert(
        fc.property(fc.array(interruption, { minLength: 1, maxLength: 4 }), (interruptions) => {
          expect(ran(true, interruptions, cluster)).toEqual(ran(false, interruptions, cluster));
        }),
        { ...RUNS, examples: [[[...TOGETHER]]] },
      );
    },
    900_000,
  );
});
