import type { Packet } from "../../net/packet.ts";
import type { Connection, TcpSender, TcpTracking } from "./connection.ts";
import { segmentEnd, u32 } from "./tcp-window.ts";

/**
 * What is remembered of a connection of which one SYN was seen: two numbers, of which all else follows. Most connections of a node
 * that is asked about are such, and what the tracker keeps of both directions is most of a connection's memory.
 */

export function emptySender(liberal: boolean): TcpSender {
  return {
    end: 0,
    maxEnd: 0,
    maxWindow: 0,
    maxAck: 0,
    maxAckSet: false,
    closeInit: false,
    unacknowledged: false,
    liberal,
  };
}

export function emptyTracking(liberal: boolean): TcpTracking {
  return {
    original: emptySender(liberal),
    reply: emptySender(liberal),
    lastSegment: "none",
    lastReply: false,
    lastIgnored: false,
    lastSeq: 0,
    lastAck: 0,
    lastEnd: 0,
    lastWindow: 0,
    retransmissions: 0,
    simultaneousOpen: false,
    expectsChallenge: false,
  };
}

/** A SYN opens a connection. */
export function noteSyn(connection: Connection, packet: Packet): void {
  connection.tcp = null;
  connection.synWindow = Math.max(packet.window, 1);
  connection.synEnd = segmentEnd(packet) | 0;
  connection.tcpState = "SYN_SENT";
}

/** What tcp_new() and tcp_in_window() note of that SYN; null where more, or nothing, was seen of the connection. */
export function openedTracking({ synWindow, synEnd }: Connection): TcpTracking | null {
  if (synWindow === 0) return null;
  const tracking = emptyTracking(false);
  const { original, reply } = tracking;
  original.end = u32(synEnd);
  original.maxEnd = original.end;
  original.maxWindow = synWindow;
  reply.maxEnd = synWindow;
  tracking.lastSegment = "syn";
  return tracking;
}

/** Highest sequence number that whoever opened the connection has sent, plus one; null: it is not known. */
export function originalEnd({ tcp, synWindow, synEnd }: Connection): number | null {
  if (tcp !== null) return tcp.original.end;
  return synWindow === 0 ? null : u32(synEnd);
}
