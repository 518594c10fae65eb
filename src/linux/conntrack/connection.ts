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
export const IPS_SEEN_REPLY = 1 << 1;
export const IPS_ASSURED = 1 << 2;
export const IPS_CONFIRMED = 1 << 3;
export const IPS_SRC_NAT = 1 << 4;
export const IPS_DST_NAT = 1 << 5;
export const IPS_SRC_NAT_DONE = 1 << 7;
export const IPS_DST_NAT_DONE = 1 << 8;
export const IPS_DYING = 1 << 9;

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

/** A tracked connection (`struct nf_conn`). */
export interface Connection {
  original: Tuple;
  reply: Tuple;
  /** IPS_* bits. */
  status: number;
  mark: number;
  tcpState: TcpState;
  /** Last TCP segment that changed or tried to change the state, for RST and SYN-ACK checks. */
  tcp: TcpTracking | null;
  /** Virtual time (s) at which it expires. */
  expires: number;
  packets: [number, number];
  bytes: [number, number];
}

export interface TcpTracking {
  /** Next sequence number each direction is expected to send: [original, reply]; -1 until seen. */
  end: [number, number];
  lastSynSeq: number;
}
