import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import { REDIRECT, V6_REDIRECT } from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { hasPorts, ICMP, ICMPV6 } from "../../net/protocol.ts";
import { type Hook, hookName, INPUT, POSTROUTING } from "../netfilter/verdict.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import {
  type Connection,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  type Tuple,
} from "./connection.ts";
import type { Manip } from "./nat.ts";
import { passingInverse, tracksPorts } from "./tuple.ts";

/** HOOK2MANIP. */
export function manipOf(hook: Hook): Manip {
  return hook === POSTROUTING || hook === INPUT ? "SNAT" : "DNAT";
}

function applies(connection: Connection, manip: Manip, reply: boolean): boolean {
  const source = (manip === "SNAT") !== reply;
  return (connection.status & (source ? IPS_SRC_NAT : IPS_DST_NAT)) !== 0;
}

/** nf_nat_packet(): rewrites the side of the packet that this hook is responsible for. */
export function natPacket(runtime: HostRuntime, skb: Skb, connection: Connection, hook: Hook): void {
  const manip = manipOf(hook);
  if (!applies(connection, manip, skb.ctReply)) return;
  const target = passingInverse(skb.ctReply ? connection.original : connection.reply);
  if (target === null) return;
  rewrite(runtime, skb, skb.packet, manip, target, hook);
}

/**
 * nf_nat_icmp_reply_translation(): an ICMP error about a translated connection is translated too, outside and inside
 * (the quoted packet the other way round). False for a redirect about one, which is dropped: it would name a stranger.
 */
export function natError(runtime: HostRuntime, skb: Skb, connection: Connection, hook: Hook): boolean {
  const manip = manipOf(hook);
  const { packet } = skb;
  const { inner } = packet;
  if (packet.protocol === ICMP ? packet.icmpType === REDIRECT : packet.icmpType === V6_REDIRECT) {
    const done = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
    if ((connection.status & done) !== done || (connection.status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0) return false;
  }
  if (inner === null || !applies(connection, manip, skb.ctReply)) return true;
  const other: Tuple = skb.ctReply ? connection.original : connection.reply;
  rewritePacket(inner, manip === "SNAT" ? "DNAT" : "SNAT", other);
  const target = passingInverse(other);
  if (target !== null) rewriteAddress(runtime, skb, manip, target, hook);
  return true;
}

function rewrite(runtime: HostRuntime, skb: Skb, packet: Packet, manip: Manip, target: Tuple, hook: Hook): void {
  const before = runtime.observer === null ? "" : side(packet, manip);
  rewritePacket(packet, manip, target);
  if (runtime.observer !== null) note(runtime, skb, manip, hook, before, side(packet, manip));
}

/** nf_nat_manip_pkt(): the address and port of one side, from a tuple of the packet's own direction. */
function rewritePacket(packet: Packet, manip: Manip, target: Tuple): void {
  if (manip === "SNAT") packet.src = target.src;
  else packet.dst = target.dst;
  if (packet.protocol === ICMP || packet.protocol === ICMPV6) {
    if (packet.inner === null) packet.icmpId = target.sport;
  } else if (tracksPorts(packet.protocol)) {
    if (manip === "SNAT") packet.sport = target.sport;
    else packet.dport = target.dport;
  }
}

function rewriteAddress(runtime: HostRuntime, skb: Skb, manip: Manip, target: Tuple, hook: Hook): void {
  const { packet } = skb;
  const before: Address = manip === "SNAT" ? packet.src : packet.dst;
  const after = manip === "SNAT" ? target.src : target.dst;
  if (sameAddress(before, after)) return;
  if (manip === "SNAT") packet.src = after;
  else packet.dst = after;
  note(runtime, skb, manip, hook, formatAddress(before), formatAddress(after));
}

function side(packet: Packet, manip: Manip): string {
  const address = formatAddress(manip === "SNAT" ? packet.src : packet.dst);
  if (!hasPorts(packet.protocol)) return address;
  const port = manip === "SNAT" ? packet.sport : packet.dport;
  return `${address.includes(":") ? `[${address}]` : address}:${port > 0xffff ? "*" : port}`;
}

function note(runtime: HostRuntime, skb: Skb, manip: Manip, hook: Hook, from: string, to: string): void {
  if (runtime.observer === null || from === to) return;
  runtime.observer.step({ kind: "nat", runtime, skb, hook: hookName(hook), manip, from, to });
}
