import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, kernelMemory, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { type Lab, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const NOBODY = "02:00:00:00:99:99";
/** The MAC address that the other host of a pair really has. */
const BEHIND = "its own";
const DELAY = 1;
const BETWEEN = 0.5;
const QUESTIONS = 3;

interface Story {
  readonly name: string;
  readonly families?: readonly (4 | 6)[];
  /** `MAC STATE` of the entry that R has for B. */
  readonly known: string;
  /** Of `net.ipvN.neigh.out0` of R. */
  readonly times?: Readonly<Record<string, string>>;
  /** Of B. */
  readonly other?: Readonly<Record<string, string>>;
  /** When packets are sent, the first in seconds since the entry was made, the others since the first; and what becomes of them. */
  readonly sent: readonly (readonly [number, string])[];
}

const STORIES: readonly Story[] = [
  {
    name: "one in PROBE fails after all questions, whenever they began",
    known: `${NOBODY} PROBE`,
    times: { ucast_solicit: "7" },
    sent: [
      [0, "dropped"],
      [3.7, "delivered"],
    ],
  },
  {
    name: "an entry that has become wrong is used until nobody answers at its MAC address, and asked for anew",
    known: `${NOBODY} STALE`,
    times: { mcast_solicit: "1" },
    sent: [
      [0, "dropped"],
      [0.3, "dropped"],
      [1.5, "dropped"],
      [2.9, "delivered"],
      [3, "delivered"],
    ],
  },
  {
    name: "nothing is asked before the first packet",
    known: `${NOBODY} STALE`,
    sent: [
      [3.1, "dropped"],
      [0.3, "dropped"],
    ],
  },
  {
    name: "a REACHABLE entry becomes stale, and is asked about only when it is used again",
    known: `${NOBODY} REACHABLE`,
    times: { base_reachable_time_ms: "400" },
    sent: [
      [0, "dropped"],
      [3.6, "delivered"],
    ],
  },
  {
    name: "a REACHABLE entry is not asked about",
    known: `${NOBODY} REACHABLE`,
    sent: [
      [0, "dropped"],
      [3.3, "dropped"],
    ],
  },
  {
    name: "an answer makes it reachable again",
    known: `${BEHIND} STALE`,
    times: { base_reachable_time_ms: "400" },
    sent: [
      [0, "delivered"],
      [1.6, "delivered"],
      [3.2, "delivered"],
    ],
  },
  {
    // IPv6 has no such switch.
    name: "where nobody answers at all, it has failed for good",
    families: [4],
    known: `${BEHIND} STALE`,
    other: { "net.ipv4.conf.eth0.arp_ignore": "8" },
    sent: [
      [0, "delivered"],
      [1.4, "delivered"],
      [2.9, "unresolved"],
      [3, "unresolved"],
    ],
  },
  {
    name: "all are asked at last, where mcast_resolicit says so",
    known: `${NOBODY} STALE`,
    times: { ucast_solicit: "1", mcast_resolicit: "2" },
    sent: [
      [0, "dropped"],
      [1.2, "dropped"],
      [3.1, "delivered"],
    ],
  },
  {
    name: "one in DELAY is asked about though nobody uses it",
    known: `${NOBODY} DELAY`,
    sent: [[3.3, "delivered"]],
  },
];

interface Pair {
  readonly story: Story;
  readonly family: 4 | 6;
  readonly index: number;
}

const PAIRS: readonly Pair[] = ([4, 6] as const)
  .flatMap((family) =>
    STORIES.filter(({ families }) => families?.includes(family) ?? true).map((story) => [story, family] as const),
  )
  .map(([story, family], index) => ({ story, family, index }));

const behind = ({ family, index }: Pair): string => (family === 6 ? `fd00:${index}::2` : `10.9.${index}.2`);

const macOf = ({ index }: Pair): string => `02:00:00:00:${index.toString(16).padStart(2, "0")}:02`;

/** The entry anew: building took its time. */
function entryOf(pair: Pair): string {
  const [mac = "", state = ""] = pair.story.known.replace(BEHIND, macOf(pair)).split(" ");
  return `ip neigh replace ${behind(pair)} lladdr ${mac} dev out0 nud ${state.toLowerCase()}`;
}

/** Two hosts for each story, so that all of them are told at the same time. */
function lab(pairs: readonly Pair[]): Lab {
  const hosts: Lab["hosts"][number][] = [];
  for (const pair of pairs) {
    const { story, family, index } = pair;
    const six = family === 6;
    const length = six ? 64 : 24;
    const mac = macOf(pair);
    const times = {
      delay_first_probe_time: String(DELAY),
      retrans_time_ms: String(BETWEEN * 1000),
      ucast_solicit: String(QUESTIONS),
      ...story.times,
    };
    hosts.push({
      name: `R${index}`,
      interfaces: [
        { name: "out0", addresses: [`${behind(pair).replace(/2$/, "1")}/${length}`, ...(six ? ["fe80::1/64"] : [])] },
      ],
      neighbours: [`${behind(pair)} out0 ${story.known.replace(BEHIND, mac)}`],
      sysctls: Object.fromEntries(
        Object.entries(times).map(([name, value]) => [`net.ipv${family}.neigh.out0.${name}`, value]),
      ),
    });
    hosts.push({
      name: `B${index}`,
      interfaces: [{ name: "eth0", mac, addresses: [`${behind(pair)}/${length}`, ...(six ? ["fe80::b/64"] : [])] }],
      ...(story.other === undefined ? {} : { sysctls: story.other }),
    });
  }
  return { hosts, links: pairs.map(({ index }) => [`R${index}:out0`, `B${index}:eth0`]) };
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** An echo reply that nobody asked for: it is delivered, and nobody answers it. */
function packet(pair: Pair): ProbePacket {
  const reply = pair.family === 6 ? { proto: "icmpv6", icmpType: 129 } : { proto: "icmp", icmpType: 0 };
  return { host: `R${pair.index}`, dst: behind(pair), ...reply, length: 8, fresh: false };
}

/** What became of the packets of each story. */
async function play(oracle: Oracle, pairs: readonly Pair[]): Promise<ReadonlyMap<Pair, readonly string[]>> {
  const network = networkOf(lab(pairs));
  await oracle.build(toBuildRequest(network, {}));
  const memory = kernelMemory();
  const duel = new Duel(oracle, network, false, memory);
  duel.clockRuns = true;
  for (const pair of pairs) await oracle.commands(`R${pair.index}`, [entryOf(pair)]);
  memory.built = Number(process.hrtime.bigint()) / 1e9;
  const start = performance.now();
  const told = new Map<Pair, string[]>();
  const firstAt = new Map<Pair, number>();
  const due = new Map(pairs.map((pair) => [pair, start + (pair.story.sent[0]?.[0] ?? 0) * 1000]));
  while (due.size > 0) {
    const [soonest] = [...due].sort(([, x], [, y]) => x - y);
    if (soonest === undefined) break;
    const [pair, at] = soonest;
    await wait(Math.max(0, at - performance.now()));
    const now = performance.now();
    const said = await duel.agree(packet(pair)).then(
      ({ kernel }) => kernel.outcome,
      (error: unknown) => String(error),
    );
    const before = told.get(pair) ?? [];
    told.set(pair, [...before, said]);
    const first = firstAt.get(pair) ?? now;
    firstAt.set(pair, first);
    const next = pair.story.sent[before.length + 1];
    if (next === undefined) due.delete(pair);
    else due.set(pair, first + next[0] * 1000);
  }
  return told;
}

function isAsTold({ story }: Pair, outcomes: readonly string[] | undefined): boolean {
  return outcomes?.join() === story.sent.map(([, outcome]) => outcome).join();
}

/** On a busy machine packets come too late for a story: it is told again, with fewer beside it. */
const ROUNDS = 4;

describe.skipIf(!available)("states of neighbours", () => {
  let oracle: Oracle;
  const told = new Map<Pair, readonly string[]>();

  beforeAll(async () => {
    oracle = new Oracle();
    for (let round = 0; round < ROUNDS; round++) {
      const left = PAIRS.filter((pair) => !isAsTold(pair, told.get(pair)));
      if (left.length === 0) break;
      for (const [pair, outcomes] of await play(oracle, left)) told.set(pair, outcomes);
    }
  });
  afterAll(() => oracle.close());

  it.each(PAIRS.map((pair) => [pair.story.name, pair.family, pair] as const))("%s (IPv%i)", (_, __, pair) => {
    expect(told.get(pair)).toEqual(pair.story.sent.map(([, outcome]) => outcome));
  });
});
