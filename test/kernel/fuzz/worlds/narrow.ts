import fc from "fast-check";
import { z } from "zod";
import type { ProbePacket } from "../../harness/duel.ts";
import type { Lab, LabHost } from "../../harness/lab.ts";
import type { Sequence } from "../packets.ts";
import { port } from "../pools.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

export const narrowSchema = z.object({
  /** MTU of each link of the chain, both ends. */
  mtus: z.tuple([z.number().min(68), z.number().min(68), z.number().min(68)]),
  /** `mtu` of R1's route to B's side; 0: none. */
  routeMtu: z.number(),
  sysctls: z.record(z.string(), z.string()),
  /** B answers for itself. */
  answers: z.boolean(),
});
export type Narrow = z.infer<typeof narrowSchema>;

const mtu = fc.constantFrom(1500, 1500, 1500, 1400, 1004, 600, 596, 576, 552, 400, 300);

const worlds: fc.Arbitrary<Narrow> = fc.record({
  mtus: fc.tuple(mtu, mtu, mtu),
  routeMtu: fc.constantFrom(0, 0, 0, 900, 580, 1500),
  sysctls: fc.record(
    {
      "net.ipv4.ip_forward_use_pmtu": fc.constantFrom("0", "1"),
      "net.ipv4.ip_no_pmtu_disc": fc.constantFrom("0", "1", "2", "3"),
      "net.ipv4.icmp_errors_use_inbound_ifaddr": fc.constantFrom("0", "1"),
      "net.ipv4.fwmark_reflect": fc.constantFrom("0", "1"),
    },
    { requiredKeys: [] },
  ),
  answers: fc.boolean(),
});

/** Seconds that hosts wait for fragments: more than a world lives, for the errors about them would come in the middle of other packets. */
export const PATIENCE = "600";

/** A - R1 - R2 - B, each link with its own MTU. */
export function narrowLab({ mtus, routeMtu, sysctls }: Narrow): Lab {
  const [first, middle, last] = mtus;
  const own = { "net.ipv4.conf.all.send_redirects": "0", "net.ipv4.ipfrag_time": PATIENCE, ...sysctls };
  const forwarding = { "net.ipv4.ip_forward": "1", ...own };
  const hosts: readonly LabHost[] = [
    {
      name: "A",
      interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24"], mtu: first }],
      routes: ["default via 10.0.0.1", "local 10.0.0.128/25 dev lo"],
      sysctls: own,
    },
    {
      name: "R1",
      interfaces: [
        { name: "in0", addresses: ["10.0.0.1/24"], mtu: first },
        { name: "out0", addresses: ["10.0.1.1/24"], mtu: middle },
      ],
      routes: [`10.0.2.0/24 via 10.0.1.2${routeMtu === 0 ? "" : ` mtu ${routeMtu}`}`, "default via 10.0.1.2"],
      neighbours: Array.from({ length: 126 }, (_, index) => `10.0.0.${129 + index} in0 02:00:00:01:00:02`),
      sysctls: forwarding,
    },
    {
      name: "R2",
      interfaces: [
        { name: "in0", addresses: ["10.0.1.2/24"], mtu: middle },
        { name: "out0", addresses: ["10.0.2.1/24"], mtu: last },
      ],
      routes: ["10.0.0.0/24 via 10.0.1.1", "unreachable 10.1.1.0/24"],
      sysctls: forwarding,
    },
    {
      name: "B",
      interfaces: [{ name: "eth0", addresses: ["10.0.2.2/24", "10.0.2.3/24"], mtu: last }],
      routes: ["default via 10.0.2.1"],
      sysctls: own,
    },
  ];
  return {
    hosts,
    links: [
      ["A:eth0", "R1:in0"],
      ["R1:out0", "R2:in0"],
      ["R2:out0", "B:eth0"],
    ],
    staticNeighbours: true,
  };
}

const farSource = fc.oneof(
  fc.constant("10.0.0.2"),
  fc.integer({ min: 129, max: 254 }).map((end) => `10.0.0.${end}`),
);
const destination = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("10.0.2.2", "10.0.2.2", "10.0.2.3") },
  { weight: 1, arbitrary: fc.constantFrom("10.0.1.1", "10.0.1.2", "10.0.0.1", "10.1.1.1", "10.96.0.1") },
);

export const narrowWords: Vocabulary = {
  family: 4,
  prefix: fc.constantFrom("10.0.0.0/24", "10.0.2.0/24", "10.0.0.0/8", "10.0.2.2", "10.0.0.2"),
  network: fc.constantFrom("10.0.0.0/24", "10.0.2.0/24", "10.0.2.2", "10.0.0.2", "10.96.0.1"),
  host: fc.constantFrom("10.0.0.2", "10.0.2.2", "10.0.2.3", "10.96.0.1"),
  range: fc.constantFrom("10.0.0.100-10.0.0.200", "10.0.2.1-10.0.2.3"),
  device: fc.constantFrom("in0", "out0"),
  devicePattern: fc.constantFrom("out+", "in+", "lo"),
  mac: fc.constantFrom("02:00:00:01:00:02", "02:00:00:04:00:02"),
  dnatTo: fc.constantFrom("10.0.2.2", "10.0.2.3", "10.0.1.2", "10.0.1.1"),
  snatTo: fc.constantFrom("10.0.1.1", "10.0.1.2", "10.0.2.1"),
  netmapDestination: fc.constant("10.0.2.0/24"),
  netmapSource: fc.constant("10.0.0.0/24"),
};

type Body = Pick<ProbePacket, "proto" | "sport" | "dport" | "flags" | "seq" | "icmpType" | "icmpId" | "length">;

/** Payload around what one of the links takes, or anything. */
function lengths({ mtus, routeMtu }: Narrow, most: number): fc.Arbitrary<number> {
  const edges = [...mtus, routeMtu === 0 ? 1500 : routeMtu, 552];
  return fc
    .oneof(
      fc
        .tuple(fc.constantFrom(...edges), fc.constantFrom(20, 28, 40), fc.integer({ min: -9, max: 9 }))
        .map(([edge, header, by]) => edge - header + by),
      fc.integer({ min: 0, max: 1472 }),
    )
    .map((length) => Math.max(0, Math.min(length, most - 40)));
}

function bodies(world: Narrow, most: number): fc.Arbitrary<Body> {
  const length = lengths(world, most);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ proto: fc.constant("udp"), sport: port, dport: port, length }) },
    {
      weight: 2,
      arbitrary: fc.record({
        proto: fc.constant("tcp"),
        sport: port,
        dport: port,
        flags: fc.constantFrom("S", "A", "PA"),
        seq: fc.constant(100),
        mss: fc.constantFrom(0, 536, 1460),
        length,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        proto: fc.constant("icmp"),
        icmpType: fc.constant(8),
        icmpId: fc.constantFrom(1, 2),
        length,
      }),
    },
  );
}

const df = fc.boolean();
const ttl = fc.constantFrom(64, 64, 64, 64, 64, 3, 2, 1);
const tos = fc.constantFrom(0, 0, 0, 0x10, 0xb8);

/** From A's side over the wire, or from B's. */
function arriving(world: Narrow): fc.Arbitrary<ProbePacket> {
  const [first, , last] = world.mtus;
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.record({ src: farSource, dst: destination, df, ttl, tos }), bodies(world, first))
        .map(([head, body]) => ({ host: "R1", interface: "in0", ...head, ...body })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.record({ src: fc.constantFrom("10.0.2.2", "10.0.2.3"), dst: farSource, df, ttl, tos }),
          bodies(world, last),
        )
        .map(([head, body]) => ({ host: "R2", interface: "out0", ...head, ...body })),
    },
  );
}

/** By a raw socket, which is what the oracle has. */
function sent(world: Narrow): fc.Arbitrary<ProbePacket> {
  const from = fc.constantFrom(
    { host: "A", src: "10.0.0.2", dst: "10.0.2.2" },
    { host: "A", src: "10.0.0.2", dst: "10.0.2.3" },
    { host: "R1", src: "10.0.1.1", dst: "10.0.2.2" },
    { host: "R2", src: "10.0.2.1", dst: "10.0.2.2" },
    { host: "B", src: "10.0.2.2", dst: "10.0.0.2" },
  );
  return fc
    .tuple(from, fc.record({ df, tos: fc.constantFrom(0, 0x10) }), bodies(world, 1520))
    .map(([head, flags, body]) => ({ raw: true, ...head, ...flags, ...body }));
}

/** A datagram in pieces: in any order, some twice or never, with DF or without. */
function inPieces(world: Narrow): fc.Arbitrary<Sequence> {
  const most = Math.max(16, (world.mtus[0] - 20) >> 3);
  const size = fc.oneof(fc.integer({ min: 3, max: most }), fc.constant(most)).map((blocks) => blocks * 8);
  return fc
    .record({
      head: fc.record({ src: farSource, dst: destination, tos, sport: port, dport: port }),
      proto: fc.constantFrom("udp", "udp", "icmp"),
      sizes: fc.array(size, { minLength: 1, maxLength: 4 }),
      end: fc.integer({ min: 1, max: world.mtus[0] - 20 }),
      order: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }),
      straight: fc.integer({ min: 0, max: 2 }),
      dfs: fc.array(df, { minLength: 5, maxLength: 5 }),
      sameDf: fc.boolean(),
      ipid: fc.integer({ min: 1, max: 9 }),
      shift: fc.constantFrom(0, 0, 0, 0, 8, -8),
      ttl: fc.constantFrom(64, 64, 64, 2, 1),
    })
    .map(({ head, proto, sizes, end, order, straight, dfs, sameDf, ipid, shift, ttl: hops }) => {
      const all = [...sizes, end];
      const total = all.reduce((sum, item) => sum + item, 0);
      const { sport, dport, ...ends } = head;
      const ports = proto === "udp" ? { sport, dport } : {};
      const which = straight > 0 ? all.map((_, index) => index) : order.filter((index) => index < all.length);
      return which.map((index, at): ProbePacket => {
        const start = all.slice(0, index).reduce((sum, item) => sum + item, 0);
        const fragOffset = index === all.length - 1 && start + shift > 0 ? start + shift : start;
        const length = all[index] ?? 0;
        return {
          host: "R1",
          interface: "in0",
          ...ends,
          ...ports,
          proto,
          ttl: hops,
          ipid,
          fresh: at === 0,
          mf: index < all.length - 1,
          fragOffset,
          df: sameDf ? (dfs[0] ?? false) : (dfs[index] ?? false),
          length: index === 0 ? length - 8 : length,
          ...(index === 0 ? { wholeLength: total + shift - 8 } : {}),
        };
      });
    })
    .filter((sequence) => sequence.length > 0);
}

export function narrowSequences(world: Narrow): fc.Arbitrary<Sequence> {
  const kept = (packets: readonly ProbePacket[]): Sequence => packets.map((packet) => ({ ...packet, fresh: false }));
  return fc.oneof(
    { weight: 4, arbitrary: fc.array(arriving(world), { minLength: 1, maxLength: 3 }).map(kept) },
    { weight: 3, arbitrary: fc.array(sent(world), { minLength: 1, maxLength: 4 }).map(kept) },
    {
      weight: 2,
      arbitrary: fc.array(fc.oneof(sent(world), arriving(world)), { minLength: 2, maxLength: 5 }).map(kept),
    },
    { weight: 5, arbitrary: inPieces(world) },
  );
}

/** Two routers between links of different MTUs: packets around those sizes, DF, fragments, and what hosts learn. */
export const narrow: WorldKind = worldKind({
  name: "narrow",
  families: [4],
  schema: narrowSchema,
  worlds,
  lab: narrowLab,
  mute: ({ answers }) => (answers ? [] : ["A", "B"]),
  fuzzed: () => ["R1", "R2"].map((name) => ({ name, words: narrowWords })),
  sequences: narrowSequences,
  conntrack: true,
});
