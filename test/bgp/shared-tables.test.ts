import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, forkRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { keysOf } from "../../src/bgp/rib/number-map.ts";
import { netsOf } from "../../src/bgp/rib/table.ts";
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
import { formatPrefix, parsePrefix } from "../../src/net/prefix.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { everything, makeChange, step } from "./changes-of-hosts.ts";

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
  /** Whether a node in the middle calls itself as the last one does, everywhere or towards its neighbours: what one tells the other takes for its own. */
  readonly twins: "none" | "daemons" | "sessions";
}

/** Who has a twin, and how both call themselves towards their neighbours. */
const MIDDLE = 2;
const TWINS = 0x01020304;

const use = (text: string): BirdFilterUse => ({ kind: "inline", filter: filterOf(text) });

const numberOf = (name: string): number => Number(name.replace("node-", ""));

function written(
  all: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
  { first, takes, puts, more, paths, twins }: Written,
): ReadonlyMap<string, readonly SpeakerConfiguration[]> {
  const [middle] = all.get(`node-${MIDDLE}`) ?? [];
  if (middle === undefined) throw new Error("nobody is in the middle");
  return new Map(
    [...all].map(([name, items]) => {
      const of = (texts: readonly string[]): BirdFilterUse => use(texts[numberOf(name) % texts.length] ?? "accept;");
      const [takingFirst, taking, putting] = [of(first), of(takes), of(puts)];
      const protocols = (list: readonly ProtocolConfiguration[]): ProtocolConfiguration[] => {
        const nearest = list.find(({ type }) => type === "bgp");
        const calls = twins === "sessions" && [MIDDLE, NODES - 1].includes(numberOf(name)) ? TWINS : null;
        return list.map((item) =>
          item.type === "bgp"
            ? {
                ...item,
                routerId: calls,
                import: item === nearest ? takingFirst : taking,
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
      const isTwin = twins === "daemons" && numberOf(name) === NODES - 1;
      return [
        name,
        items.map((item) => ({
          ...item,
          routerId: isTwin ? middle.routerId : item.routerId,
          protocols: protocols(item.protocols),
        })),
      ];
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
      nodes: fc.oneof(
        fc.nat(NODES - 1).map((node): readonly number[] => [node]),
        fc.constantFrom([2, 3], [1, 4], [2, 3, 4]).map((all): readonly number[] => all),
      ),
      away: fc.constantFrom(0, 1, 20, 150),
      recovers: fc.boolean(),
      bare: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fork" as const), left: fc.nat(NODES - 1) }) },
  { weight: 2, arbitrary: fc.nat(2).map((shift) => ({ kind: "deaf" as const, shift })) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("told otherwise" as const),
      node: fc.nat(NODES - 1),
      med: fc.constantFrom(1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("deaf to" as const),
      node: fc.nat(NODES - 1),
      teller: fc.nat(NODES - 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("put otherwise" as const), node: fc.nat(NODES - 1), filter: put }),
  },
);

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** Another configuration of the daemons of a node while they run. */
function change(run: BgpRun, node: number, of: (item: ProtocolConfiguration) => ProtocolConfiguration): void {
  for (const speaker of run.speakers.get(`node-${node}`) ?? []) {
    const { configuration } = speaker;
    reconfigureSpeaker(speaker, { ...configuration, protocols: configuration.protocols.map(of) });
  }
}

/** Rounds at one moment after which a story counts as one that never comes to rest: a table of these clusters is told in some hundred. */
const PATIENCE = 2_000;

/** Whether hosts answer each other without an end. */
function isRestless({ resting: { world } }: BgpRun): boolean {
  return world.queue.unrest !== null;
}

/** Time passes in steps: what has begun to go round in a circle goes on no longer than one of them. */
function wait(run: BgpRun, seconds: number): void {
  let left = seconds;
  for (let step = 1; left > 0 && !isRestless(run); step = Math.min(step * 2, LONGEST_STEP)) {
    runFor(run, Math.min(step, left));
    left -= step;
  }
}

const LONGEST_STEP = 64;

function play(run: BgpRun, what: Event): BgpRun {
  if (what.kind === "fork") {
    // what becomes of the tables that both have in common is another thing in each
    const copy = forkRun(run);
    for (const speaker of run.speakers.get(`node-${what.left}`) ?? []) terminateSpeaker(speaker);
    wait(run, 5);
    return copy;
  }
  if (what.kind === "change") {
    makeChange(run, what.one);
    wait(run, what.one.wait);
    return run;
  }
  if (what.kind === "deaf") {
    deafen(run, what.shift);
    wait(run, 5);
    return run;
  }
  if (what.kind === "told otherwise") {
    // the same paths once more, with other attributes
    const told = use(`bgp_community.add((64512, ${what.med})); bgp_med = ${what.med}; accept;`);
    change(run, what.node, (item) => (item.type === "bgp" ? { ...item, export: told } : item));
    wait(run, 5);
    return run;
  }
  if (what.kind === "put otherwise") {
    change(run, what.node, (item) => (item.type === "kernel" ? { ...item, export: use(what.filter) } : item));
    wait(run, 5);
    return run;
  }
  if (what.kind === "deaf to") {
    // what it told goes on to others by whoever still listens to it
    const isIt = (item: ProtocolConfiguration): boolean =>
      item.type === "bgp" && (item.neighbour.a & 0xff) === FIRST_ADDRESS + what.teller;
    change(run, what.node, (item) => (isIt(item) ? { ...item, import: use("reject;") } : item));
    wait(run, 5);
    return run;
  }
  const leave = what.kind === "killed" ? killSpeaker : terminateSpeaker;
  const left = what.nodes.map((node) => {
    const name = `node-${node}`;
    const before = run.speakers.get(name) ?? [];
    for (const speaker of before) leave(speaker);
    return { name, before };
  });
  wait(run, what.away);
  for (const { name, before } of left) {
    const runtime = runtimeOf(run.world, name);
    if (runtime === null) throw new Error(name);
    const started = before.map(({ configuration: { protocols, ...configuration } }) => {
      // with nothing of its own it hears from others what it told them before
      const own = protocols.map((item) => (what.bare && item.type === "static" ? { ...item, routes: [] } : item));
      return startSpeaker(run.world, runtime, { ...configuration, protocols: own }, what.recovers);
    });
    run.speakers.set(name, started);
  }
  wait(run, 30);
  return run;
}

/** Of the clusters' nodes, the last octet. */
const FIRST_ADDRESS = 16;

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
  twins: fc.constantFrom("none" as const, "none" as const, "none" as const, "daemons" as const, "sessions" as const),
  start: fc.constantFrom(2, 3, 30),
  events: fc.array(event, { maxLength: 3 }),
  deaf: fc.nat(2).map((shift) => ({ kind: "deaf" as const, shift })),
});

type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

/** Two reflectors whose clients put all they hear into the kernel. */
const PLAIN: Story = {
  cluster: 2,
  first: ["accept;"],
  takes: ["accept;"],
  puts: ["accept;"],
  more: 70,
  paths: true,
  twins: "none",
  start: 30,
  events: [],
  deaf: { kind: "deaf", shift: 0 },
};

const PREFERRED = "preference = 250; accept;";

/** Stories of which each is about something that few others meet. */
const STORIES: readonly Story[] = [
  // a path that is told again takes the place of the one that it was, also where the neighbour tells several of a destination
  { ...PLAIN, events: [{ kind: "told otherwise", node: 4, med: 1 }] },
  // who has restarted hears its own routes of before by another reflector, as one hears them who never had any, and does not take them
  {
    ...PLAIN,
    more: 0,
    events: [
      { kind: "killed", nodes: [2], away: 150, recovers: false, bare: true },
      { kind: "deaf to", node: 0, teller: 3 },
      { kind: "killed", nodes: [2, 3], away: 1, recovers: false, bare: true },
    ],
  },
  // what another tells under one's own identifier is taken for one's own, and not taken, while those beside take it
  { ...PLAIN, more: 0, twins: "daemons" },
  { ...PLAIN, more: 0, twins: "sessions" },
  // of two who have a best route in common one alone has another beside it
  {
    ...PLAIN,
    more: 0,
    events: [
      { kind: "deaf to", node: 3, teller: 1 },
      { kind: "told otherwise", node: 4, med: 1 },
    ],
  },
  // what comes anew to two of one device goes into kernels by filters of their own, and to two of one filter by devices of their own
  ...[4, 2].map(
    (node): Story => ({
      ...PLAIN,
      more: 0,
      puts: node === 4 ? ["krt_metric = 77; accept;", "accept;", "accept;"] : ["accept;"],
      events: [{ kind: "killed", nodes: [node], away: 150, recovers: false, bare: false }],
    }),
  ),
  // a destination that one tells is told no more once what another tells of it is preferred
  ...([1, 2] as const).map(
    (cluster): Story => ({
      ...PLAIN,
      cluster,
      more: 3,
      paths: false,
      first: ["accept;", PREFERRED, "accept;"],
      takes: ["accept;", PREFERRED, "accept;"],
    }),
  ),
];

/** The order in which destinations came to each table, and to each kernel: BIRD goes through them in it. */
function arrivals({ speakers }: BgpRun): readonly unknown[] {
  return [...speakers].flatMap(([name, items]) =>
    items.map(({ table, kernels }) => [
      name,
      [...netsOf(table)].map(({ prefix, routes }) => [
        formatPrefix(prefix),
        routes.map(({ owner, path, since }) => `${owner.name} ${path} ${since}`),
      ]),
      kernels.map(({ programmed }) => [...keysOf(programmed)].map((number) => table.numbering.destinations[number])),
    ]),
  );
}

const seen = (run: BgpRun): readonly unknown[] => [everything(run), arrivals(run)];

/** Of reflectors that each tell the best alone, with filters of their own, some never come to rest: such a story ends there. */
test("daemons that have routes, filters' verdicts and kernel routes in common have what each has alone", () => {
  let compared = 0;
  let restless = 0;
  fc.assert(
    fc.property(story, ({ cluster, start, events, deaf, ...filters }) => {
      const found = clusters[cluster];
      if (found === undefined) throw new Error(`no cluster ${cluster}`);
      const configurations = written(found.configurations, filters);
      const begun = (): BgpRun => {
        const run = startDaemons(found.network, configurations);
        run.world.queue.patience = PATIENCE;
        wait(run, start);
        return run;
      };
      let together = begun();
      let alone = byThemselves(begun);
      for (const one of [null, ...events, deaf]) {
        if (one !== null) {
          together = play(together, one);
          const before = alone;
          alone = byThemselves(() => play(before, one));
        }
        if (isRestless(together) || isRestless(alone)) {
          restless++;
          return;
        }
        compared++;
        expect(seen(together)).toEqual(seen(alone));
      }
    }),
    {
      numRuns: Number(process.env["SHARED_RUNS"] ?? 10),
      seed: Number(process.env["SHARED_SEED"] ?? 4),
      examples: STORIES.map((one): [Story] => [one]),
    },
  );
  expect(restless).toBeLessThan(compared / 5);
}, 900_000);
