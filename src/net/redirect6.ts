import { type Packet, packetLength } from "./packet.ts";

/** Target and destination address of a redirect, behind the ICMPv6 header (`struct rd_msg`). */
const ADDRESSES = 32;

/** The option with the target's link-layer address. */
const LINK_LAYER_OPTION = 8;

/**
 * Bytes of an IPv6 redirect behind its ICMPv6 header: both addresses, the target's link-layer address where it is known, and
 * the packet it is about with eight bytes in front, cut to a multiple of eight within 1,280 bytes (ndisc_send_redirect()).
 */
export function redirectLength(about: Packet, knowsTarget: boolean): number {
  const before = ADDRESSES + (knowsTarget ? LINK_LAYER_OPTION : 0);
  return before + (Math.min(1280 - 40 - 8 - before, packetLength(about) + 8) & ~7);
}

/**
 * Whether the packet that a redirect is about comes first among its options, where conntrack finds it
 * (nf_conntrack_icmpv6_redirect()).
 */
export function quotesFirst({ icmpGateway }: Packet): boolean {
  return icmpGateway !== null && icmpGateway.mac === null;
}
