import fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";
import type { ProbePacket } from "../harness/duel.ts";
import { port } from "./pools.ts";
import { withRareHeader } from "./rare-headers.ts";
import type { Arrival, Head, Traffic } from "./traffic.ts";

/** Packets that follow each other: the first starts afresh, the others keep its state. */
export type Sequence = readonly ProbePacket[];

const ttl = fc.oneof(
  { weight: 8, arbitrary: fc.constant(64) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 0, 255) },
);
const tos = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(0x10, 0x08, 0xb8) },
);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(20, 100) },
  { weight: 1, arbitrary: fc.constantFrom(1300, 1400) },
);
const flags = fc.oneof(
  { weight: 6, arbitrary: fc.constant("S") },
  { weight: 2, arbitrary: fc.constantFrom("A", "SA", "R", "FA", "PA", "RA", "", "SF", "FPU", "F", "SU") },
);

type Body = Pick<
  ProbePacket,
  "proto" | "sport" | "dport" | "flags" | "icmpType" | "icmpCode" | "icmpId" | "length" | "seq" | "ack"
>;

const icmpProtocol = { 4: "icmp", 6: "icmpv6" } as const;
const echoRequest = { 4: 8, 6: 128 } as const;
const icmpTypes = { 4: fc.constantFrom(8, 8, 8, 0, 13, 17), 6: fc.constantFrom(128, 128, 128, 129) };

const body = (family: Family): fc.Arbitrary<Body> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        proto: fc.constant("tcp"),
        sport: port,
        dport: port,
        flags,
        length: size,
        seq: fc.constant(100),
        ack: fc.constant(0),
      }),
    },
    { weight: 4, arbitrary: fc.record({ proto: fc.constant("udp"), sport: port, dport: port, length: size }) },
    {
      weight: 3,
      arbitrary: fc.record({
        proto: fc.constant(icmpProtocol[family]),
        icmpType: icmpTypes[family],
        icmpId: fc.constantFrom(1, 2, 700),
        length: fc.constantFrom(0, 20, 100),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        { proto: 47, length: 8 },
        { proto: 50, length: 8 },
        { proto: "sctp", sport: 1000, dport: 80 },
      ),
    },
  );

const towards = ([from, dst]: readonly [Arrival, string]): Head => ({ ...from, dst });

const single = (traffic: Traffic): fc.Arbitrary<ProbePacket> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 6, arbitrary: fc.tuple(traffic.arrival, traffic.destination).map(towards) },
        { weight: 2, arbitrary: fc.tuple(traffic.oddArrival, traffic.destination).map(towards) },
        { weight: 5, arbitrary: traffic.sent },
      ),
      withRareHeader(traffic.family, body(traffic.family)),
      ttl,
      tos,
      fc.boolean(),
    )
    .map(([head, content, hops, service, df]) => {
      const big = (content.length ?? 0) > 1000;
      // The oracle's raw socket, unlike others, refuses to fragment; what is forwarded in pieces is what narrow worlds are for.
      const length = big && head.interface === undefined ? 100 : content.length;
      return {
        ...head,
        ...content,
        ...(length === undefined ? {} : { length }),
        ttl: hops,
        tos: service,
        df: df || big,
      };
    });

const follow = (packet: ProbePacket): ProbePacket => ({ ...packet, fresh: false });

/** A connection from A's side or R itself: SYN, its answer, and what may come then. */
const flowHead = (traffic: Traffic): fc.Arbitrary<Head> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(traffic.arrival, traffic.flowDestination).map(towards),
    },
    { weight: 1, arbitrary: traffic.flowSent },
  );

const tcpFlow = (traffic: Traffic): fc.Arbitrary<Sequence> =>
  fc
    .tuple(
      flowHead(traffic),
      port,
      port,
      fc.array(fc.constantFrom("reply", "ack", "data", "fin", "rst", "syn", "reply", "ack", "other", "strange"), {
        maxLength: 6,
      }),
    )
    .map(([head, sport, dport, steps]) => {
      const base = { ...head, proto: "tcp", sport, dport };
      const first: ProbePacket = { ...base, id: "s0", flags: "S", seq: 1000 };
      let seq = 1001;
      let last = "s0";
      const rest = steps.map((step, index): ProbePacket => {
        const id = `s${index + 1}`;
        switch (step) {
          case "reply":
            return { id, replyTo: last };
          case "ack":
            last = id;
            return follow({ ...base, id, flags: "A", seq, ack: 5001 });
          case "data": {
            const at = seq;
            seq += 10;
            last = id;
            return follow({ ...base, id, flags: "PA", seq: at, ack: 5001, length: 10 });
          }
          case "fin": {
            const at = seq;
            seq += 1;
            last = id;
            return follow({ ...base, id, flags: "FA", seq: at, ack: 5001 });
          }
          case "rst":
            return follow({ ...base, id, flags: "R", seq });
          case "syn":
            return follow({ ...base, id, flags: "S", seq: 1000 });
          case "other":
            return follow({ ...base, id, flags: "S", seq: 1000, sport: (sport % 60000) + 1 });
          default:
            return follow({ ...base, id, flags: "SA", seq, ack: 1 });
        }
      });
      return [first, ...rest];
    });

/** Datagrams or echoes to and fro. */
const exchange = (traffic: Traffic): fc.Arbitrary<Sequence> =>
  fc
    .tuple(
      flowHead(traffic),
      fc.oneof(
        fc.record({ proto: fc.constant("udp"), sport: port, dport: port, length: fc.constantFrom(0, 30) }),
        fc.record({
          proto: fc.constant(icmpProtocol[traffic.family]),
          icmpType: fc.constant(echoRequest[traffic.family]),
          icmpId: fc.constantFrom(1, 2),
          length: fc.constant(30),
        }),
      ),
      fc.array(fc.constantFrom("reply", "again", "reply", "cousin"), { minLength: 1, maxLength: 4 }),
    )
    .map(([head, content, steps]) => {
      const base: ProbePacket = { ...head, ...content };
      let last = "s0";
      return [
        { ...base, id: "s0" },
        ...steps.map((step, index): ProbePacket => {
          const id = `s${index + 1}`;
          if (step === "reply") return { id, replyTo: last };
          last = id;
          if (step === "again") return follow({ ...base, id });
          // Another sender with the same ports: what SNAT must keep apart.
          return follow({ ...base, id, ...(base.interface === undefined ? {} : { src: traffic.cousin }) });
        }),
      ];
    });

/** An ICMP error (no path MTU: narrow worlds have those) from beyond about a packet that was delivered; the runner fills in what is quoted. */
const errorTypes = {
  4: fc.constantFrom([3, 1], [3, 3], [11, 0], [5, 1]),
  6: fc.constantFrom([1, 0], [1, 4], [3, 0], [1, 3]),
};

const withError = (traffic: Traffic): fc.Arbitrary<Sequence> =>
  fc
    .tuple(exchange(traffic), errorTypes[traffic.family], traffic.errorArrival)
    .map(([sequence, [icmpType, icmpCode], from]) => [
      ...sequence.slice(0, 2),
      {
        id: "error",
        ...from,
        proto: icmpProtocol[traffic.family],
        icmpType: icmpType ?? 0,
        icmpCode: icmpCode ?? 0,
        replyTo: "s0",
        fresh: false,
      },
    ]);

const several = (traffic: Traffic): fc.Arbitrary<Sequence> =>
  fc
    .array(single(traffic), { minLength: 2, maxLength: 4 })
    .map((list) => list.map((packet, index) => (index === 0 ? packet : follow(packet))));

/** One packet, several that have nothing to do with each other, flows with answers, and errors about them. */
export function sequencesOf(traffic: Traffic): fc.Arbitrary<Sequence> {
  return fc.oneof(
    { weight: 6, arbitrary: single(traffic).map((packet) => [packet]) },
    { weight: 2, arbitrary: several(traffic) },
    { weight: 3, arbitrary: tcpFlow(traffic) },
    { weight: 3, arbitrary: exchange(traffic) },
    { weight: 2, arbitrary: withError(traffic) },
  );
}
