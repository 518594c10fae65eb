import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, forkRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import type {
  ProtocolConfiguration,
  SpeakerConfiguration,
  StaticConfiguration,
} from "../../src/bgp/speaker/configuration.ts";
import { reconfigureSpeaker } from "../../src/bgp/speaker/reconfigure.ts";
import { killSpeaker, startSpeaker, terminateSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { runtimeOf } from "../../src/emulator/world.ts";
import type { BirdFilterUse } from "../../src/model/bird/configuration.ts";
import type { BirdFilter } from "../../src/model/bird/filter.ts";
import { originTable } from "../../src/model/origin.ts";
import { parsePrefix } from "../../src/net/prefix.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { everything, step, take } from "./changes-of-hosts.ts";

const sharing = vi.hoisted(() => ({ off: false }));

// Nobody is like anybody else: each works out for itself what it makes of routes.
vi.mock(import("../../src/bgp/speaker/shared-attributes.ts"), async (importOriginal) => {
  const real = await importOriginal();
  return { ...real, alike: (world, text) => (sharing.off ? Object.freeze({ text }) : real.alike(world, text)) };
});

// Each takes a segment message by message.
vi.mock(import("../../src/bgp/speaker/receive-segment.ts"), async (importOriginal) => {
  const real = await importOriginal();
  return { ...real, receiveSegment: (...segment) => !sharing.off && real.receiveSegment(...segment) };
});

// Segments of few routes, too, are taken as those took them who came first.
vi.mock(import("../../src/bgp/speaker/worth-planning.ts"), () => ({ isWorthPlanning: () => true }));

function byThemselves<T>(play: () => T): T {
  sharing.off = true;
  try {
    return play();
  } finally {
    sharing.off = false;
  }
}

const NODES = 5;

/** In each some hosts have all in common but who they are, and others call their card otherwise. */
const clusters = [
  { reflectors: 0, devices: ["eth0", "eth0", "ens3", "ens3", "eth0"] },
  { reflectors: 1, devices: ["eth0", "eth0", "ens3", "eth0", "ens3"] },
  { reflectors: 2, devices: ["eth0", "ens3", "eth0", "eth0", "ens3"] },
  { reflectors: 3, devices: ["ens3", "eth0", "eth0", "eth0", "eth0"] },
].map((shape) => bgpCluster({ nodes: NODES, ...shape }));

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
  { weight: 6, arbitrary: fc.constant("accept;") },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then reject; accept;`) },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then bgp_local_pref = 200; accept;`) },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then bgp_community.add((64512, 7)); accept;`) },
  {
    weight: 1,
    arbitrary: part.map(
      (net) => `if (net ~ ${net}) then preference = 50; if (from = 192.168.0.17) then preference = 150; accept;`,
    ),
  },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then nobody = 1; accept;`) },
);

const put = fc.oneof(
  { weight: 6, arbitrary: fc.constant("accept;") },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then reject; accept;`) },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then krt_metric = 77; accept;`) },
  { weight: 1, arbitrary: part.map((net) => `if (net ~ ${net}) then krt_prefsrc = 192.168.0.99; accept;`) },
);

interface Written {
  /** Filters by host; of the first neighbour, of the others, and of the kernel. */
  readonly first: readonly string[];
  readonly takes: readonly string[];
  readonly puts: readonly string[];
  /** So many more blocks on the last two nodes, each with those of its own and as many that both have. */
  readonly more: number;
  /** Whether all paths are told, or the best alone: then every reflector tells its routes by the same path identifier. */
  readonly paths: boolean;
}

const use = (text: string): BirdFilterUse => ({ kind: "inline", filter: filterOf(text) });

const numberOf = (name: string): number => Number(name.replace("node-", ""));

function written(
  all: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
  { first, takes, puts, more, paths }: Written,
): ReadonlyMap<string, readonly SpeakerConfiguration[]> {
  return new Map(
    [...all].map(([name, items]) => {
      const of = (texts: readonly string[]): BirdFilterUse => use(texts[numberOf(name) % texts.length] ?? "accept;");
      const [takingFirst, taking, putting] = [of(first), of(takes), of(puts)];
      const protocols = (list: readonly ProtocolConfiguration[]): ProtocolConfiguration[] => {
        const nearest = list.find(({ type }) => type === "bgp");
        // with filters of their own, reflectors that tell the best alone did not come to rest in some stories
        const free = paths || !list.some((item) => item.type === "bgp" && item.reflectorClient);
        return list.map((item) =>
          item.type === "bgp"
            ? {
                ...item,
                import: !free ? use("accept;") : item === nearest ? takingFirst : taking,
                addPathSend: paths,
                addPathReceive: paths,
              }
            : item.type === "kernel"
              ? { ...item, export: putting }
              : item.type === "static"
                ? { ...item, routes: [...item.routes, ...moreRoutes(numberOf(name), more)] }
                : item,
        );
      };
      return [name, items.map((item) => ({ ...item, protocols: protocols(item.protocols) }))];
    }),
  );
}

/** Tables keep destinations in chunks of 64: here are some that no other node has anything of its own in. */
function moreRoutes(node: number, count: number): StaticConfiguration["routes"] {
  if (node < NODES - 2) return [];
  return [node, NODES].flatMap((net) =>
    Array.from({ length: count }, (_, index) => {
      const destination = parsePrefix(`10.${index % 2 === 0 ? 100 : 20}.${net}.${index}/32`);
      if (destination === null) throw new Error(`no prefix of ${net}, ${index}`);
      return { destination, targets: [{ kind: "blackhole" as const }], filter: null };
    }),
  );
}

/** Each host is deaf to one of its neighbours, and not each to the same. */
function deafen(run: BgpRun, shift: number): void {
  for (const [name, speakers] of run.speakers) {
    for (const { speaker, protocols } of speakers.map((one) => ({ speaker: one, ...one.configuration }))) {
      const neighbours = protocols.filter(({ type }) => type === "bgp");
      const chosen = neighbours[(numberOf(name) + shift) % neighbours.length];
      reconfigureSpeaker(speaker, {
        ...speaker.configuration,
        protocols: protocols.map((item) => (item === chosen ? { ...item, import: use("reject;") } : item)),
      });
    }
  }
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
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fork" as const), left: fc.nat(NODES - 1) }) },
  { weight: 2, arbitrary: fc.nat(2).map((shift) => ({ kind: "deaf" as const, shift })) },
);

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

function play(run: BgpRun, what: Event): BgpRun {
  if (what.kind === "fork") {
    // what becomes of the tables that both have in common is another thing in each
    const copy = forkRun(run);
    for (const speaker of run.speakers.get(`node-${what.left}`) ?? []) terminateSpeaker(speaker);
    runFor(run, 5);
    return copy;
  }
  if (what.kind === "change") {
    take(run, what.one);
    return run;
  }
  if (what.kind === "deaf") {
    deafen(run, what.shift);
    runFor(run, 5);
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

/** One for all hosts, or several by turns. */
const several = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<readonly T[]> =>
  fc.oneof({ weight: 2, arbitrary: fc.tuple(item) }, { weight: 1, arbitrary: fc.tuple(item, item, item) });

const story = fc.record({
  cluster: fc.constantFrom(0, 1, 2, 2, 3),
  first: several(taken),
  takes: several(taken),
  puts: several(put),
  more: fc.constantFrom(0, 3, 70, 70, 70),
  paths: fc.boolean(),
  start: fc.constantFrom(2, 3, 30),
  events: fc.array(event, { maxLength: 3 }),
  deaf: fc.nat(2).map((shift) => ({ kind: "deaf" as const, shift })),
});

test("daemons that have routes, filters' verdicts and kernel routes in common have what each has alone", () => {
  fc.assert(
    fc.property(story, ({ cluster, start, events, deaf, ...filters }) => {
      const found = clusters[cluster];
      if (found === undefined) throw new Error(`no cluster ${cluster}`);
      const configurations = written(found.configurations, filters);
      const begun = (): BgpRun => {
        const run = startDaemons(found.network, configurations);
        runFor(run, start);
        return run;
      };
      let together = begun();
      let alone = byThemselves(begun);
      expect(everything(together)).toEqual(everything(alone));
      for (const one of [...events, deaf]) {
        together = play(together, one);
        const before = alone;
        alone = byThemselves(() => play(before, one));
        expect(everything(together)).toEqual(everything(alone));
      }
    }),
    { numRuns: Number(process.env["SHARED_RUNS"] ?? 10), seed: Number(process.env["SHARED_SEED"] ?? 4) },
  );
}, 900_000);
