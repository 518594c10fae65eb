import type { Host } from "../../model/host.ts";
import { sameAddress } from "../../net/address.ts";
import { NR_ICMP_TYPES } from "../../net/icmp.ts";
import { NO_NEXT_HEADER } from "../../net/ipv6-extension.ts";
import type { Packet } from "../../net/packet.ts";
import { hasChecksum, ICMP, ICMPV6, UDPLITE } from "../../net/protocol.ts";
import { sysctl } from "../device-settings.ts";
import { remembered } from "../remembered.ts";
import type { HostRuntime } from "../runtime.ts";
import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_NONE, CT_RELATED, CT_UNTRACKED, type Skb } from "../skb.ts";
import { resolveClash } from "./clash.ts";
import {
  type Connection,
  IPS_CONFIRMED,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  newConnection,
  type Tuple,
} from "./connection.ts";
import { findDrawn, findDrawnHolder, noteDrawn } from "./drawn-port.ts";
import { expect, noteHelper } from "./expectation.ts";
import { hasRoom } from "./full-table.ts";
import { handlePacket } from "./handle-packet.ts";
import { addUnlessTaken, connectionIn, isReplyIn, removeConnection } from "./table.ts";
import { invertTuple, passingTuple, quotesPacket, tupleOf } from "./tuple.ts";
import { findSlotInZones, inZone, originalZone, replyZone } from "./zone.ts";

const assumesNoEarlier = remembered(({ knowledge }: Host): boolean => knowledge.get("conntrack") === "assumed");

/** nf_conntrack_in(): finds or makes the packet's connection and sets its state. False: the table is full, it is dropped. */
export function track(runtime: HostRuntime, skb: Skb): boolean {
  // Seen before, on its first way through `lo`; or untracked by a raw rule.
  if (skb.connection !== null || skb.ctState === CT_UNTRACKED) return true;
  if (assumesNoEarlier(runtime.host)) {
    runtime.services.assume(runtime, "no-earlier-connections", `no earlier connections on ${runtime.host.name}`);
  }
  const supposed = runtime.supposition?.ctState ?? CT_NONE;
  if (supposed !== CT_NONE) skb.ctState = supposed;
  else if (isCaught(runtime, skb)) skb.ctState = CT_INVALID;
  else if (quotesPacket(skb.packet)) trackError(runtime, skb);
  else if (isHousekeeping(skb.packet)) skb.ctState = CT_UNTRACKED;
  else return resolve(runtime, skb, runtime.services.now());
  skb.template = null;
  return true;
}

/**
 * tcp_error() and its like look at checksums in PREROUTING, unless `nf_conntrack_checksum` is 0. udplite_error() sums the pseudo header with the
 * number of UDP, so that every right checksum of UDP-Lite is wrong to it.
 */
function isCaught(runtime: HostRuntime, skb: Skb): boolean {
  const { protocol, badChecksum } = skb.packet;
  if (skb.input === null || !(badChecksum ? hasChecksum(protocol) : protocol === UDPLITE)) return false;
  if (sysctl(runtime, "net.netfilter.nf_conntrack_checksum", 1) === 0) return false;
  skb.checksumValid = false;
  skb.summed = protocol !== UDPLITE;
  return true;
}

/** NDP and MLD messages are never tracked (noct_valid_new in nf_conntrack_proto_icmpv6.c); redirects are no such. */
function isHousekeeping({ protocol, icmpType }: Packet): boolean {
  return protocol === ICMPV6 && ((icmpType >= 130 && icmpType <= 136) || icmpType === 143);
}

/**
 * get_l4proto() finds no protocol where IPv6 says that no header follows, nor behind the first fragment: one that cannot be joined with
 * the others goes on by itself.
 */
function carriesNothing({ protocol, src, fragmentOffset }: Packet): boolean {
  return fragmentOffset > 0 || (protocol === NO_NEXT_HEADER && src.family === 6);
}

/** resolve_normal_ct() and what the tracker of the protocol says; the packet is looked up again after a dead entry. */
function resolve(runtime: HostRuntime, skb: Skb, now: number): boolean {
  const { packet } = skb;
  if ((packet.protocol === ICMP && packet.icmpType > NR_ICMP_TYPES) || carriesNothing(packet)) {
    invalid(skb);
    return true;
  }
  for (;;) {
    const there = originalZone(skb);
    const back = replyZone(skb);
    let slot = findSlotInZones(runtime.conntrack, passingTuple(packet, there), there, back, now);
    if (slot < 0) slot = findDrawn(runtime, passingTuple(packet, there), there, back);
    const isNew = slot < 0;
    const reply = !isNew && isReplyIn(runtime.conntrack, slot);
    const connection = isNew ? open(tupleOf(packet, there), back) : connectionIn(runtime.conntrack, slot);
    if (connection === null) {
      invalid(skb);
      return true;
    }
    if (isNew) {
      if (!hasRoom(runtime)) return false;
      expect(runtime, skb, connection, now);
    }
    const state = stateOf(connection, reply);
    const verdict = handlePacket(runtime, skb, connection, reply, now);
    if (verdict === "repeat") {
      removeConnection(runtime.conntrack, connection);
      continue;
    }
    if (verdict === "invalid") {
      invalid(skb);
      return true;
    }
    if (verdict === "delete") removeConnection(runtime.conntrack, connection);
    if (reply) connection.status |= IPS_SEEN_REPLY;
    if (isNew) noteHelper(runtime, skb, connection);
    skb.connection = connection;
    skb.ctReply = reply;
    skb.ctState = state;
    skb.template = null;
    return true;
  }
}

function invalid(skb: Skb): void {
  skb.ctState = CT_INVALID;
  skb.template = null;
}

/** init_conntrack(); null for messages that have no answer. */
function open(original: Tuple, zone: number): Connection | null {
  const reply = invertTuple(original);
  if (reply === null) return null;
  return newConnection(original, reply.zone === zone ? reply : inZone(reply, zone));
}

function stateOf({ status }: Connection, reply: boolean): number {
  if (reply || (status & IPS_SEEN_REPLY) !== 0) return CT_ESTABLISHED;
  return (status & IPS_EXPECTED) !== 0 ? CT_RELATED : CT_NEW;
}

/** An ICMP error belongs to the connection of the packet it quotes (nf_conntrack_inet_error). */
function trackError(runtime: HostRuntime, skb: Skb): void {
  const { inner, dst } = skb.packet;
  const [there, back] = [originalZone(skb), replyZone(skb)];
  const inverse = inner === null ? null : invertTuple(tupleOf(inner, there));
  const table = runtime.conntrack;
  let slot = inverse === null ? -1 : findSlotInZones(table, inverse, there, back, runtime.services.now());
  if (slot < 0 && inverse !== null) slot = findDrawn(runtime, inverse, there, back);
  skb.ctState = CT_INVALID;
  if (slot < 0) return;
  const connection = connectionIn(table, slot);
  const reply = isReplyIn(table, slot);
  // The error must go to whoever sent the quoted packet.
  if (!sameAddress((reply ? connection.reply : connection.original).dst, dst)) return;
  skb.connection = connection;
  skb.ctReply = reply;
  skb.ctState = CT_RELATED;
}

/**
 * nf_conntrack_confirm(): at the very end of INPUT and POSTROUTING a new connection enters the table. False when another
 * one has either of its tuples by then (two flows that SNAT gave one port) and the clash cannot be resolved.
 */
export function confirm(runtime: HostRuntime, skb: Skb): boolean {
  const { connection } = skb;
  // Errors and resets that answer an unconfirmed connection's packet do not confirm it.
  if (connection === null || skb.ctReply) return true;
  if ((connection.status & (IPS_CONFIRMED | IPS_DYING)) !== 0) return true;
  const now = runtime.services.now();
  // Who was given the very reply by chance was translated, so that it is another flow.
  if (findDrawnHolder(runtime, connection, connection.reply) >= 0) return false;
  const clash = addUnlessTaken(runtime.conntrack, connection, now);
  if (clash >= 0) return resolveClash(runtime, skb, connectionIn(runtime.conntrack, clash), connection, now);
  noteDrawn(runtime, connection);
  return true;
}

/** Forgets what conntrack knew: the packet enters another namespace or a tunnel (nf_reset_ct). */
export function resetConntrack(skb: Skb): void {
  skb.connection = null;
  skb.ctState = CT_NONE;
  skb.ctReply = false;
  skb.attached = false;
  skb.template = null;
}
