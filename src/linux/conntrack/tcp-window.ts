import type { Packet } from "../../net/packet.ts";
import { ACK, FIN, RST, SYN } from "../../net/tcp-flags.ts";
import {
  type Connection,
  IPS_SEEN_REPLY,
  type TcpSegment,
  type TcpSender,
  type TcpState,
  type TcpTracking,
} from "./connection.ts";
import type { TcpSettings } from "./tcp-settings.ts";

/** MAXACKWINCONST: how old an acknowledgement may be. */
const OLD_ACK = 66000;

/** A sequence number: modulo 2^32. */
export const u32 = (value: number): number => value >>> 0;
/** before() of include/net/tcp.h. Of numbers that need not be cut to 32 bits: their difference is, and larger ones are objects. */
export const before = (x: number, y: number): boolean => ((x - y) | 0) < 0;
/** after() of include/net/tcp.h. */
export const after = (x: number, y: number): boolean => before(y, x);

/** segment_seq_plus_len(). */
export function segmentEnd(packet: Packet): number {
  const { flags } = packet;
  return u32(packet.seq + packet.payloadLength + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0));
}

/** What is known of the direction that a segment belongs to. */
export function senderOf({ original, reply }: TcpTracking, isReply: boolean): TcpSender {
  return isReply ? reply : original;
}

/**
 * tcp_in_window(): whether a segment lies in the window, and what it tells about both directions. `ignore`: it passes and is not counted.
 * Window scaling and SACK are not in the model's packets.
 */
export function checkWindow(
  tracking: TcpTracking,
  state: TcpState,
  packet: Packet,
  segment: TcpSegment,
  reply: boolean,
  settings: TcpSettings,
): "accept" | "ignore" | "invalid" {
  const sender = senderOf(tracking, reply);
  const receiver = senderOf(tracking, !reply);
  const { flags, window } = packet;
  let { seq, ack } = packet;
  let end = segmentEnd(packet);
  const syn = (flags & SYN) !== 0;
  const acknowledges = (flags & ACK) !== 0;
  if (sender.maxWindow === 0) {
    if (syn) {
      begin(sender, end, window);
      if (!acknowledges) return "accept";
    } else {
      sender.end = end;
      sender.maxWindow = Math.max(window, 1);
      sender.maxEnd = u32(end + sender.maxWindow);
      if (receiver.maxWindow === 0) {
        receiver.end = ack;
        receiver.maxEnd = ack;
      } else if (ack === u32(receiver.end + 1)) receiver.end = ack;
    }
  } else if (syn && after(end, sender.end) && (state === "SYN_SENT" || state === "SYN_RECV")) {
    begin(sender, end, window);
    if (reply && !acknowledges) return "accept";
  }
  if (!acknowledges || ((flags & RST) !== 0 && ack === 0)) ack = receiver.end;
  if ((flags & RST) !== 0 && seq === 0 && state === "SYN_SENT") {
    seq = sender.end;
    end = sender.end;
  }
  const lenient = sender.liberal || settings.liberal;
  const oldestAck = receiver.end - Math.max(sender.maxWindow, OLD_ACK) - 1;
  const notTooOld = after(end, sender.end - receiver.maxWindow - 1);
  if (!before(seq, sender.maxEnd + 1)) {
    const overshot = u32(end - sender.maxEnd + 1);
    const fits = receiver.maxWindow !== 0 && notTooOld && after(ack, oldestAck);
    if (fits && overshot <= receiver.maxWindow && before(ack, receiver.end + 1)) {
      sender.end = end;
      sender.unacknowledged = true;
      return lenient ? "accept" : "ignore";
    }
    return lenient ? "accept" : "invalid";
  }
  if (!before(ack, receiver.end + 1)) return lenient ? "accept" : "invalid";
  if (receiver.maxWindow !== 0 && !notTooOld) return lenient ? "accept" : "ignore";
  if (!after(ack, oldestAck)) return lenient ? "accept" : "ignore";
  update(sender, receiver, end, ack, window, acknowledges);
  if (segment === "ack") compareWithLast(tracking, reply, seq, ack, end, window);
  return "accept";
}

/** How often in a row the same acknowledgement was seen. */
function compareWithLast(
  tracking: TcpTracking,
  reply: boolean,
  seq: number,
  ack: number,
  end: number,
  window: number,
): void {
  const repeated =
    tracking.lastReply === reply &&
    tracking.lastSeq === seq &&
    tracking.lastAck === ack &&
    tracking.lastEnd === end &&
    tracking.lastWindow === window;
  tracking.retransmissions = repeated ? tracking.retransmissions + 1 : 0;
  tracking.lastReply = reply;
  tracking.lastSeq = seq;
  tracking.lastAck = ack;
  tracking.lastEnd = end;
  tracking.lastWindow = window;
}

/**
 * Whether a plain segment (ACK, and neither SYN, FIN nor RST) of an established connection is accepted and leaves it established: what
 * `trackTcp` would find, without noting anything.
 */
export function staysEstablished(connection: Connection, { seq, ack, payloadLength }: Packet, reply: boolean): boolean {
  const { tcp: tracking, tcpState, status } = connection;
  if (tracking === null || tcpState !== "ESTABLISHED" || (status & IPS_SEEN_REPLY) === 0) return false;
  const sender = senderOf(tracking, reply);
  const receiver = senderOf(tracking, !reply);
  if (sender.maxWindow === 0 || receiver.maxWindow === 0) return false;
  return (
    before(seq, sender.maxEnd + 1) &&
    before(ack, receiver.end + 1) &&
    after(seq + payloadLength, sender.end - receiver.maxWindow - 1) &&
    after(ack, receiver.end - Math.max(sender.maxWindow, OLD_ACK) - 1)
  );
}

/**
 * A plain segment goes by: the same, and what it tells about both directions is noted, as `checkWindow` does, without asking again what a
 * plain segment leaves no doubt about. False: it is not one of those, and nothing was done.
 */
export function passEstablished(connection: Connection, packet: Packet, reply: boolean): boolean {
  const { tcp: tracking } = connection;
  if (tracking === null || !staysEstablished(connection, packet, reply)) return false;
  const { seq, ack, window, payloadLength } = packet;
  const end = u32(seq + payloadLength);
  update(senderOf(tracking, reply), senderOf(tracking, !reply), end, ack, window, true);
  compareWithLast(tracking, reply, seq, ack, end, window);
  tracking.lastSegment = "ack";
  tracking.lastIgnored = false;
  return true;
}

/** The stream of one direction has gone on by so many octets, which the other end has acknowledged. */
export function moveTracking(tracking: TcpTracking, reply: boolean, octets: number): void {
  const sender = senderOf(tracking, reply);
  const receiver = senderOf(tracking, !reply);
  sender.end = u32(sender.end + octets);
  sender.maxEnd = u32(sender.maxEnd + octets);
  receiver.maxAck = u32(receiver.maxAck + octets);
  if (tracking.lastReply === reply) {
    tracking.lastSeq = u32(tracking.lastSeq + octets);
    tracking.lastEnd = u32(tracking.lastEnd + octets);
  } else tracking.lastAck = u32(tracking.lastAck + octets);
}

/** The first segment of a direction, or a SYN that takes the place of an earlier one. */
function begin(sender: TcpSender, end: number, window: number): void {
  sender.end = end;
  sender.maxEnd = end;
  sender.maxWindow = Math.max(window, 1);
}

/** What an accepted segment tells about both directions. */
function update(
  sender: TcpSender,
  receiver: TcpSender,
  end: number,
  ack: number,
  window: number,
  acknowledges: boolean,
): void {
  sender.maxWindow = Math.max(sender.maxWindow, window);
  if (after(end, sender.end)) {
    sender.end = end;
    sender.unacknowledged = true;
  }
  if (acknowledges && (!sender.maxAckSet || after(ack, sender.maxAck))) {
    sender.maxAck = ack;
    sender.maxAckSet = true;
  }
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) receiver.maxWindow += u32(end - sender.maxEnd);
  if (after(ack + window, receiver.maxEnd - 1)) receiver.maxEnd = u32(ack + Math.max(window, 1));
  if (ack === receiver.end) receiver.unacknowledged = false;
}
