import fc from "fast-check";
import type { ProbePacket } from "../harness/duel.ts";
import type { Sequence } from "./packets.ts";
import { mark } from "./pools.ts";
import { ownAddresses, type Segment, type SharedLinks, SOURCES } from "./shared-links.ts";

type Body = Pick<ProbePacket, "proto" | "sport" | "dport" | "flags" | "seq" | "icmpType" | "icmpId" | "length">;

/** Those of the programs, which answer each other where both ends have one, and one that nobody listens on. */
const PORTS = fc.constantFrom(53, 80, 443, 81);

const body: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      proto: fc.constant("udp"),
      sport: fc.constantFrom(1000, 4000, 40_000),
      dport: PORTS,
      length: fc.constantFrom(0, 30),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      proto: fc.constant("icmp"),
      icmpType: fc.constant(8),
      icmpId: fc.constantFrom(1, 2),
      length: fc.constantFrom(0, 30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      proto: fc.constant("tcp"),
      sport: fc.integer({ min: 1024, max: 60_000 }),
      dport: PORTS,
      flags: fc.constant("S"),
      seq: fc.constant(100),
      length: fc.constant(0),
    }),
  },
);

/** Few visits where a packet goes round. */
const ttl = fc.constantFrom(9, 9, 9, 9, 9, 9, 9, 2, 64);

/** Seconds before a packet: whether a router sends a redirect again, and whether one that asked for the gateway knows it. */
const pause = fc.constantFrom(0, 0, 0, 0.05, 0.05, 0.1);

const behind = (network: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }).map((last) => `10.${network}.1.${last}`) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 200 }).map((last) => `10.${network}.2.${last}`) },
  );

/** Where A's side sends: behind B, B itself, and whoever is on its own link. */
const farDestination = (world: SharedLinks): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: behind(2) },
    { weight: 1, arbitrary: fc.constant("10.2.1.7") },
    { weight: 1, arbitrary: fc.constantFrom("10.0.2.2", "10.0.2.22") },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "10.66.0.1",
        ...world.machines.flatMap(ownAddresses).filter((text) => !SOURCES.includes(text)),
      ),
    },
  );

const nearDestination: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...SOURCES) },
  { weight: 2, arbitrary: behind(1) },
  { weight: 1, arbitrary: fc.constant("10.0.0.2") },
);

type Sender = Pick<ProbePacket, "host" | "interface" | "src" | "raw" | "mark" | "tos" | "bindInterface">;

/** Who sends to where, in one of the two directions. */
function flow(
  world: SharedLinks,
): fc.Arbitrary<{ readonly senders: readonly Sender[]; readonly dst: readonly string[] }> {
  const raw = (host: string, src: string): Sender => ({ host, src, raw: true });
  const source = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...SOURCES) },
    { weight: 2, arbitrary: behind(1) },
    { weight: 1, arbitrary: fc.constantFrom("10.0.0.2", "10.0.0.22", "10.5.0.2") },
  );
  const routers = world.machines.filter(({ name }) => name.startsWith("R"));
  const byRouter = fc.oneof(
    ...routers.map(({ name, at }) =>
      fc.constantFrom(...[...(at.lan ?? []), ...(at.far ?? [])].map((text) => raw(name, text.replace(/\/.*/, "")))),
    ),
  );
  const arriving = (segment: Segment, src: string): readonly Sender[] =>
    routers.filter(({ at }) => at[segment] !== undefined).map(({ name }) => ({ host: name, interface: segment, src }));
  // The oracle sends all by sockets of IPPROTO_RAW: a rule that asks for a protocol takes it for none of a program's.
  const asksProtocol = (host: string): boolean =>
    world.machines.some(({ name, rules }) => name === host && rules.some((rule) => rule.includes("ipproto")));
  const bySocket = fc.record(
    { host: fc.constant("A"), mark, tos: fc.constantFrom(0, 0x10), bindInterface: fc.constant("lan") },
    { requiredKeys: ["host"] },
  );
  const outward = fc
    .tuple(source, byRouter, bySocket, farDestination(world), farDestination(world))
    .map(([src, router, socket, first, second]) => ({
      senders: [
        ...Array.from({ length: 6 }, () => raw("A", src)),
        { ...raw("A", src), mark: 1 },
        router,
        asksProtocol("A") ? raw("A", src) : socket,
        ...arriving("lan", src),
      ],
      dst: [first, first, first, second],
    }));
  const inward = fc
    .tuple(behind(2), byRouter, nearDestination, nearDestination)
    .map(([src, router, first, second]) => ({
      senders: [
        raw("B", src),
        raw("B", src),
        raw("B", src),
        router,
        asksProtocol("B") ? raw("B", src) : { host: "B" },
        ...arriving("far", src),
      ],
      dst: [first, first, first, second],
    }));
  return fc.oneof({ weight: 4, arbitrary: outward }, { weight: 1, arbitrary: inward });
}

/** A connection that is opened again has another port: a half-open one is remembered for a second. */
function again(packet: ProbePacket, turn: number): ProbePacket {
  return packet.proto === "tcp" ? { ...packet, sport: (packet.sport ?? 0) + turn } : packet;
}

/** The same packet or others to the same few destinations, by senders of one side, one of which has heard of a better way. */
export function redirectSequences(world: SharedLinks): fc.Arbitrary<Sequence> {
  return flow(world).chain(({ senders, dst }) => {
    const packet = fc
      .tuple(fc.constantFrom(...senders), fc.constantFrom(...dst), body, ttl)
      .map(([sender, to, rest, hops]): ProbePacket => ({ ...sender, dst: to, ...rest, ttl: hops, fresh: false }));
    return fc
      .tuple(
        packet,
        fc.array(
          fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: packet }), pause),
          { minLength: 1, maxLength: 5 },
        ),
      )
      .map(([first, rest]) => [
        first,
        ...rest.map(([other, seconds], index) => ({
          ...(other ?? again(first, index + 1)),
          ...(seconds === 0 ? {} : { pause: seconds }),
        })),
      ]);
  });
}
