import { type Address, unspecified } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import { isIcmpError, isIcmpv6Error, V6_REDIRECT } from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { DCCP, hasPorts, ICMP, ICMPV6 } from "../../net/protocol.ts";
import { quotesFirst } from "../../net/redirect6.ts";
import type { Tuple } from "./connection.ts";

/** A tuple; all are made here, so that all have one shape. */
export function tuple(src: Address, dst: Address, protocol: number, sport: number, dport: number, zone: number): Tuple {
  return { src, dst, protocol, sport, dport, zone };
}

/** A tuple in the making, or one that only a look-up needs. */
export type MutableTuple = { -readonly [K in keyof Tuple]: Tuple[K] };

/** A tuple that is written over again and again, so that none is made for each packet. */
export function scratchTuple(): MutableTuple {
  return tuple(unspecified(4), unspecified(4), 0, 0, 0, 0);
}

/** The tuple of a packet as it stands (nf_ct_get_tuple). */
export function tupleOf(packet: Packet, zone: number): Tuple {
  const { src, dst, protocol } = packet;
  return tuple(src, dst, protocol, firstPart(packet), secondPart(packet), zone);
}

const passing = scratchTuple();

/** The same for a look-up only: written into one object, which the next call overwrites. */
export function passingTuple(packet: Packet, zone: number): Tuple {
  passing.src = packet.src;
  passing.dst = packet.dst;
  passing.protocol = packet.protocol;
  passing.sport = firstPart(packet);
  passing.dport = secondPart(packet);
  passing.zone = zone;
  return passing;
}

/** Whether conntrack and NAT know the protocol's ports. Those of DCCP they know no more: Linux 6.18 has no tracker for it. */
export function tracksPorts(protocol: number): boolean {
  return hasPorts(protocol) && protocol !== DCCP;
}

function firstPart(packet: Packet): number {
  const { protocol } = packet;
  if (protocol === ICMP || protocol === ICMPV6) return packet.icmpId;
  return tracksPorts(protocol) ? packet.sport : 0;
}

function secondPart(packet: Packet): number {
  const { protocol } = packet;
  if (protocol === ICMP || protocol === ICMPV6) return (packet.icmpType << 8) | packet.icmpCode;
  return tracksPorts(protocol) ? packet.dport : 0;
}

const V4_INVERSE: ReadonlyMap<number, number> = new Map([
  [icmp.ECHO_REQUEST, icmp.ECHO_REPLY],
  [icmp.ECHO_REPLY, icmp.ECHO_REQUEST],
  [icmp.TIMESTAMP_REQUEST, icmp.TIMESTAMP_REPLY],
  [icmp.TIMESTAMP_REPLY, icmp.TIMESTAMP_REQUEST],
  [icmp.INFO_REQUEST, icmp.INFO_REPLY],
  [icmp.INFO_REPLY, icmp.INFO_REQUEST],
  [icmp.ADDRESS_REQUEST, icmp.ADDRESS_REPLY],
  [icmp.ADDRESS_REPLY, icmp.ADDRESS_REQUEST],
]);

const V6_INVERSE: ReadonlyMap<number, number> = new Map([
  [icmp.V6_ECHO_REQUEST, icmp.V6_ECHO_REPLY],
  [icmp.V6_ECHO_REPLY, icmp.V6_ECHO_REQUEST],
  [139, 140],
  [140, 139],
]);

/** The tuple of the answer (nf_ct_invert_tuple); null for ICMP messages that have none. */
export function invertTuple(given: Tuple): Tuple | null {
  const inverse = scratchTuple();
  return invertInto(inverse, given) ? inverse : null;
}

/** The same, written into `inverse`; false, and nothing written, for ICMP messages that have no answer. */
export function invertInto(inverse: MutableTuple, { src, dst, protocol, sport, dport, zone }: Tuple): boolean {
  if (protocol === ICMP || protocol === ICMPV6) {
    const type = (protocol === ICMP ? V4_INVERSE : V6_INVERSE).get(dport >> 8);
    if (type === undefined) return false;
    inverse.sport = sport;
    inverse.dport = (type << 8) | (dport & 255);
  } else {
    inverse.sport = dport;
    inverse.dport = sport;
  }
  inverse.src = dst;
  inverse.dst = src;
  inverse.protocol = protocol;
  inverse.zone = zone;
  return true;
}

const inverted = scratchTuple();

/** The same for a look-up only: written into one object, which the next call overwrites. */
export function passingInverse(given: Tuple): Tuple | null {
  return invertInto(inverted, given) ? inverted : null;
}

/**
 * True for ICMP messages that quote a packet and are tracked as RELATED to it. Of redirects of IPv6 those where no link-layer
 * address comes first.
 */
export function quotesPacket(packet: Packet): boolean {
  if (packet.inner === null) return false;
  if (packet.protocol === ICMP) return isIcmpError(packet.icmpType);
  if (packet.protocol !== ICMPV6) return false;
  return packet.icmpType === V6_REDIRECT ? quotesFirst(packet) : isIcmpv6Error(packet.icmpType);
}

export function sameTuple(x: Tuple, y: Tuple): boolean {
  return x.zone === y.zone && sameButZone(x, y);
}

/** nf_ct_tuple_equal(): the zone is none of the tuple's. */
export function sameButZone(x: Tuple, y: Tuple): boolean {
  return (
    x.sport === y.sport &&
    x.dport === y.dport &&
    x.protocol === y.protocol &&
    x.src.a === y.src.a &&
    x.dst.a === y.dst.a &&
    x.src.family === y.src.family &&
    x.src.b === y.src.b &&
    x.src.c === y.src.c &&
    x.src.d === y.src.d &&
    x.dst.b === y.dst.b &&
    x.dst.c === y.dst.c &&
    x.dst.d === y.dst.d
  );
}

/** Hash for the connection table: an int32 whose bit 0 is clear, and never 0. */
export function hashTuple({ src, dst, protocol, sport, dport, zone }: Tuple): number {
  let h = Math.imul(src.a ^ Math.imul(dst.a, 0x9e3779b1), 0x85ebca6b);
  if (src.family === 6) {
    h = Math.imul(h ^ (h >>> 15) ^ src.b ^ Math.imul(dst.b, 0x9e3779b1), 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 15) ^ src.c ^ Math.imul(dst.c, 0x9e3779b1), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ src.d ^ Math.imul(dst.d, 0x9e3779b1), 0xc2b2ae35);
  }
  h = Math.imul(h ^ (h >>> 15) ^ sport ^ Math.imul(dport, 0x27d4eb2f), 0x165667b1);
  h = Math.imul(h ^ (h >>> 13) ^ (protocol + zone * 256), 0xc2b2ae35);
  h = (h ^ (h >>> 16)) & ~1;
  return h === 0 ? 2 : h;
}
