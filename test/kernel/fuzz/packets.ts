import fc from "fast-check";
import type { ProbePacket } from "../harness/duel.ts";
import { destination, farDestination, farSource, mark, oddSource, port, routerAddress } from "./pools.ts";

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

const body: fc.Arbitrary<Body> = fc.oneof(
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
      proto: fc.constant("icmp"),
      icmpType: fc.constantFrom(8, 8, 8, 0, 13, 17),
      icmpId: fc.constantFrom(1, 2, 700),
      length: fc.constantFrom(0, 20, 100),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { proto: 47, length: 8 },
      { proto: 50, length: 8 },
      { proto: "sctp", sport: 1000, dport: 80, length: 24 },
    ),
  },
);

type Head = Pick<ProbePacket, "host" | "interface" | "src" | "dst" | "mark" | "uid" | "raw" | "bindInterface">;

const received: fc.Arbitrary<Head> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ host: fc.constant("R"), interface: fc.constant("in0"), src: farSource, dst: destination }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      host: fc.constant("R"),
      interface: fc.constantFrom("in0", "out0", "out1"),
      src: farSource,
      dst: destination,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      host: fc.constant("R"),
      interface: fc.constantFrom("in0", "out0"),
      src: oddSource,
      dst: destination,
    }),
  },
);

/**
 * What a socket sends to: no broadcasts and multicasts, of which the kernel gives the sender's own host a copy, which
 * podpath does not model.
 */
const socketDestination = destination.filter(
  (text) => !text.endsWith(".255") && !text.startsWith("224.") && text !== "0.0.0.0",
);

const sentByRouter: fc.Arbitrary<Head> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ host: fc.constant("R"), dst: socketDestination }) },
  { weight: 2, arbitrary: fc.record({ host: fc.constant("R"), src: routerAddress, dst: socketDestination }) },
  {
    weight: 1,
    arbitrary: fc.record({
      host: fc.constant("R"),
      src: fc.constantFrom("10.0.0.1", "10.77.0.9"),
      raw: fc.constant(true),
      dst: farDestination,
    }),
  },
  { weight: 1, arbitrary: fc.record({ host: fc.constant("R"), dst: socketDestination, mark }) },
  { weight: 1, arbitrary: fc.record({ host: fc.constant("R"), dst: farDestination, uid: fc.constant(1500) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      host: fc.constant("R"),
      dst: farDestination,
      bindInterface: fc.constantFrom("out0", "out1"),
    }),
  },
);

const sentByHost: fc.Arbitrary<Head> = fc.oneof(
  fc.record({ host: fc.constant("A"), dst: socketDestination }),
  fc.record({ host: fc.constant("B"), dst: socketDestination }),
);

/** Broadcasts and the like are nothing a plain socket of A sends as such; they come in from the wire. */
const single: fc.Arbitrary<ProbePacket> = fc
  .tuple(
    fc.oneof(
      { weight: 8, arbitrary: received },
      { weight: 3, arbitrary: sentByRouter },
      { weight: 2, arbitrary: sentByHost },
    ),
    body,
    ttl,
    tos,
    fc.boolean(),
  )
  .map(([head, content, hops, service, df]) => {
    const big = (content.length ?? 0) > 1000;
    // Fragmentation is not modelled, and the oracle's raw socket, unlike others, refuses to do it.
    const length = big && head.interface === undefined ? 100 : content.length;
    return { ...head, ...content, ...(length === undefined ? {} : { length }), ttl: hops, tos: service, df: df || big };
  });

const follow = (packet: ProbePacket): ProbePacket => ({ ...packet, fresh: false });

/** A connection from A's side or R itself: SYN, its answer, and what may come then. */
const tcpFlow: fc.Arbitrary<Sequence> = fc
  .tuple(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          host: fc.constant("R"),
          interface: fc.constant("in0"),
          src: farSource,
          dst: fc.oneof(farDestination, routerAddress),
        }),
      },
      { weight: 1, arbitrary: fc.record({ host: fc.constant("R"), src: routerAddress, dst: farDestination }) },
    ),
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
const exchange: fc.Arbitrary<Sequence> = fc
  .tuple(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          host: fc.constant("R"),
          interface: fc.constant("in0"),
          src: farSource,
          dst: fc.oneof({ weight: 5, arbitrary: farDestination }, { weight: 1, arbitrary: routerAddress }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ host: fc.constant("R"), dst: farDestination }) },
    ),
    fc.oneof(
      fc.record({ proto: fc.constant("udp"), sport: port, dport: port, length: fc.constantFrom(0, 30) }),
      fc.record({
        proto: fc.constant("icmp"),
        icmpType: fc.constant(8),
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
        return follow({ ...base, id, ...(base.interface === undefined ? {} : { src: "10.0.0.2" }) });
      }),
    ];
  });

/** An ICMP error (no path MTU, which is not modelled) from beyond about a packet that was delivered; the runner fills in what is quoted. */
const withError: fc.Arbitrary<Sequence> = fc
  .tuple(
    exchange,
    fc.constantFrom([3, 1], [3, 3], [11, 0], [5, 1]),
    fc.constantFrom("10.0.1.2", "10.0.1.1", "10.0.2.2"),
  )
  .map(([sequence, [icmpType, icmpCode], src]) => [
    ...sequence.slice(0, 2),
    {
      id: "error",
      host: "R",
      interface: "out0",
      proto: "icmp",
      icmpType: icmpType ?? 3,
      icmpCode: icmpCode ?? 0,
      src,
      replyTo: "s0",
      fresh: false,
    },
  ]);

const several: fc.Arbitrary<Sequence> = fc
  .array(single, { minLength: 2, maxLength: 4 })
  .map((list) => list.map((packet, index) => (index === 0 ? packet : follow(packet))));

export const sequenceArbitrary: fc.Arbitrary<Sequence> = fc.oneof(
  { weight: 6, arbitrary: single.map((packet) => [packet]) },
  { weight: 2, arbitrary: several },
  { weight: 3, arbitrary: tcpFlow },
  { weight: 3, arbitrary: exchange },
  { weight: 2, arbitrary: withError },
);
