import type { Packet } from "../../net/packet.ts";
import { ACK, FIN, RST, SYN, URG } from "../../net/tcp-flags.ts";
import { type Connection, IPS_ASSURED, IPS_SEEN_REPLY, type TcpState } from "./connection.ts";

/** Rows of `tcp_conntracks` (net/netfilter/nf_conntrack_proto_tcp.c). */
type Segment = "syn" | "synack" | "fin" | "ack" | "rst" | "none";

/** IV: invalid. IG: ignored, the state stays. */
type Next = TcpState | "IV" | "IG";

const COLUMNS: readonly TcpState[] = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
];

const SHORT: Readonly<Record<string, Next>> = {
  SS: "SYN_SENT",
  SR: "SYN_RECV",
  ES: "ESTABLISHED",
  FW: "FIN_WAIT",
  CW: "CLOSE_WAIT",
  LA: "LAST_ACK",
  TW: "TIME_WAIT",
  CL: "CLOSE",
  S2: "SYN_SENT2",
  IV: "IV",
  IG: "IG",
};

function row(text: string): readonly Next[] {
  return text.split(" ").map((name) => SHORT[name] ?? "IV");
}

/** Columns: none, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2. */
const ORIGINAL: Readonly<Record<Segment, readonly Next[]>> = {
  syn: row("SS SS IG IG IG IG IG SS SS S2"),
  synack: row("IV IV SR IV IV IV IV IV IV SR"),
  fin: row("IV IV FW FW LA LA LA TW CL IV"),
  ack: row("ES IV ES ES CW CW TW TW CL IV"),
  rst: row("IV CL CL CL CL CL CL CL CL CL"),
  none: row("IV IV IV IV IV IV IV IV IV IV"),
};

const REPLY: Readonly<Record<Segment, readonly Next[]>> = {
  syn: row("IV S2 IV IV IV IV IV SS IV S2"),
  synack: row("IV SR IG IG IG IG IG IG IG SR"),
  fin: row("IV IV FW FW LA LA LA TW CL IV"),
  ack: row("IV IG SR ES CW CW TW TW CL IG"),
  rst: row("IV CL CL CL CL CL CL CL CL CL"),
  none: row("IV IV IV IV IV IV IV IV IV IV"),
};

/** Seconds, `nf_conntrack_tcp_timeout_*` of a fresh namespace. */
const TIMEOUTS: Readonly<Record<TcpState, number>> = {
  NONE: 2,
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
  SYN_SENT2: 120,
};

/** Flag combinations tcp_error() lets through, with PSH masked off (ECE and CWR are not modelled). */
const VALID_FLAGS: ReadonlySet<number> = new Set([
  SYN,
  SYN | URG,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK | URG,
  ACK,
  ACK | URG,
]);

export function validTcpFlags(flags: number): boolean {
  return VALID_FLAGS.has(flags & (FIN | SYN | RST | ACK | URG));
}

function segmentOf(flags: number): Segment {
  if (flags & RST) return "rst";
  if (flags & SYN) return flags & ACK ? "synack" : "syn";
  if (flags & FIN) return "fin";
  return flags & ACK ? "ack" : "none";
}

function nextState(state: TcpState, segment: Segment, reply: boolean): Next {
  return (reply ? REPLY : ORIGINAL)[segment][COLUMNS.indexOf(state)] ?? "IV";
}

/** The state a first segment opens a connection in; null when it can open none (tcp_new). */
export function openingState(flags: number, loose: boolean): TcpState | null {
  const next = nextState("NONE", segmentOf(flags), false);
  if (next === "IV" || next === "IG") return null;
  return next === "SYN_SENT" || loose ? next : null;
}

/** What a segment does to a connection. */
export type TcpVerdict = "accept" | "invalid" | "delete" | "new";

const u32 = (value: number): number => value >>> 0;

/** Sequence number after the segment. */
function segmentEnd(packet: Packet): number {
  const { flags } = packet;
  return u32(packet.seq + packet.payloadLength + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0));
}

/**
 * nf_conntrack_tcp_packet() for an existing connection: moves the state on. `new` asks the caller to delete the entry
 * and begin again (a SYN in TIME_WAIT).
 */
export function trackTcp(connection: Connection, packet: Packet, reply: boolean, now: number): TcpVerdict {
  const segment = segmentOf(packet.flags);
  const old = connection.tcpState;
  const next = nextState(old, segment, reply);
  const tracking = connection.tcp ?? { end: [-1, -1], lastSynSeq: 0 };
  connection.tcp = tracking;
  if (next === "SYN_SENT" && (old === "TIME_WAIT" || old === "CLOSE") && segment === "syn" && !reply) return "new";
  if (next === "IV") return "invalid";
  if (next === "IG") return "accept";
  const otherEnd = tracking.end[reply ? 0 : 1];
  if (segment === "synack" && reply && old === "SYN_SENT" && otherEnd >= 0 && packet.ack !== otherEnd) {
    return "invalid";
  }
  if (segment === "rst") {
    if (old === "SYN_SENT" && reply) {
      return otherEnd >= 0 && packet.flags & ACK && packet.ack !== otherEnd ? "invalid" : "delete";
    }
    if (!(connection.status & IPS_SEEN_REPLY)) return "delete";
  }
  const end = segmentEnd(packet);
  if (reply) tracking.end[1] = end;
  else tracking.end[0] = end;
  connection.tcpState = next;
  if (old !== "ESTABLISHED" && next === "ESTABLISHED" && connection.status & IPS_SEEN_REPLY) {
    connection.status |= IPS_ASSURED;
  }
  connection.expires = now + TIMEOUTS[next];
  return "accept";
}

/** Starts the bookkeeping of a new connection. */
export function openTcp(connection: Connection, packet: Packet, state: TcpState, now: number): void {
  connection.tcpState = state;
  connection.tcp = { end: [segmentEnd(packet), -1], lastSynSeq: packet.seq };
  connection.expires = now + TIMEOUTS[state];
}

/** Reads a state name of a dump; null when it is none. */
export function parseTcpState(text: string): TcpState | null {
  return COLUMNS.find((state) => state === text) ?? null;
}
