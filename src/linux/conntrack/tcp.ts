import { describePacket, type Packet } from "../../net/packet.ts";
import { ACK, SYN } from "../../net/tcp-flags.ts";
import type { HostRuntime } from "../runtime.ts";
import {
  type Connection,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_FIXED_TIMEOUT,
  IPS_SEEN_REPLY,
  type TcpSegment,
  type TcpState,
  type TcpTracking,
} from "./connection.ts";
import { emptySender, emptyTracking, noteSyn, openedTracking } from "./tcp-opening.ts";
import { type TcpSettings, tcpSettings } from "./tcp-settings.ts";
import { isBeforeState, nextTcpState, segmentOf } from "./tcp-states.ts";
import { before, checkWindow, passEstablished, segmentEnd, senderOf, u32 } from "./tcp-window.ts";
import { type KnownTimeouts, knownTimeouts, type TimeoutName, timeoutOf } from "./timeouts.ts";

/**
 * The TCP tracker (net/netfilter/nf_conntrack_proto_tcp.c): what a segment does to a connection. Which state follows stands in
 * `tcp-states.ts`, whether a segment lies in the window in `tcp-window.ts`; held against Linux 6.18 by `test/kernel/fuzz/worlds/tcp-flows.ts`.
 */

/** Seconds of SYN_SENT2, which no sysctl sets. Nothing rests in NONE. */
const SYN_SENT2_TIMEOUT = 120;

const TIMEOUTS: Readonly<Record<Exclude<TcpState, "NONE" | "SYN_SENT2">, TimeoutName>> = {
  SYN_SENT: "tcp_timeout_syn_sent",
  SYN_RECV: "tcp_timeout_syn_recv",
  ESTABLISHED: "tcp_timeout_established",
  FIN_WAIT: "tcp_timeout_fin_wait",
  CLOSE_WAIT: "tcp_timeout_close_wait",
  LAST_ACK: "tcp_timeout_last_ack",
  TIME_WAIT: "tcp_timeout_time_wait",
  CLOSE: "tcp_timeout_close",
};

/** Nothing is unacknowledged or was repeated. */
const EMPTY = emptyTracking(false);

/** An entry that has less than that left (s) is not shortened by segments out of the window. */
const SHORT_LIFE = 120;

/**
 * What a segment does to a connection. `keep`: it passes, and the entry neither lives longer nor counts it. `repeat`:
 * the entry is dead, and the segment begins another.
 */
export type TcpVerdict = "accept" | "keep" | "invalid" | "delete" | "repeat";

/**
 * A dump tells the state and no numbers. The first segment is taken to be the one that fits, and later ones out of the
 * window are not held against it; whoever closed, did so in order.
 */
function dumpedTracking(runtime: HostRuntime, connection: Connection, packet: Packet, reply: boolean): TcpTracking {
  const tracking = emptyTracking(true);
  const { tcpState } = connection;
  const own = senderOf(tracking, reply);
  const other = senderOf(tracking, !reply);
  const window = Math.max(packet.window, 1);
  if (packet.flags & ACK) {
    other.end = packet.ack;
    other.maxEnd = u32(packet.ack + window);
    other.maxWindow = window;
    if (!(packet.flags & SYN)) {
      own.end = packet.seq;
      own.maxEnd = u32(packet.seq + window);
      own.maxWindow = window;
    }
  }
  tracking.lastWindow = window;
  tracking.original.closeInit = isClosing(tcpState) && tcpState !== "CLOSE";
  if (tcpState === "CLOSE" && (packet.flags & (SYN | ACK)) === SYN) {
    tracking.lastSegment = "rst";
    tracking.lastReply = resetByServer(runtime, connection, packet);
  }
  return tracking;
}

/** A new SYN opens the connection anew only if its own side had reset the old one. */
function resetByServer(runtime: HostRuntime, { original }: Connection, packet: Packet): boolean {
  const { name } = runtime.host;
  const answer = runtime.services.choose({
    kind: "unknown",
    code: "reset-side",
    variable: `reset ${name} ${describePacket(packet)}`,
    question: `which side reset the connection from port ${original.sport} to ${original.dport} that ${name} still knows as CLOSE?`,
    alternatives: [
      { label: "the client", probability: 0 },
      { label: "the server", probability: 0 },
    ],
    command: "conntrack -E -p tcp",
  });
  return answer === 1;
}

/** tcp_new(): whether a segment can open a connection; then the bookkeeping starts with it. */
export function openTcp(runtime: HostRuntime, connection: Connection, packet: Packet): boolean {
  const next = nextTcpState("NONE", segmentOf(packet.flags), false);
  if (next === "IV" || next === "IG") return false;
  const picksUp = next !== "SYN_SENT";
  if (picksUp && !tcpSettings(runtime).loose) return false;
  const tracking = emptyTracking(picksUp);
  const sender = tracking.original;
  sender.end = segmentEnd(packet);
  sender.maxWindow = Math.max(packet.window, 1);
  sender.maxEnd = picksUp ? u32(sender.end + sender.maxWindow) : sender.end;
  connection.tcp = tracking;
  connection.tcpState = "NONE";
  return true;
}

/** The first SYN of a connection, tcp_new() and all: what `openTcp` and `trackTcp` would do. */
export function openWithSyn(runtime: HostRuntime, connection: Connection, packet: Packet, now: number): TcpVerdict {
  // what they say makes no difference yet, and is part of what the answer rests on
  tcpSettings(runtime);
  noteSyn(connection, packet);
  return settle(runtime, connection, EMPTY, "syn", "NONE", "SYN_SENT", now);
}

/** nf_conntrack_tcp_packet() behind tcp_error() and tcp_new(): moves the state on. */
export function trackTcp(
  runtime: HostRuntime,
  connection: Connection,
  packet: Packet,
  reply: boolean,
  now: number,
): TcpVerdict {
  const settings = tcpSettings(runtime);
  const segment = segmentOf(packet.flags);
  const tracking = connection.tcp ?? openedTracking(connection) ?? dumpedTracking(runtime, connection, packet, reply);
  connection.tcp = tracking;
  connection.synWindow = 0;
  let old = connection.tcpState;
  let next = nextTcpState(old, segment, reply);
  let inWindow = false;
  const own = senderOf(tracking, reply);
  const other = senderOf(tracking, !reply);
  switch (next) {
    case "IV":
      return "invalid";
    case "IG":
    case "SYN_SENT": {
      if (next === "SYN_SENT") {
        if (old === "NONE" || isBeforeState(old, "TIME_WAIT")) break;
        const aborted = tracking.lastReply === reply && tracking.lastSegment === "rst";
        if (own.closeInit || other.closeInit || aborted) return "repeat";
      }
      if (inSyncAgain(tracking, packet, segment, reply)) {
        old = "SYN_SENT";
        next = "SYN_RECV";
        break;
      }
      ignore(tracking, packet, segment, reply, old);
      return "keep";
    }
    case "TIME_WAIT":
      if (
        old === "LAST_ACK" &&
        segment === "ack" &&
        tracking.lastReply !== reply &&
        tracking.lastSegment === "syn" &&
        tracking.expectsChallenge
      ) {
        tracking.expectsChallenge = false;
        return "keep";
      }
      break;
    case "SYN_SENT2":
      tracking.simultaneousOpen = true;
      break;
    case "SYN_RECV":
      if (reply && segment === "ack" && tracking.simultaneousOpen) next = "ESTABLISHED";
      break;
    case "CLOSE": {
      if (segment !== "rst") break;
      const how = judgeReset(connection, tracking, packet, reply, settings);
      if (how === "invalid") return "invalid";
      if (how === "keep") next = old;
      inWindow = how === "inWindow" || answersIgnored(connection, tracking, packet, reply);
      break;
    }
  }
  if (!inWindow) {
    const result = checkWindow(tracking, connection.tcpState, packet, segment, reply, settings);
    if (result === "ignore") return "keep";
    if (result === "invalid") {
      noteInvalid(runtime, connection, tracking, segment, reply, now);
      return "invalid";
    }
  }
  tracking.lastSegment = segment;
  tracking.lastReply = reply;
  tracking.lastIgnored = false;
  connection.tcpState = next;
  if (old !== next && next === "FIN_WAIT") senderOf(tracking, reply).closeInit = true;
  return settle(runtime, connection, tracking, segment, old, next, now);
}

/** A SYN-ACK that acknowledges a SYN which was ignored before: both ends are in sync, and now conntrack is too. */
function inSyncAgain(tracking: TcpTracking, packet: Packet, segment: TcpSegment, reply: boolean): boolean {
  if (segment !== "synack" || tracking.lastSegment !== "syn" || tracking.lastReply === reply) return false;
  if (packet.ack !== tracking.lastEnd) return false;
  const client = senderOf(tracking, !reply);
  const server = senderOf(tracking, reply);
  Object.assign(client, emptySender(false), {
    end: tracking.lastEnd,
    maxEnd: tracking.lastEnd,
    maxWindow: Math.max(tracking.lastWindow, 1),
    maxAck: client.maxAck,
  });
  Object.assign(server, emptySender(server.liberal));
  tracking.expectsChallenge = false;
  return true;
}

/** TCP_CONNTRACK_IGNORE: the segment passes and is remembered, since the other end's answer may say what it meant. */
function ignore(tracking: TcpTracking, packet: Packet, segment: TcpSegment, reply: boolean, old: TcpState): void {
  tracking.lastSegment = segment;
  tracking.lastReply = reply;
  tracking.lastIgnored = true;
  tracking.lastSeq = packet.seq;
  tracking.lastEnd = segmentEnd(packet);
  tracking.lastWindow = packet.window;
  if (segment === "syn" && !reply) {
    tracking.simultaneousOpen = false;
    tracking.expectsChallenge = old === "LAST_ACK";
  }
  if (old === "SYN_SENT" && segment === "ack" && reply) tracking.lastAck = packet.ack;
}

/** nf_tcp_handle_invalid(): a FIN or reset out of the window is remembered, and one each way shortens the entry's life. */
function noteInvalid(
  runtime: HostRuntime,
  connection: Connection,
  tracking: TcpTracking,
  segment: TcpSegment,
  reply: boolean,
  now: number,
): void {
  if (!(connection.status & IPS_ASSURED) || (segment !== "rst" && segment !== "fin")) return;
  if (tracking.lastReply !== reply && (tracking.lastSegment === "fin" || tracking.lastSegment === "rst")) {
    if (connection.expires - now < SHORT_LIFE) return;
    connection.expires = Math.min(connection.expires, now + timeoutOf(runtime, "tcp_timeout_unacknowledged"));
    return;
  }
  tracking.lastSegment = segment;
  tracking.lastReply = reply;
}

/** tcp_can_early_drop(). */
export function isClosing(state: TcpState): boolean {
  return (
    state === "FIN_WAIT" || state === "LAST_ACK" || state === "TIME_WAIT" || state === "CLOSE" || state === "CLOSE_WAIT"
  );
}

/** nf_conntrack_tcp_established(). */
function isEstablished(connection: Connection): boolean {
  return connection.tcpState === "ESTABLISHED" && (connection.status & IPS_ASSURED) !== 0;
}

/** A reset: `keep` leaves the state as it is, for a challenge ACK may follow. */
function judgeReset(
  connection: Connection,
  tracking: TcpTracking,
  packet: Packet,
  reply: boolean,
  settings: TcpSettings,
): "invalid" | "keep" | "close" | "inWindow" {
  if (isClosing(connection.tcpState)) return "inWindow";
  // The client's answer to a challenge ACK, which was let through while it waited for a SYN-ACK.
  const challenged = connection.tcpState === "SYN_SENT" && tracking.lastSegment === "ack" && tracking.lastReply;
  if (challenged && !reply && packet.seq === tracking.lastAck) return "inWindow";
  const other = senderOf(tracking, !reply);
  if (!other.maxAckSet || tracking.lastSegment === "syn") return "close";
  const { seq } = packet;
  if (seq === 0 && !isEstablished(connection)) return "close";
  if (before(seq, other.maxAck) && !settings.ignoreInvalidReset) return "invalid";
  if (!isEstablished(connection) || seq === other.maxAck) return "close";
  if (tracking.lastSegment === "ack" && tracking.lastReply === reply && seq === tracking.lastEnd) return "close";
  return "keep";
}

/**
 * A reset that answers a segment of the other side which was let through without belonging: its window says nothing.
 * That it must be the other side's was measured on Linux 6.18.
 */
function answersIgnored({ status }: Connection, tracking: TcpTracking, packet: Packet, reply: boolean): boolean {
  if (tracking.lastReply === reply) return false;
  const toSyn = (status & IPS_SEEN_REPLY) !== 0 && tracking.lastSegment === "syn";
  const toAck = (status & IPS_ASSURED) === 0 && tracking.lastSegment === "ack" && tracking.lastIgnored;
  return (toSyn || toAck) && packet.ack === tracking.lastEnd;
}

/**
 * A plain segment of an established connection, if it is accepted and leaves it established (`staysEstablished`): what `trackTcp` would do.
 * False: it is not one of those, and nothing was done.
 */
export function trackPlainTcp(
  runtime: HostRuntime,
  connection: Connection,
  packet: Packet,
  reply: boolean,
  now: number,
): boolean {
  const { tcp: tracking } = connection;
  if (tracking === null || !passEstablished(connection, packet, reply)) return false;
  settle(runtime, connection, tracking, "ack", "ESTABLISHED", "ESTABLISHED", now);
  return true;
}

/** The end of nf_conntrack_tcp_packet(): how long the entry lives now, and whether it does. */
function settle(
  runtime: HostRuntime,
  connection: Connection,
  tracking: TcpTracking,
  segment: TcpSegment,
  old: TcpState,
  next: TcpState,
  now: number,
): TcpVerdict {
  const known = knownTimeouts(runtime);
  let timeout = knownTimeoutIn(known, next) ?? timeoutIn(runtime, next);
  const retransmitted = tracking.retransmissions >= (known.tcp_max_retrans ?? timeoutOf(runtime, "tcp_max_retrans"));
  const unacknowledged = tracking.original.unacknowledged || tracking.reply.unacknowledged;
  if (retransmitted && timeout > timeoutOf(runtime, "tcp_timeout_max_retrans")) {
    timeout = timeoutOf(runtime, "tcp_timeout_max_retrans");
  } else if (segment === "rst") timeout = timeoutOf(runtime, "tcp_timeout_close");
  else if (
    unacknowledged &&
    timeout > (known.tcp_timeout_unacknowledged ?? timeoutOf(runtime, "tcp_timeout_unacknowledged"))
  ) {
    timeout = timeoutOf(runtime, "tcp_timeout_unacknowledged");
  } else if (tracking.lastWindow === 0) timeout = Math.min(timeout, timeoutOf(runtime, "tcp_timeout_max_retrans"));
  if (!(connection.status & IPS_SEEN_REPLY)) {
    if (segment === "rst") return "delete";
    if (segment === "syn" && old === "SYN_SENT") return "keep";
    if (next === "ESTABLISHED") timeout = Math.min(timeout, timeoutOf(runtime, "tcp_timeout_unacknowledged"));
  } else if ((old === "SYN_RECV" || old === "ESTABLISHED") && next === "ESTABLISHED") {
    connection.status |= IPS_ASSURED;
  }
  connection.expires = now + timeout;
  return "accept";
}

/** The same of the states of most packets, each by its name. */
function knownTimeoutIn(known: KnownTimeouts, state: TcpState): number | undefined {
  if (state === "ESTABLISHED") return known.tcp_timeout_established;
  return state === "SYN_SENT" ? known.tcp_timeout_syn_sent : undefined;
}

function timeoutIn(runtime: HostRuntime, state: TcpState): number {
  return state === "NONE" || state === "SYN_SENT2" ? SYN_SENT2_TIMEOUT : timeoutOf(runtime, TIMEOUTS[state]);
}

/** nf_conntrack_tcp_set_closing(): a confirmed connection that REJECT resets is closed on the spot. */
export function closeTcp(runtime: HostRuntime, connection: Connection): void {
  if ((connection.status & IPS_CONFIRMED) === 0) return;
  const before = connection.tcpState;
  connection.tcpState = "CLOSE";
  if (before === "CLOSE" || (connection.status & IPS_FIXED_TIMEOUT) !== 0) return;
  connection.expires = runtime.services.now() + timeoutOf(runtime, "tcp_timeout_close");
}
