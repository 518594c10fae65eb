import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, forkRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import type { ProtocolConfiguration, SpeakerConfiguration } from "../../src/bgp/speaker/configuration.ts";
import { killSpeaker, startSpeaker, terminateSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { runtimeOf } from "../../src/emulator/world.ts";
import type { BirdFilterUse } from "../../src/model/bird/configuration.ts";
import type { BirdFilter } from "../../src/model/bird/filter.ts";
import { originTable } from "../../src/model/origin.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { everything, step, take } from "./changes-of-hosts.ts";

const sharing = vi.hoisted(() => ({ off: false }));

// Nobody is like anybody else: each works out for itself what it makes of routes.
vi.mock(import("../../src/bgp/speaker/shared-attributes.ts"), async (importOriginal) => {
  const real = await importOriginal();
  return { ...real, alike: (world, text) => (sharing.off ? Object.freeze({ text }) : real.alike(world, text)) };
});

function byThemselves<T>(play: () => T): T {
  sharing.off = true;
  try {
    return play();
  } finally {
    sharing.off = false;
  }
}

const NODES = 5;
const clusters = [0, 1, 3].map((reflectors) => bgpCluster({ nodes: NODES, reflectors }));

function filterOf(text: string): BirdFilter {
  const file = `protocol device {}\nfilter one { ${text} }\n`;
  const { configuration, findings } = readBirdConfiguration(file, "bird.cfg", originTable());
  const [found] = configuration.filters;
  if (found === undefined || findings.length > 0) throw new Error(text);
  return found;
}

/** Parts of the pool in which the nodes' blocks lie. */
const part = fc.constantFrom("10.0.0.0/10", "10.64.0.0/10", "10.0.0.0/11", "10.96.0.0/11", "10.0.0.0/9");

const taken = fc.oneof(
  fc.constant("accept;"),
  part.map((net) => `if (net ~ ${net}) then reject; accept;`),
  part.map((net) => `if (net ~ ${net}) then bgp_local_pref = 200; accept;`),
  part.map((net) => `if (net ~ ${net}) then bgp_community.add((64512, 7)); accept;`),
  part.map((net) => `if (net ~ ${net}) then preference = 50; if (from = 192.168.0.17) then preference = 150; accept;`),
  part.map((net) => `if (net ~ ${net}) then nobody = 1; accept;`),
);

const put = fc.oneof(
  fc.constant("accept;"),
  part.map((net) => `if (net ~ ${net}) then reject; accept;`),
  part.map((net) => `if (net ~ ${net}) then krt_metric = 77; accept;`),
  part.map((net) => `if (net ~ ${net}) then krt_prefsrc = 192.168.0.99; accept;`),
);

interface Written {
  /** Filters by host; of the neighbours, and of the kernel. */
  readonly takes: readonly string[];
  readonly puts: readonly string[];
}

function written(
  all: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
  { takes, puts }: Written,
): ReadonlyMap<string, readonly SpeakerConfiguration[]> {
  return new Map(
    [...all].map(([name, items]) => {
      const host = Number(name.replace("node-", ""));
      const use = (text: string): BirdFilterUse => ({ kind: "inline", filter: filterOf(text) });
      const taking = use(takes[host % takes.length] ?? "accept;");
      const putting = use(puts[host % puts.length] ?? "accept;");
      const protocols = (list: readonly ProtocolConfiguration[]): ProtocolConfiguration[] =>
        list.map((item) =>
          item.type === "bgp"
            ? { ...item, import: taking }
            : item.type === "kernel"
              ? { ...item, export: putting }
              : item,
        );
      return [name, items.map((item) => ({ ...item, protocols: protocols(item.protocols) }))];
    }),
  );
}

const event = fc.oneof(
  { weight: 3, arbitrary: step.map((one) => ({ kind: "change" as const, one })) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("killed" as const, "stopped" as const),
      node: fc.nat(NODES - 1),
      away: fc.constantFrom(0, 1, 20, 150),
      recovers: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "fork" as const }) },
);

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function play(run: BgpRun, what: Event): BgpRun {
  if (what.kind === "fork") return forkRun(run);
  if (what.kind === "change") {
    take(run, what.one);
    return run;
  }
  const name = `node-${what.node}`;
  const runtime = runtimeOf(run.world, name);
  const before = run.speakers.get(name) ?? [];
  if (runtime === null) throw new Error(name);
  for (const speaker of before) (what.kind === "killed" ? killSpeaker : terminateSpeaker)(speaker);
  runFor(run, what.away);
  run.speakers.set(
    name,
    before.map(({ configuration }) => startSpeaker(run.world, runtime, configuration, what.recovers)),
  );
  runFor(run, 30);
  return run;
}

const story = fc.record({
  cluster: fc.nat(clusters.length - 1),
  takes: fc.array(taken, { minLength: 1, maxLength: 3 }),
  puts: fc.array(put, { minLength: 1, maxLength: 3 }),
  start: fc.constantFrom(2, 3, 30),
  events: fc.array(event, { maxLength: 4 }),
});

test("daemons that have routes, filters' verdicts and kernel routes in common have what each has alone", () => {
  fc.assert(
    fc.property(story, ({ cluster, takes, puts, start, events }) => {
      const found = clusters[cluster];
      if (found === undefined) throw new Error(`no cluster ${cluster}`);
      const configurations = written(found.configurations, { takes, puts });
      const begun = (): BgpRun => {
        const run = startDaemons(found.network, configurations);
        runFor(run, start);
        return run;
      };
      let together = begun();
      let alone = byThemselves(begun);
      expect(everything(together)).toEqual(everything(alone));
      for (const one of events) {
        together = play(together, one);
        const before = alone;
        alone = byThemselves(() => play(before, one));
        expect(everything(together)).toEqual(everything(alone));
      }
    }),
    { numRuns: Number(process.env["SHARED_RUNS"] ?? 12), seed: Number(process.env["SHARED_SEED"] ?? 4) },
  );
}, 900_000);
