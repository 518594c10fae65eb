import fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";
import type { ExtensionJson } from "../../../src/report/packet-json.ts";
import type { ProbePacket } from "../harness/duel.ts";
import type { Sequence } from "./packets.ts";
import { port } from "./pools.ts";
import { extensions } from "./rare-headers.ts";
import type { Traffic } from "./traffic.ts";

/** Packets of protocols and with headers that few have, for the words of `seldom-words.ts`. */

type Body = Omit<ProbePacket, "host" | "interface" | "src" | "dst">;

const withPorts = (proto: string | number): fc.Arbitrary<Body> =>
  fc.record({ proto: fc.constant(proto), sport: port, dport: port, length: fc.constantFrom(0, 8, 20) });

const segment: fc.Arbitrary<Body> = fc.record({
  proto: fc.constant("tcp"),
  sport: port,
  dport: port,
  flags: fc.constantFrom("S", "S", "S", "A", "SEC", "AE", "R", "R"),
  mss: fc.constantFrom(0, 300, 536, 1460),
  seq: fc.constant(100),
});

const chunks: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ proto: fc.constant("sctp"), sport: port, dport: port }),
  fc.record({
    proto: fc.constant("sctp"),
    sport: port,
    dport: port,
    chunks: fc.constantFrom(["DATA"], ["COOKIE_ECHO", "DATA"], ["INIT_ACK"], ["HEARTBEAT"], ["ABORT"]),
    vtag: fc.constant(7),
  }),
);

const MOBILITY = 135;

/** Whole headers mostly; else some that end before or just behind what is read of them. */
const cut = (body: fc.Arbitrary<Body>, whole: number, ...lengths: readonly number[]): fc.Arbitrary<Body> =>
  fc
    .tuple(
      body,
      fc.oneof({ weight: 3, arbitrary: fc.constant(whole) }, { weight: 1, arbitrary: fc.constantFrom(0, ...lengths) }),
    )
    .map(([fields, length]) => ({ ...fields, length }));

const FROM_ITS_MAC = { host: "R", interface: "in0", src: "fd00:a::ff:fe02:2", smac: "02:00:00:02:00:02" };

const bodies = (family: Family): fc.Arbitrary<Body> =>
  fc.oneof(
    { weight: 3, arbitrary: segment },
    { weight: 3, arbitrary: chunks },
    { weight: 2, arbitrary: withPorts("udp") },
    // Their matches read more than a packet here has by itself: what is shorter is dropped.
    { weight: 2, arbitrary: cut(withPorts(33), 16, 4, 3) },
    { weight: 2, arbitrary: withPorts(136) },
    {
      weight: 2,
      arbitrary: cut(
        fc.constantFrom(50, 50, 108, 108, 47).map((proto): Body => ({ proto })),
        8,
        7,
        3,
      ),
    },
    ...(family === 4
      ? [{ weight: 2, arbitrary: cut(fc.constant<Body>({ proto: 51 }), 16, 12, 11) }]
      : [
          {
            weight: 2,
            arbitrary: fc
              .constantFrom(0, 1, 5, 6)
              .map((type): Body => ({ proto: MOBILITY, extensions: [{ header: "mobility", type }] })),
          },
          {
            weight: 4,
            arbitrary: fc
              .tuple(
                fc.oneof(segment, withPorts("udp")),
                fc.constantFrom<ExtensionJson>(
                  { header: "routing", type: 0, segmentsLeft: 0, addresses: ["fd00:c::2"] },
                  { header: "routing", type: 2, segmentsLeft: 0, addresses: ["fd00:c::2"] },
                  { header: "authentication", spi: 7 },
                  { header: "authentication", spi: 4096 },
                  { header: "fragment" },
                ),
              )
              .map(([body, header]): Body => ({ ...body, extensions: [header] })),
          },
          {
            weight: 6,
            arbitrary: fc
              .tuple(fc.oneof(segment, withPorts("udp"), chunks), extensions)
              .map(([body, list]): Body => ({ ...body, extensions: list })),
          },
        ]),
  );

/** One of them, and perhaps another one after it, or an answer to it. */
export function seldomSequences(traffic: Traffic): fc.Arbitrary<Sequence> {
  const head = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(traffic.arrival, traffic.flowDestination).map(([from, dst]) => ({ ...from, dst })),
    },
    { weight: 2, arbitrary: traffic.flowSent },
    // Of IPv6, made of the MAC address that it comes from.
    ...(traffic.family === 6
      ? [{ weight: 1, arbitrary: traffic.flowDestination.map((dst) => ({ ...FROM_ITS_MAC, dst })) }]
      : []),
  );
  const one = fc.tuple(head, bodies(traffic.family)).map(([from, body]): ProbePacket => ({ ...from, ...body }));
  return fc.tuple(one, fc.constantFrom("alone", "alone", "again", "reply"), one).map(([first, then, other]) => {
    if (then === "again") return [first, { ...other, fresh: false }];
    if (then === "alone") return [first];
    return [
      { ...first, id: "s0" },
      { id: "s1", replyTo: "s0" },
    ];
  });
}
