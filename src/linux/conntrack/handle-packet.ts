import * as icmp from "../../net/icmp.ts";
import { type Packet, packetLength } from "../../net/packet.ts";
import { GRE, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import {
  type Connection,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IPS_NAT_CLASH,
  IPS_SEEN_REPLY,
} from "./connection.ts";
import { trackSctp } from "./sctp.ts";
import { openTcp, openWithSyn, trackPlainTcp, trackTcp } from "./tcp.ts";
import { segmentOf, validTcpFlags } from "./tcp-states.ts";
import { timeoutOf } from "./timeouts.ts";

/** What a packet does to its connection; `repeat`: the entry is dead, and the packet is looked up again. */
type PacketVerdict = "accept" | "invalid" | "delete" | "repeat";

/** A flow that is older than two seconds and was answered is a stream (nf_conntrack_proto_udp.c). */
const UDP_STREAM_AFTER = 2;

/** Messages that may open an ICMP query (`valid_new` in nf_conntrack_proto_icmp.c). */
const ICMP_QUERIES: ReadonlySet<number> = new Set([
  icmp.ECHO_REQUEST,
  icmp.TIMESTAMP_REQUEST,
  icmp.INFO_REQUEST,
  icmp.ADDRESS_REQUEST,
]);

/** The same for ICMPv6 (nf_conntrack_proto_icmpv6.c): echo and node information. */
const ICMPV6_QUERIES: ReadonlySet<number> = new Set([icmp.V6_ECHO_REQUEST, 139]);

/** nf_conntrack_handle_packet(): the tracker of the packet's protocol. */
export function handlePacket(
  runtime: HostRuntime,
  skb: Skb,
  connection: Connection,
  reply: boolean,
  now: number,
): PacketVerdict {
  const { packet } = skb;
  const isNew = (connection.status & IPS_CONFIRMED) === 0;
  switch (packet.protocol) {
    case TCP: {
      if (!validTcpFlags(packet.flags)) return "invalid";
      const opens = isNew && segmentOf(packet.flags) === "syn";
      if (isNew && !opens && !openTcp(runtime, connection, packet)) return "invalid";
      const verdict = opens
        ? openWithSyn(runtime, connection, packet, now)
        : trackTcp(runtime, connection, packet, reply, now);
      if (verdict === "invalid" || verdict === "repeat") return verdict;
      if (verdict !== "keep") account(connection, packet, reply);
      return verdict === "delete" ? "delete" : "accept";
    }
    case UDP:
    case UDPLITE:
      if (isNew) connection.streamFrom = now + UDP_STREAM_AFTER;
      trackUdp(runtime, skb, connection, reply, now);
      return "accept";
    case ICMP:
      if (isNew && (packet.src.family !== 4 || !ICMP_QUERIES.has(packet.icmpType))) return "invalid";
      refresh(connection, skb, reply, timeoutOf(runtime, "icmp_timeout"), now);
      return "accept";
    case ICMPV6:
      if (isNew && (packet.src.family !== 6 || !ICMPV6_QUERIES.has(packet.icmpType))) return "invalid";
      refresh(connection, skb, reply, timeoutOf(runtime, "icmpv6_timeout"), now);
      return "accept";
    case SCTP: {
      const verdict = trackSctp(runtime, connection, packet, reply);
      if (verdict === "invalid") return "invalid";
      if (verdict !== "keep") refresh(connection, skb, reply, verdict.timeout, now);
      return "accept";
    }
    case GRE:
      trackGre(runtime, skb, connection, reply, now);
      return "accept";
    default:
      refresh(connection, skb, reply, timeoutOf(runtime, "generic_timeout"), now);
      return "accept";
  }
}

/** The same for a plain segment of an established connection (`trackPlainTcp`); false: it has to be looked at closer, and nothing was done. */
export function handlePlainTcp(
  runtime: HostRuntime,
  packet: Packet,
  connection: Connection,
  reply: boolean,
  now: number,
): boolean {
  if (!trackPlainTcp(runtime, connection, packet, reply, now)) return false;
  account(connection, packet, reply);
  return true;
}

/** nf_conntrack_udp_packet(). */
function trackUdp(runtime: HostRuntime, skb: Skb, connection: Connection, reply: boolean, now: number): void {
  const answered = (connection.status & IPS_SEEN_REPLY) !== 0;
  const stream = answered && now > connection.streamFrom;
  refresh(connection, skb, reply, timeoutOf(runtime, stream ? "udp_timeout_stream" : "udp_timeout"), now);
  if (stream && (connection.status & IPS_NAT_CLASH) === 0) connection.status |= IPS_ASSURED;
}

/** nf_conntrack_gre_packet(): an answered tunnel is assured at once. */
function trackGre(runtime: HostRuntime, skb: Skb, connection: Connection, reply: boolean, now: number): void {
  const answered = (connection.status & IPS_SEEN_REPLY) !== 0;
  refresh(connection, skb, reply, timeoutOf(runtime, answered ? "gre_timeout_stream" : "gre_timeout"), now);
  if (answered) connection.status |= IPS_ASSURED;
}

/** nf_ct_refresh_acct(). */
function refresh(connection: Connection, skb: Skb, reply: boolean, timeout: number, now: number): void {
  if ((connection.status & IPS_FIXED_TIMEOUT) === 0) connection.expires = now + timeout;
  account(connection, skb.packet, reply);
}

function account(connection: Connection, packet: Packet, reply: boolean): void {
  countPackets(connection, packet, reply, 1);
}

/** So many packets of the length of this one are counted. */
export function countPackets(connection: Connection, packet: Packet, reply: boolean, packets: number): void {
  const octets = packetLength(packet) * packets;
  if (reply) {
    connection.replyPackets += packets;
    connection.replyBytes += octets;
  } else {
    connection.originalPackets += packets;
    connection.originalBytes += octets;
  }
}
