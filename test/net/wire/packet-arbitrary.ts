import fc from "fast-check";
import { type Address, type Family, ipv4, ipv6 } from "../../../src/net/address.ts";
import { type Packet, packet, packetLength } from "../../../src/net/packet.ts";
import { ICMP, ICMPV6, IPIP, IPV6_IN_IP, TCP, UDP } from "../../../src/net/protocol.ts";

const word = fc.integer({ min: 0, max: 0xffffffff });
const short = fc.integer({ min: 0, max: 0xffff });

function addressOf(family: Family): fc.Arbitrary<Address> {
  // Unicast, so that nothing about the packet is odd but what a test makes odd.
  return family === 4
    ? fc.integer({ min: 0x0a000000, max: 0x0affffff }).map(ipv4)
    : fc.tuple(word, word, word).map(([b, c, d]) => ipv6(0xfd000000, b, c, d));
}

function plain(family: Family): fc.Arbitrary<Packet> {
  const icmp = family === 4 ? ICMP : ICMPV6;
  return fc
    .record({
      src: addressOf(family),
      dst: addressOf(family),
      protocol: fc.constantFrom(TCP, UDP, icmp, 99),
      ttl: fc.integer({ min: 1, max: 255 }),
      tos: fc.integer({ min: 0, max: 255 }),
      df: fc.boolean(),
      id: short,
      sport: fc.integer({ min: 40_000, max: 60_000 }),
      dport: fc.constantFrom(7777, 8888),
      flags: fc.constantFrom(2, 0x10, 0x12, 0x18),
      seq: word,
      ack: word,
      mss: fc.constantFrom(0, 1460),
      icmpId: short,
      icmpSeq: short,
      payloadLength: fc.integer({ min: 0, max: 1200 }),
    })
    .map((fields) => packet({ ...fields, icmpType: family === 4 ? 8 : 128 }));
}

type Shape = "plain" | "error" | "vxlan" | "tunnel";

/** Packets as hosts send them: whole ones of every protocol, ICMP errors about them, and in tunnels. */
export const packetArbitrary: fc.Arbitrary<Packet> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.constantFrom<Shape>("plain", "error", "vxlan", "tunnel"))
  .chain(([family, shape]) =>
    fc.tuple(plain(family), plain(family), plain(4)).map(([outer, inner, inner4]): Packet => {
      const none = { sport: 0, dport: 0, flags: 0, mss: 0, icmpId: 0, icmpSeq: 0, payloadLength: 0 };
      switch (shape) {
        case "error":
          return {
            ...outer,
            ...none,
            protocol: family === 4 ? ICMP : ICMPV6,
            icmpType: family === 4 ? 3 : 1,
            icmpCode: family === 4 ? 1 : 3,
            inner,
          };
        case "vxlan":
          return {
            ...outer,
            ...none,
            protocol: UDP,
            sport: outer.sport,
            dport: 4789,
            inner,
            vni: 4096,
            payloadLength: 8 + 14 + packetLength(inner),
          };
        case "tunnel":
          // Neither IPv4 in IPv6 nor the reverse is a tunnel that podpath knows by another number.
          return family === 4
            ? { ...outer, ...none, protocol: IPIP, inner: inner4 }
            : { ...outer, ...none, protocol: IPV6_IN_IP, inner };
        default:
          return outer;
      }
    }),
  );
