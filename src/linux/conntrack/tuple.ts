import * as icmp from "../../net/icmp.ts";
import { isIcmpError, isIcmpv6Error } from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { hasPorts, ICMP, ICMPV6 } from "../../net/protocol.ts";
import type { Tuple } from "./connection.ts";

/** The tuple of a packet as it stands (nf_ct_get_tuple). */
export function tupleOf(packet: Packet, zone: number): Tuple {
  const { src, dst, protocol } = packet;
  if (protocol === ICMP || protocol === ICMPV6) {
    return { src, dst, protocol, sport: packet.icmpId, dport: (packet.icmpType << 8) | packet.icmpCode, zone };
  }
  return hasPorts(protocol)
    ? { src, dst, protocol, sport: packet.sport, dport: packet.dport, zone }
    : { src, dst, protocol, sport: 0, dport: 0, zone };
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
export function invertTuple(tuple: Tuple): Tuple | null {
  const { src, dst, protocol, zone } = tuple;
  if (protocol === ICMP || protocol === ICMPV6) {
    const inverse = (protocol === ICMP ? V4_INVERSE : V6_INVERSE).get(tuple.dport >> 8);
    if (inverse === undefined) return null;
    return { src: dst, dst: src, protocol, sport: tuple.sport, dport: (inverse << 8) | (tuple.dport & 255), zone };
  }
  return { src: dst, dst: src, protocol, sport: tuple.dport, dport: tuple.sport, zone };
}

/** True for ICMP messages that quote a packet and are tracked as RELATED to it. */
export function quotesPacket(packet: Packet): boolean {
  if (packet.inner === null) return false;
  return packet.protocol === ICMP
    ? isIcmpError(packet.icmpType)
    : packet.protocol === ICMPV6 && isIcmpv6Error(packet.icmpType);
}

export function sameTuple(x: Tuple, y: Tuple): boolean {
  return (
    x.sport === y.sport &&
    x.dport === y.dport &&
    x.protocol === y.protocol &&
    x.zone === y.zone &&
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

/** 32-bit hash for the connection table. */
export function hashTuple(t: Tuple): number {
  let h = t.src.a ^ Math.imul(t.dst.a, 0x9e3779b1) ^ Math.imul(t.sport, 0x85ebca6b) ^ Math.imul(t.dport, 0xc2b2ae35);
  h ^= Math.imul(t.src.d ^ Math.imul(t.dst.d, 31), 0x27d4eb2f) ^ Math.imul(t.protocol + t.zone * 256, 0x165667b1);
  return h ^ (h >>> 15);
}
