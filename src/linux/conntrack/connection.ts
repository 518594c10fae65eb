import type { Address } from "../../net/address.ts";

/**
 * One direction of a connection (`struct nf_conntrack_tuple`). For ICMP, `sport` is the id and `dport` is
 * `type << 8 | code`.
 */
export interface Tuple {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly zone: number;
}

/** `IPS_*` bits of `enum ip_conntrack_status`. */
export const IPS_EXPECTED = 1 << 0;
export const IPS_SEEN_REPLY = 1 << 1;
export const IPS_ASSURED = 1 << 2;
export const IPS_CONFIRMED = 1 << 3;
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;
export const IPS_SRC_NAT_DONE = 1 << 7;
export const IPS_DST_NAT_DONE = 1 << 8;
export const IPS_DYING = 1 << 9;
export const IPS_FIXED_TIMEOUT = 1 << 10;
export const IPS_NAT_CLASH = 1 << 12;

/** `enum tcp_conntrack`, in the kernel's order. */
export type TcpState =
  | "NONE"
  | "SYN_SENT"
  | "SYN_RECV"
  | "ESTABLISHED"
  | "FIN_WAIT"
  | "CLOSE_WAIT"
  | "LAST_ACK"
  | "TIME_WAIT"
  | "CLOSE"
  | "SYN_SENT2";

/** `enum sctp_conntrack`, in the kernel's order. */
export type SctpState =
  | "NONE"
  | "CLOSED"
  | "COOKIE_WAIT"
  | "COOKIE_ECHOED"
  | "ESTABLISHED"
  | "SHUTDOWN_SENT"
  | "SHUTDOWN_RECD"
  | "SHUTDOWN_ACK_SENT"
  | "HEARTBEAT_SENT";

/** What the tracker remembers of an association (`struct ip_ct_sctp`). */
export interface SctpTracking {
  /** Verification tag of packets of each direction, original first; 0 until it was heard, -1 where a dump hides it. */
  readonly tags: [number, number];
  /** An INIT of that direction was seen and not yet settled by a COOKIE ACK. */
  readonly init: [boolean, boolean];
  heartbeatFailed: boolean;
  lastReply: boolean;
}

/** A tracked connection (`struct nf_conn`). */
export interface Connection {
  original: Tuple;
  reply: Tuple;
  /** IPS_* bits. */
  status: number;
  mark: number;
  tcpState: TcpState;
  /** Null for other protocols, for what one SYN opened until another segment comes, and for dumped entries until a packet comes. */
  tcp: TcpTracking | null;
  /** Window of the SYN that opened it and is all that was seen of it (`tcp-opening.ts`), at least 1; else 0. */
  synWindow: number;
  /** Sequence number behind that SYN, as int32. */
  synEnd: number;
  sctpState: SctpState;
  /** Null for other protocols, and for dumped entries until a packet comes. */
  sctp: SctpTracking | null;
  /** Index of the device that MASQUERADE took the address of; 0 when it did not. */
  masqueradeIndex: number;
  /** Helper that listens to it (`-j CT --helper`). */
  helper: string | null;
  /** The connection whose helper announced this one. */
  master: Connection | null;
  /** It was there when the dump was taken: what a dump leaves out is not known of it. */
  dumped: boolean;
  /** The next older one from the same source (`nf_nat_bysource`); only of those whose source was translated. */
  nextFromSource: Connection | null;
  /** UDP: virtual time (s) from which traffic both ways makes it a stream. */
  streamFrom: number;
  /** Virtual time (s) at which it expires. */
  expires: number;
  /** The kernel counts its packets: not those of a connection that began while nothing asked for it. */
  counted: boolean;
  originalPackets: number;
  replyPackets: number;
  originalBytes: number;
  replyBytes: number;
}

/** What kind of segment it is to the tracker; the first of reset, SYN, FIN, ACK that applies. */
export type TcpSegment = "syn" | "synack" | "fin" | "ack" | "rst" | "none";

/** What is known of one direction (`struct ip_ct_tcp_state`). */
export interface TcpSender {
  /** Highest sequence number sent, plus one. */
  end: number;
  /** Highest one it may send. */
  maxEnd: number;
  /** Largest window it offered; 0 until it was heard. */
  maxWindow: number;
  /** Highest acknowledgement it sent. */
  maxAck: number;
  maxAckSet: boolean;
  /** It began to close. */
  closeInit: boolean;
  unacknowledged: boolean;
  /** Taken up in the middle: segments out of the window are not held against it. */
  liberal: boolean;
}

/** What the tracker remembers of a connection (`struct ip_ct_tcp`). */
export interface TcpTracking {
  readonly original: TcpSender;
  readonly reply: TcpSender;
  lastSegment: TcpSegment;
  lastReply: boolean;
  /** The last segment passed without being believed. */
  lastIgnored: boolean;
  lastSeq: number;
  lastAck: number;
  lastEnd: number;
  lastWindow: number;
  /** How often the last acknowledgement was repeated. */
  retransmissions: number;
  simultaneousOpen: boolean;
  /** A SYN went out in LAST_ACK: the ACK that follows may be a challenge (RFC 5961). */
  expectsChallenge: boolean;
}

/** An entry at rest, not yet in the table. */
export function newConnection(original: Tuple, reply: Tuple): Connection {
  return {
    original,
    reply,
    status: 0,
    mark: 0,
    tcpState: "NONE",
    tcp: null,
    synWindow: 0,
    synEnd: 0,
    sctpState: "NONE",
    sctp: null,
    masqueradeIndex: 0,
    helper: null,
    master: null,
    dumped: false,
    nextFromSource: null,
    streamFrom: 0,
    expires: 0,
    counted: true,
    originalPackets: 0,
    replyPackets: 0,
    originalBytes: 0,
    replyBytes: 0,
  };
}
