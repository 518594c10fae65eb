import fc from "fast-check";
import { z } from "zod";
import { BUILT_IN_CHAINS } from "../../../../src/model/ruleset.ts";
import type { ProbePacket } from "../../harness/duel.ts";
import { routerLab } from "../../harness/router-lab.ts";
import type { FuzzTables, HostRuleset } from "../case.ts";
import { type RulesetWish, type WorldKind, worldKind } from "../world-kind.ts";

type Table = FuzzTables[number]["name"];

/** A rule with the chain it belongs to: `POSTROUTING -j MASQUERADE`. */
type ChainRule = string;

function table(name: Table, rules: readonly ChainRule[]): FuzzTables[number] {
  return {
    name,
    chains: BUILT_IN_CHAINS[name].map((chain) => ({
      name: chain,
      policy: "ACCEPT",
      rules: rules.filter((rule) => rule.startsWith(`${chain} `)).map((rule) => rule.slice(chain.length + 1)),
    })),
  };
}

/** Rules that tell conntrack's word about every packet without changing its way. */
const TELLING: readonly ChainRule[] = ["PREROUTING", "POSTROUTING"].flatMap((chain) =>
  ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT"].map(
    (state) => `${chain} -m conntrack --ctstate ${state} -j MARK --set-mark 0x1`,
  ),
);

const SOURCES: readonly ChainRule[] = [
  "POSTROUTING -o out0 -j MASQUERADE",
  "POSTROUTING -o out0 -j MASQUERADE --random",
  "POSTROUTING -o out0 -j MASQUERADE --random-fully",
  "POSTROUTING -o out0 -p tcp -j MASQUERADE --to-ports 5000-5002",
  "POSTROUTING -o out0 -p udp -j MASQUERADE --to-ports 5000",
  "POSTROUTING -o out0 -p udp -j SNAT --to-source 10.77.0.1:6000",
  "POSTROUTING -o out0 -p tcp -j SNAT --to-source 10.77.0.1:4000-4001",
  "POSTROUTING -o out0 -p sctp -j SNAT --to-source 10.77.0.1:6000-6003",
  "POSTROUTING -o out0 -p icmp -j SNAT --to-source 10.77.0.1:100-101",
  "POSTROUTING -o out0 -j SNAT --to-source 10.77.0.1",
  "POSTROUTING -o out0 -j SNAT --to-source 10.77.0.1-10.77.0.9",
  "POSTROUTING -o out0 -j SNAT --to-source 10.77.0.1-10.77.0.3 --persistent",
  "POSTROUTING -o out0 -j SNAT --to-source 10.77.0.1 --random",
  "POSTROUTING -s 10.0.0.0/24 -o out0 -j NETMAP --to 10.78.0.0/24",
  "INPUT -p udp -j SNAT --to-source 10.0.0.77",
  "INPUT -p tcp -j SNAT --to-source 10.0.0.77:3000-3001",
];

const DESTINATIONS: readonly ChainRule[] = [
  "PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2",
  "PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.129-10.0.1.140",
  "PREROUTING -d 10.99.0.1 -j DNAT --to-destination 10.0.1.129-10.0.1.130 --persistent",
  "PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.0.1.2:8080",
  "PREROUTING -d 10.99.0.1 -p udp -j DNAT --to-destination 10.0.1.2:7000-7002",
  "PREROUTING -d 10.99.0.1 -p udp -j DNAT --to-destination 10.0.1.2:7000-7400 --random",
  "PREROUTING -p tcp --dport 80:90 -j DNAT --to-destination 10.0.1.2:9000-9010/80",
  "PREROUTING -d 10.99.0.0/24 -j NETMAP --to 10.0.1.0/24",
  "PREROUTING -i in0 -p tcp --dport 81 -j REDIRECT --to-ports 80",
  "PREROUTING -i in0 -p udp --dport 80 -j REDIRECT --to-ports 50-52",
  "PREROUTING -i in0 -d 10.99.0.1 -j REDIRECT",
  "OUTPUT -d 10.99.0.1 -j DNAT --to-destination 10.0.1.2",
  "OUTPUT -d 10.0.1.2 -p udp -j DNAT --to-destination 10.0.2.2:99",
];

const TEMPLATES: readonly ChainRule[] = [
  "PREROUTING -i in0 -s 10.0.0.130 -j CT --zone 5",
  "PREROUTING -i in0 -j CT --zone-orig 3",
  "PREROUTING -i in0 -s 10.0.0.129 -j CT --zone-orig 7",
  "PREROUTING -i out0 -j CT --zone-reply 4",
  "PREROUTING -j CT --zone 1",
  "OUTPUT -j CT --zone 1",
  "PREROUTING -p udp --dport 53 -j NOTRACK",
  "PREROUTING -p udp --sport 53 -j CT --notrack",
  "PREROUTING -i out0 -p icmp -j CT --zone 5",
];

const MARKS: readonly ChainRule[] = [
  "PREROUTING -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x10/0xff",
  "PREROUTING -i in0 -j CONNMARK --or-mark 0x100",
  "POSTROUTING -j CONNMARK --save-mark --mask 0x1",
  "PREROUTING -j CONNMARK --restore-mark",
  "PREROUTING -m connmark --mark 0x10/0xf0 -j CONNMARK --set-mark 0x20",
  "FORWARD -m connbytes --connbytes 3 --connbytes-dir both --connbytes-mode packets -j CONNMARK --set-mark 0x7",
  "FORWARD -m connbytes --connbytes 60:200 --connbytes-dir original --connbytes-mode bytes -j MARK --set-mark 0x1",
  "FORWARD -p udp -m connlimit --connlimit-above 1 --connlimit-mask 24 -j MARK --set-mark 0x1",
  "POSTROUTING -m conntrack --ctstatus ASSURED -j MARK --set-mark 0x1",
  "POSTROUTING -m conntrack --ctstatus CONFIRMED -j MARK --set-mark 0x1",
  "POSTROUTING -m conntrack --ctreplsrc 10.0.1.2 --ctdir REPLY -j MARK --set-mark 0x1",
  "POSTROUTING -m conntrack --ctorigsrcport 4000 ! --ctproto udp -j MARK --set-mark 0x1",
  "POSTROUTING -m conntrack --ctrepldstport 4000:5000 -j MARK --set-mark 0x1",
];

/** Values of every timeout that differ from each other, so that a wrong one shows. */
const TIMEOUTS: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "generic_timeout",
    "gre_timeout",
    "gre_timeout_stream",
    "icmp_timeout",
    "sctp_timeout_closed",
    "sctp_timeout_cookie_echoed",
    "sctp_timeout_cookie_wait",
    "sctp_timeout_established",
    "sctp_timeout_heartbeat_sent",
    "sctp_timeout_shutdown_ack_sent",
    "sctp_timeout_shutdown_recd",
    "sctp_timeout_shutdown_sent",
    "tcp_timeout_close",
    "tcp_timeout_close_wait",
    "tcp_timeout_fin_wait",
    "tcp_timeout_last_ack",
    "tcp_timeout_max_retrans",
    "tcp_timeout_syn_recv",
    "tcp_timeout_syn_sent",
    "tcp_timeout_time_wait",
    "tcp_timeout_unacknowledged",
    "tcp_timeout_established",
    "udp_timeout",
    "udp_timeout_stream",
  ].map((name, index) => [`net.netfilter.nf_conntrack_${name}`, String(100 + 20 * index)]),
);

const sysctls: fc.Arbitrary<Record<string, string>> = fc
  .tuple(
    fc.boolean(),
    fc.boolean(),
    fc.constantFrom({}, {}, { tcp_loose: "0" }, { tcp_be_liberal: "1" }, { tcp_max_retrans: "1" }),
  )
  .map(([counting, spread, tcp]) => ({
    ...(counting ? { "net.netfilter.nf_conntrack_acct": "1" } : {}),
    ...(spread ? TIMEOUTS : {}),
    ...Object.fromEntries(Object.entries(tcp).map(([name, value]) => [`net.netfilter.nf_conntrack_${name}`, value])),
  }));

type Body = Pick<ProbePacket, "proto" | "sport" | "dport" | "icmpType" | "icmpId">;

/** What one flow's packets have in common. */
interface Flow {
  readonly head: Pick<ProbePacket, "host" | "interface" | "src" | "dst">;
  readonly body: Body;
}

const port = fc.constantFrom(4000, 4000, 4000, 4001, 600, 100);

const body: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ proto: fc.constant("tcp"), sport: port, dport: fc.constantFrom(80, 80, 81, 85) }),
  },
  { weight: 3, arbitrary: fc.record({ proto: fc.constant("udp"), sport: port, dport: fc.constantFrom(80, 80, 53) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      proto: fc.constant("icmp"),
      icmpType: fc.constantFrom(8, 8, 8, 13, 17, 0, 42),
      icmpId: fc.constantFrom(7, 7, 100),
    }),
  },
  { weight: 2, arbitrary: fc.record({ proto: fc.constant("sctp"), sport: port, dport: fc.constant(80) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ proto: 47 }, { proto: 50 }, { proto: 33, sport: 4000, dport: 80, length: 8 }),
  },
);

const flow: fc.Arbitrary<Flow> = fc.record({
  head: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        host: fc.constant("R"),
        interface: fc.constant("in0"),
        src: fc.constantFrom("10.0.0.129", "10.0.0.129", "10.0.0.130", "10.0.0.131"),
        dst: fc.constantFrom("10.0.1.2", "10.0.1.2", "10.0.1.129", "10.99.0.1", "10.99.0.1", "10.0.0.1"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        host: fc.constant("R"),
        src: fc.constant("10.0.1.1"),
        dst: fc.constantFrom("10.0.1.2", "10.99.0.1"),
      }),
    },
  ),
  body,
});

const CHUNKS = [
  "INIT",
  "INIT_ACK",
  "COOKIE_ECHO",
  "COOKIE_ACK",
  "HEARTBEAT",
  "HEARTBEAT_ACK",
  "SHUTDOWN",
  "SHUTDOWN_ACK",
];

/** The chunks that set an association up and take it down, in turn; `<` is said by the server. */
const ASSOCIATION = [
  "INIT",
  "<INIT_ACK",
  "COOKIE_ECHO",
  "<COOKIE_ACK",
  "SHUTDOWN",
  "<SHUTDOWN_ACK",
  "SHUTDOWN_COMPLETE",
];

/** What happens next. `follow` goes on with the flow as its protocol would, `odd` is anything. */
interface Event {
  readonly flow: number;
  readonly what: "follow" | "forth" | "back" | "error";
  readonly flags: string;
  readonly length: number;
  readonly seqError: number;
  readonly chunks: readonly string[];
  readonly vtag: number;
  readonly tFlag: boolean;
  readonly error: {
    readonly src: string;
    readonly interface: string;
    readonly icmpType: number;
    readonly icmpCode: number;
  };
}

const event: fc.Arbitrary<Event> = fc.record({
  flow: fc.constantFrom(0, 0, 1, 2),
  what: fc.constantFrom("follow", "follow", "follow", "follow", "forth", "back", "back", "error"),
  flags: fc.constantFrom("S", "A", "PA", "A", "FA", "R", "RA", "SA"),
  length: fc.constantFrom(0, 0, 8, 100),
  seqError: fc.oneof(
    { weight: 9, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1000, 70000) },
  ),
  chunks: fc.oneof(
    {
      weight: 5,
      arbitrary: fc.constantFrom(...CHUNKS, "ABORT", "ERROR", "SHUTDOWN_COMPLETE", "DATA", "SACK").map((one) => [one]),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(["COOKIE_ECHO", "DATA"], ["DATA", "HEARTBEAT"], ["SACK", "DATA"], ["DATA", "INIT"]),
    },
  ),
  vtag: fc.constantFrom(0, 1, 2, 2, 1, 9),
  tFlag: fc.boolean(),
  error: fc.record({
    src: fc.constantFrom("10.0.1.2", "10.0.1.2", "10.0.1.200"),
    interface: fc.constantFrom("out0", "out0", "out0", "in0"),
    icmpType: fc.constantFrom(3, 3, 11, 12, 4),
    icmpCode: fc.constantFrom(0, 1, 3),
  }),
});

/** Flows of several protocols side by side, with answers, repetitions and errors about what was delivered. */
const sequence: fc.Arbitrary<readonly ProbePacket[]> = fc
  .tuple(fc.tuple(flow, flow, flow), fc.boolean(), fc.array(event, { minLength: 2, maxLength: 12 }))
  .map(([flows, alike, events]) => {
    const [first] = flows;
    // Two clients with one port and one goal: what NAT must keep apart.
    const used: readonly Flow[] = alike
      ? [
          first,
          { ...first, head: { ...first.head, ...(first.head.interface === undefined ? {} : { src: "10.0.0.132" }) } },
          flows[2],
        ]
      : flows;
    return playedOut(used, events);
  });

/** Writes packets; each flow's next one follows from what it has sent. */
function playedOut(flows: readonly Flow[], events: readonly Event[]): readonly ProbePacket[] {
  const states = flows.map(() => ({ step: 0, seq: 1000, last: "" }));
  const packets: ProbePacket[] = [];
  for (const item of events) {
    const { head, body: content } = flows[item.flow] ?? { head: {}, body: {} };
    const state = states[item.flow];
    if (state === undefined) continue;
    const id = `e${packets.length}`;
    const fresh = packets.length === 0;
    if (item.what === "error") {
      if (state.last !== "") packets.push({ id, host: "R", ...item.error, proto: "icmp", replyTo: state.last, fresh });
      continue;
    }
    const isOdd = item.what !== "follow";
    const turn = ASSOCIATION[state.step] ?? "DATA";
    const isReply =
      state.last !== "" &&
      (isOdd ? item.what === "back" : content.proto === "sctp" ? turn.startsWith("<") : state.step % 2 === 1);
    // A GRE header of eight bytes is the least that NAT wants to see.
    const payload = content.proto === "sctp" ? {} : { length: content.proto === 47 ? 8 : item.length };
    const chunks = isOdd ? item.chunks : [turn.replace("<", "")];
    const sctp =
      content.proto === "sctp"
        ? {
            chunks,
            vtag: isOdd ? item.vtag : turn === "INIT" ? 0 : isReply ? 1 : 2,
            initTag: isReply ? 2 : 1,
            tFlag: isOdd && item.tFlag,
          }
        : {};
    if (isReply) {
      const tcp = content.proto === "tcp" && isOdd ? { flags: item.flags } : {};
      packets.push({ id, replyTo: state.last, ...tcp, ...sctp, ...(content.proto === 47 ? payload : {}), fresh });
    } else {
      const flags = isOdd
        ? item.flags
        : state.step === 0
          ? "S"
          : state.step === 2
            ? "A"
            : item.length > 0
              ? "PA"
              : "FA";
      const opening = flags.includes("S") || flags.includes("F") ? 1 : 0;
      const length = flags === "S" ? 0 : item.length;
      const tcp =
        content.proto === "tcp"
          ? { flags, length, seq: (state.seq + item.seqError) >>> 0, ack: flags.includes("A") ? 5001 : 0 }
          : {};
      if (item.seqError === 0) state.seq += length + opening;
      packets.push({ id, ...head, ...content, ...payload, ...tcp, ...sctp, fresh });
      state.last = id;
    }
    if (!isOdd) state.step++;
  }
  return packets;
}

function some(rules: readonly ChainRule[], most: number): fc.Arbitrary<readonly ChainRule[]> {
  return fc.uniqueArray(fc.constantFrom(...rules), { maxLength: most });
}

function rulesets(backend: RulesetWish["backend"]): fc.Arbitrary<readonly HostRuleset[]> {
  return fc
    .tuple(some(SOURCES, 3), some(DESTINATIONS, 3), fc.oneof(fc.constant([]), some(TEMPLATES, 2)), some(MARKS, 3))
    .map(([sources, destinations, templates, marks]) => [
      {
        host: "R",
        family: 4,
        backend,
        sets: "",
        tables: [
          table("raw", templates),
          table("mangle", [...marks, ...TELLING]),
          table("nat", [...destinations, ...sources]),
          table("filter", []),
        ],
      },
    ]);
}

/** Flows of all protocols through a router that translates, marks and zones them; its connections are compared. */
export const conntrackFlows: WorldKind = worldKind({
  name: "conntrack-flows",
  families: [4],
  schema: z.object({ sysctls: z.record(z.string(), z.string()) }),
  worlds: sysctls.map((values) => ({ sysctls: values })),
  lab: (world) =>
    routerLab({
      router: { routes: ["10.99.0.0/16 via 10.0.1.2"], rules: [], sysctls: world.sysctls },
      hosts: {
        B: {
          routes: ["default via 10.0.1.1", "local 10.0.1.128/25 dev lo", "local 10.99.0.0/16 dev lo"],
        },
      },
    }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [],
  sequences: () => sequence,
  conntrack: true,
  rulesets: (_world, { backend }) => rulesets(backend),
});
