import { sameAddress } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import { type Packet, packetLength } from "../../net/packet.ts";
import { ICMP, ICMPV6, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import { sysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_NONE, CT_RELATED, CT_UNTRACKED, type Skb } from "../skb.ts";
import { type Connection, IPS_ASSURED, IPS_CONFIRMED, IPS_DYING, IPS_SEEN_REPLY } from "./connection.ts";
import { addConnection, connectionIn, findConnection, findSlot, isReplyIn, removeConnection } from "./table.ts";
import { openTcp, type TcpSettings, trackTcp, validTcpFlags } from "./tcp.ts";
import { invertTuple, passingTuple, quotesPacket, tupleOf } from "./tuple.ts";

const UDP_TIMEOUT = 30;
const UDP_STREAM_TIMEOUT = 120;
const ICMP_TIMEOUT = 30;
const GENERIC_TIMEOUT = 600;
/** A flow that is older than two seconds and was answered is a stream (nf_conntrack_proto_udp.c). */
const UDP_STREAM_AFTER = 2;

/** Messages that may open an ICMP query (`valid_new` in nf_conntrack_proto_icmp.c). */
const ICMP_QUERIES: ReadonlySet<number> = new Set([
  icmp.ECHO_REQUEST,
  icmp.TIMESTAMP_REQUEST,
  icmp.INFO_REQUEST,
  icmp.ADDRESS_REQUEST,
]);

/** nf_conntrack_in(): finds or makes the packet's connection and sets its state. Never drops. */
export function track(runtime: HostRuntime, skb: Skb): void {
  // Seen before, on its first way through `lo`; or untracked by a raw rule.
  if (skb.connection !== null || skb.ctState === CT_UNTRACKED) return;
  if (runtime.host.knowledge.get("conntrack") === "assumed") {
    runtime.services.assume(runtime, "conntrack", `no earlier connections on ${runtime.host.name}`);
  }
  const { packet } = skb;
  const supposed = runtime.supposition?.ctState ?? CT_NONE;
  if (supposed !== CT_NONE) {
    skb.ctState = supposed;
    return;
  }
  if (quotesPacket(packet)) {
    trackError(runtime, skb);
    return;
  }
  if (isNeighbourDiscovery(packet)) {
    skb.ctState = CT_UNTRACKED;
    return;
  }
  if (packet.protocol === TCP && !validTcpFlags(packet.flags)) {
    skb.ctState = CT_INVALID;
    return;
  }
  const now = runtime.services.now();
  const table = runtime.conntrack;
  const slot = findSlot(table, passingTuple(packet, 0), now);
  if (slot < 0) open(runtime, skb, now);
  else follow(runtime, skb, connectionIn(table, slot), isReplyIn(table, slot), now);
}

/** NDP and MLD messages are never tracked (nf_conntrack_icmpv6_error). */
function isNeighbourDiscovery(packet: Packet): boolean {
  return packet.protocol === ICMPV6 && packet.icmpType >= 130 && packet.icmpType <= 137;
}

function open(runtime: HostRuntime, skb: Skb, now: number): void {
  const { packet } = skb;
  const original = tupleOf(packet, 0);
  const reply = invertTuple(original);
  const connection: Connection | null = reply === null ? null : newConnection(original, reply);
  if (connection === null || !opens(runtime, packet, connection, now)) {
    skb.ctState = CT_INVALID;
    return;
  }
  skb.connection = connection;
  skb.ctState = CT_NEW;
  skb.ctReply = false;
  account(connection, skb, false);
}

/** An entry at rest, not yet in the table. */
export function newConnection(original: Connection["original"], reply: Connection["reply"]): Connection {
  return {
    original,
    reply,
    status: 0,
    mark: 0,
    tcpState: "NONE",
    tcp: null,
    streamFrom: 0,
    expires: 0,
    originalPackets: 0,
    replyPackets: 0,
    originalBytes: 0,
    replyBytes: 0,
  };
}

function tcpSettings(runtime: HostRuntime): TcpSettings {
  return {
    loose: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_loose", 1) !== 0,
    liberal: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_be_liberal", 0) !== 0,
    ignoreInvalidReset: sysctl(runtime, "net.netfilter.nf_conntrack_tcp_ignore_invalid_rst", 0) !== 0,
  };
}

function opens(runtime: HostRuntime, packet: Packet, connection: Connection, now: number): boolean {
  switch (packet.protocol) {
    case TCP: {
      const settings = tcpSettings(runtime);
      return openTcp(connection, packet, settings) && trackTcp(connection, packet, false, now, settings) === "accept";
    }
    case ICMP:
      connection.expires = now + ICMP_TIMEOUT;
      return ICMP_QUERIES.has(packet.icmpType);
    case ICMPV6:
      connection.expires = now + ICMP_TIMEOUT;
      return packet.icmpType === icmp.V6_ECHO_REQUEST || packet.icmpType === 139;
    case UDP:
    case UDPLITE:
      connection.expires = now + UDP_TIMEOUT;
      connection.streamFrom = now + UDP_STREAM_AFTER;
      return true;
    default:
      connection.expires = now + GENERIC_TIMEOUT;
      return true;
  }
}

function follow(runtime: HostRuntime, skb: Skb, connection: Connection, reply: boolean, now: number): void {
  const { packet } = skb;
  if (packet.protocol === TCP) {
    const verdict = trackTcp(connection, packet, reply, now, tcpSettings(runtime));
    if (verdict === "new") {
      removeConnection(runtime.conntrack, connection);
      open(runtime, skb, now);
      return;
    }
    if (verdict === "invalid") {
      skb.ctState = CT_INVALID;
      return;
    }
    if (verdict === "delete") removeConnection(runtime.conntrack, connection);
  }
  attach(skb, connection, reply);
  account(connection, skb, reply);
  if (reply) connection.status |= IPS_SEEN_REPLY;
  refresh(connection, packet, now);
}

function attach(skb: Skb, connection: Connection, reply: boolean): void {
  skb.connection = connection;
  skb.ctReply = reply;
  skb.ctState = reply || (connection.status & IPS_SEEN_REPLY) !== 0 ? CT_ESTABLISHED : CT_NEW;
}

function refresh(connection: Connection, packet: Packet, now: number): void {
  if (packet.protocol === UDP || packet.protocol === UDPLITE) {
    const stream = (connection.status & IPS_SEEN_REPLY) !== 0 && now > connection.streamFrom;
    connection.expires = now + (stream ? UDP_STREAM_TIMEOUT : UDP_TIMEOUT);
    if (stream) connection.status |= IPS_ASSURED;
  } else if (packet.protocol === ICMP || packet.protocol === ICMPV6) {
    connection.expires = now + ICMP_TIMEOUT;
  } else if (packet.protocol !== TCP) {
    connection.expires = now + GENERIC_TIMEOUT;
  }
}

function account(connection: Connection, skb: Skb, reply: boolean): void {
  const length = packetLength(skb.packet);
  if (reply) {
    connection.replyPackets++;
    connection.replyBytes += length;
  } else {
    connection.originalPackets++;
    connection.originalBytes += length;
  }
}

/** An ICMP error belongs to the connection of the packet it quotes (nf_conntrack_inet_error). */
function trackError(runtime: HostRuntime, skb: Skb): void {
  const { inner, dst } = skb.packet;
  const inverse = inner === null ? null : invertTuple(tupleOf(inner, 0));
  const found = inverse === null ? null : findConnection(runtime.conntrack, inverse, runtime.services.now());
  if (found === null) {
    skb.ctState = CT_INVALID;
    return;
  }
  const { connection, reply } = found;
  // The error must go to whoever sent the quoted packet.
  if (!sameAddress((reply ? connection.reply : connection.original).dst, dst)) {
    skb.ctState = CT_INVALID;
    return;
  }
  skb.connection = connection;
  skb.ctReply = reply;
  skb.ctState = CT_RELATED;
}

/**
 * nf_conntrack_confirm(): at the very end of INPUT and POSTROUTING a new connection enters the table. False when another
 * one has either of its tuples by then (two flows that SNAT gave one port): the packet is dropped.
 */
export function confirm(runtime: HostRuntime, skb: Skb): boolean {
  const { connection } = skb;
  if (connection === null || skb.ctState === CT_RELATED) return true;
  if ((connection.status & (IPS_CONFIRMED | IPS_DYING)) !== 0) return true;
  const now = runtime.services.now();
  if (findSlot(runtime.conntrack, connection.original, now) >= 0) return false;
  if (findSlot(runtime.conntrack, connection.reply, now) >= 0) return false;
  addConnection(runtime.conntrack, connection);
  return true;
}

/** Forgets what conntrack knew: the packet enters another namespace or a tunnel (nf_reset_ct). */
export function resetConntrack(skb: Skb): void {
  skb.connection = null;
  skb.ctState = CT_NONE;
  skb.ctReply = false;
}
