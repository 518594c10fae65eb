import { acceptedMark } from "../../linux/icmp.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import { TCP_MSS_DEFAULT } from "../../linux/segment-size.ts";
import type { Skb } from "../../linux/skb.ts";
import * as icmp from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { ICMPV6 } from "../../net/protocol.ts";
import { ACK, FIN, RST, SYN } from "../../net/tcp-flags.ts";
import { tellsMtu } from "../error-about-mtu.ts";
import type { World } from "../world.ts";
import { type Connection, fitsKey } from "./connection.ts";
import { noteEnd } from "./path-note.ts";
import {
  arm,
  drop,
  followMtu,
  forget,
  ISN,
  lowerMss,
  newConnection,
  relative,
  sendAck,
  sendChallenge,
  sendQueue,
  sendReset,
  sendSynAck,
} from "./send.ts";
import { addConnection, findConnection, findListener, type Listener } from "./stack.ts";

/** Whether a program of the World has a connection that the segment belongs to. */
export function hasConnection(world: World, runtime: HostRuntime, segment: Packet): boolean {
  return connectionOf(world, runtime, segment) !== null;
}

function connectionOf(world: World, runtime: HostRuntime, { src, dst, sport, dport }: Packet): Connection | null {
  return findConnection(world.tcp, runtime.host.name, dst, dport, src, sport);
}

/** A segment reached a host. False: none of the World's own sockets is concerned. */
export function receiveSegment(world: World, runtime: HostRuntime, skb: Skb): boolean {
  const { packet: segment } = skb;
  const connection = connectionOf(world, runtime, segment);
  if (connection !== null) {
    noteEnd(world, runtime, skb, connection);
    receiveOn(world, connection, segment);
    return true;
  }
  const listener = findListener(world.tcp, runtime.host.name, segment.dst, segment.dport);
  if (listener === null || (segment.flags & SYN) === 0 || (segment.flags & (ACK | RST)) !== 0) return false;
  const key = listener.keyOf(segment.src);
  if (!fitsKey(key, segment.content?.key ?? null)) return true;
  if (segment.ttl < listener.options.minTtl) return true;
  openPassively(world, runtime, listener, skb, key);
  return true;
}

function openPassively(world: World, runtime: HostRuntime, { options }: Listener, skb: Skb, key: string | null): void {
  const { src, dst, sport, dport, seq, mss } = skb.packet;
  const connection = newConnection(runtime, {
    local: dst,
    localPort: dport,
    remote: src,
    remotePort: sport,
    options: { ...options, key },
    state: "syn-received",
  });
  connection.mark = acceptedMark(runtime, skb);
  connection.remoteIsn = seq;
  connection.expected = 1;
  lowerMss(connection, mss === 0 ? TCP_MSS_DEFAULT : mss);
  addConnection(world.tcp, connection);
  sendSynAck(world, connection);
}

/** tcp_rcv_state_process(), tcp_rcv_established(). */
export function receiveOn(world: World, connection: Connection, segment: Packet): void {
  if (!fitsKey(connection.options.key, segment.content?.key ?? null)) return;
  if (segment.ttl < connection.options.minTtl) return;
  const { flags } = segment;
  if (connection.state === "syn-sent") return receiveInSynSent(world, connection, segment);
  const seq = relative(segment.seq, connection.remoteIsn, connection.expected);
  if ((flags & RST) !== 0) {
    // RFC 5961: a reset counts at the very next number.
    if (seq === connection.expected)
      drop(world, connection, connection.state === "close-wait" ? "EPIPE" : "ECONNRESET");
    return;
  }
  if ((flags & SYN) !== 0) {
    if (connection.state === "syn-received" && seq === 0) sendSynAck(world, connection);
    else sendChallenge(world, connection);
    return;
  }
  if ((flags & ACK) === 0) return;
  takeAcknowledgement(world, connection, relative(segment.ack, ISN, connection.acknowledged));
  if (connection.state === "closed" || connection.state === "syn-received") return;
  takeOctets(world, connection, segment, seq);
}

function receiveInSynSent(world: World, connection: Connection, { flags, seq, ack, mss }: Packet): void {
  if ((flags & ACK) !== 0 && relative(ack, ISN, 0) !== 1) return;
  if ((flags & RST) !== 0) {
    if ((flags & ACK) !== 0) drop(world, connection, "ECONNREFUSED");
    return;
  }
  if ((flags & (SYN | ACK)) !== (SYN | ACK)) return;
  connection.remoteIsn = seq;
  connection.expected = 1;
  connection.acknowledged = 1;
  lowerMss(connection, mss === 0 ? TCP_MSS_DEFAULT : mss);
  connection.state = "established";
  settleTimer(world, connection);
  sendAck(world, connection);
  connection.events?.connected();
}

function takeAcknowledgement(world: World, connection: Connection, ack: number): void {
  if (ack > connection.next || ack <= connection.acknowledged) return;
  connection.acknowledged = ack;
  const { flight } = connection;
  for (let oldest = flight[0]; oldest !== undefined; oldest = flight[0]) {
    const end = connection.flightFrom + oldest.octets.length;
    if (end > ack) break;
    connection.flightFrom = end;
    flight.shift();
  }
  if (connection.state === "syn-received") {
    connection.state = "established";
    const listener = findListener(world.tcp, connection.runtime.host.name, connection.local, connection.localPort);
    settleTimer(world, connection);
    const events = listener?.accept(connection) ?? null;
    if (connection.state !== "established") return;
    if (events === null) {
      sendReset(world, connection);
      forget(world, connection);
      return;
    }
    connection.events = events;
    events.connected();
    return;
  }
  settleTimer(world, connection);
  sendQueue(world, connection);
  if (connection.finSent && ack === connection.next) {
    if (connection.state === "last-ack") forget(world, connection);
    else if (connection.state === "fin-wait") connection.state = "fin-wait-2";
  }
}

/** An acknowledgement of something new: the timer starts again, or rests. */
function settleTimer(world: World, connection: Connection): void {
  connection.retries = 0;
  connection.softError = null;
  connection.retransmission.expires = null;
  if (connection.acknowledged < connection.next) arm(world, connection);
}

function takeOctets(world: World, connection: Connection, segment: Packet, seq: number): void {
  const { payloadLength, flags, content } = segment;
  const fin = (flags & FIN) !== 0;
  if (payloadLength === 0 && !fin) return;
  if (seq !== connection.expected) {
    // Seen before, or one is missing: what is expected is told again.
    sendChallenge(world, connection);
    return;
  }
  const orphan =
    connection.state === "fin-wait" || connection.state === "fin-wait-2" || connection.state === "last-ack";
  if (payloadLength > 0) {
    if (orphan) {
      // TCP_ABORT_ON_DATA: nobody is left who could read it.
      sendReset(world, connection);
      forget(world, connection);
      return;
    }
    connection.expected += payloadLength;
  }
  if (fin) connection.expected++;
  sendAck(world, connection);
  if (payloadLength > 0) {
    if (connection.paused) connection.unread = true;
    else if (content !== null) connection.events?.received(content.octets);
  }
  if (!fin || isClosed(connection)) return;
  if (connection.state === "established") {
    connection.state = "close-wait";
    connection.events?.lost(null);
  } else if (connection.state === "fin-wait-2") forget(world, connection);
  else if (connection.state === "fin-wait") connection.state = "last-ack";
}

function isClosed({ state }: Connection): boolean {
  return state === "closed";
}

/** icmp_err_convert[] (net/ipv4/icmp.c) and icmpv6_err_convert(): what an error means to a program. */
const ERRNO_4 = [
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENOPROTOOPT",
  "ECONNREFUSED",
  "EMSGSIZE",
  "EOPNOTSUPP",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENONET",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EHOSTUNREACH",
  "EHOSTUNREACH",
  "EHOSTUNREACH",
];
const ERRNO_6 = ["ENETUNREACH", "EACCES", "EHOSTUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "EACCES", "EACCES"];

/**
 * tcp_v4_err(), tcp_v6_err(): an error about a segment ends a connection that is being made, and is kept in mind else. One that tells
 * how little a way takes makes segments shorter.
 */
export function segmentError(world: World, runtime: HostRuntime, message: Packet, quoted: Packet): void {
  const { src, dst, sport, dport } = quoted;
  const connection = findConnection(world.tcp, runtime.host.name, src, sport, dst, dport);
  const errno = errnoOf(message);
  if (connection === null) return;
  if (tellsMtu(message)) return followMtu(world, connection);
  if (errno === null) return;
  if (connection.state === "syn-sent" || connection.state === "syn-received") drop(world, connection, errno);
  else connection.softError = errno;
}

function errnoOf({ protocol, icmpType, icmpCode }: Packet): string | null {
  if (protocol === ICMPV6) {
    if (icmpType === icmp.V6_DEST_UNREACHABLE) return ERRNO_6[icmpCode] ?? null;
    return icmpType === icmp.V6_TIME_EXCEEDED ? "EHOSTUNREACH" : null;
  }
  if (icmpType === icmp.DEST_UNREACHABLE) return ERRNO_4[icmpCode] ?? null;
  return icmpType === icmp.TIME_EXCEEDED ? "EHOSTUNREACH" : null;
}
