import fc from "fast-check";
import { z } from "zod";
import type { ProbePacket } from "../../harness/duel.ts";
import { routerLab } from "../../harness/router-lab.ts";
import type { FuzzTables } from "../case.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

const ACCEPT = "ACCEPT";
type Chain = FuzzTables[number]["chains"][number];

/** Rules that tell conntrack's word about every packet without changing its way. */
const STATE_RULES: FuzzTables = [
  {
    name: "mangle",
    chains: [
      {
        name: "PREROUTING",
        policy: "ACCEPT",
        rules: [
          ...["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"].map(
            (state) => `-m conntrack --ctstate ${state} -j MARK --set-mark 0x1`,
          ),
          ...["SEEN_REPLY", "ASSURED", "CONFIRMED"].map(
            (status) => `-m conntrack --ctstatus ${status} -j MARK --set-mark 0x2`,
          ),
          "-m conntrack --ctdir REPLY -j MARK --set-mark 0x3",
        ],
      },
      ...["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((name): Chain => ({ name, policy: ACCEPT, rules: [] })),
    ],
  },
];

interface Step {
  readonly reply: boolean;
  readonly flags: string;
  readonly length: number;
  /** How far off the right sequence and acknowledgement numbers it is. */
  readonly seqError: number;
  readonly ackError: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  reply: fc.boolean(),
  flags: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("S", "SA", "A", "PA", "FA", "R", "RA") },
    { weight: 1, arbitrary: fc.constantFrom("F", "", "SF", "SR", "PUA", "P") },
  ),
  length: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constantFrom(1, 10, 500) }),
  seqError: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1, -100, 1000, 70000, -70000) },
  ),
  ackError: fc.oneof(
    { weight: 12, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1, -100, 1000, 70000) },
  ),
});

/** Openings that lead somewhere, so that not every sequence dies at its second packet. */
const opening: fc.Arbitrary<readonly Step[]> = fc
  .constantFrom(
    ["S"],
    ["S", "<SA"],
    ["S", "<SA", "A"],
    ["S", "<SA", "A", "PA", "<A"],
    ["S", "<SA", "A", "FA", "<A"],
    ["S", "<SA", "A", "FA", "<FA", "A"],
    ["S", "<RA"],
    ["S", "<S", "<SA"],
    ["A"],
    ["A", "<A"],
    [],
  )
  .map((list) =>
    list.map((text) => ({
      reply: text.startsWith("<"),
      flags: text.replace("<", ""),
      length: text === "PA" ? 10 : 0,
      seqError: 0,
      ackError: 0,
    })),
  );

/** One flow of segments to and fro, injected into the router from both sides, with numbers that mostly fit. */
const tcpSequenceArbitrary: fc.Arbitrary<readonly ProbePacket[]> = fc
  .tuple(opening, fc.array(step, { minLength: 1, maxLength: 8 }), fc.constantFrom(0, 0xfffffff0, 1000))
  .map(([first, rest, start]) => {
    // What each side has sent so far.
    const next: [number, number] = [(start + 1000) >>> 0, (start + 50000) >>> 0];
    return [...first, ...rest].map((item, index): ProbePacket => {
      const own = item.reply ? 1 : 0;
      const seq = (next[own] + item.seqError) >>> 0;
      const ack = item.flags.includes("A") ? ((own === 0 ? next[1] : next[0]) + item.ackError) >>> 0 : 0;
      const advance = item.length + (/[SF]/.test(item.flags) ? 1 : 0);
      if (item.seqError === 0) next[own] = (next[own] + advance) >>> 0;
      const way = item.reply
        ? { interface: "out0", src: "10.0.1.2", dst: "10.0.0.2", sport: 80, dport: 4000 }
        : { interface: "in0", src: "10.0.0.2", dst: "10.0.1.2", sport: 4000, dport: 80 };
      return {
        id: `t${index}`,
        host: "R",
        proto: "tcp",
        flags: item.flags,
        length: item.length,
        seq,
        ack,
        ...way,
        fresh: index === 0,
      };
    });
  });

const LOOSE = "net.netfilter.nf_conntrack_tcp_loose";
const LIBERAL = "net.netfilter.nf_conntrack_tcp_be_liberal";

/** TCP segments through a router whose rules tell conntrack's word about each. */
export const tcpFlows: WorldKind = worldKind({
  name: "tcp-flows",
  families: [4],
  schema: z.object({ sysctls: z.record(z.string(), z.string()) }),
  worlds: fc
    .constantFrom({}, {}, { [LOOSE]: "0" }, { [LIBERAL]: "1" })
    .map((sysctls): { readonly sysctls: Record<string, string> } => ({ sysctls })),
  lab: ({ sysctls }) => routerLab({ router: { routes: [], rules: [], sysctls } }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [],
  sequences: () => tcpSequenceArbitrary,
  conntrack: true,
  rulesets: (_world, { backend }) => fc.constant([{ host: "R", family: 4, backend, sets: "", tables: STATE_RULES }]),
});
