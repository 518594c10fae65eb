import { ACK, FIN, RST, SYN, URG } from "../../net/tcp-flags.ts";
import type { TcpSegment, TcpState } from "./connection.ts";

/** IV: invalid. IG: ignored, the state stays. */
export type NextTcpState = TcpState | "IV" | "IG";

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

const SHORT: Readonly<Record<string, NextTcpState>> = {
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

function row(text: string): readonly NextTcpState[] {
  return text.split(" ").map((name) => SHORT[name] ?? "IV");
}

/** Columns: none, SYN_SENT, SYN_RECV, ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE, SYN_SENT2. */
const ORIGINAL: Readonly<Record<TcpSegment, readonly NextTcpState[]>> = {
  syn: row("SS SS IG IG IG IG IG SS SS S2"),
  synack: row("IV IV SR IV IV IV IV IV IV SR"),
  fin: row("IV IV FW FW LA LA LA TW CL IV"),
  ack: row("ES IV ES ES CW CW TW TW CL IV"),
  rst: row("IV CL CL CL CL CL CL CL CL CL"),
  none: row("IV IV IV IV IV IV IV IV IV IV"),
};

const REPLY: Readonly<Record<TcpSegment, readonly NextTcpState[]>> = {
  syn: row("IV S2 IV IV IV IV IV SS IV S2"),
  synack: row("IV SR IG IG IG IG IG IG IG SR"),
  fin: row("IV IV FW FW LA LA LA TW CL IV"),
  ack: row("IV IG SR ES CW CW TW TW CL IG"),
  rst: row("IV CL CL CL CL CL CL CL CL CL"),
  none: row("IV IV IV IV IV IV IV IV IV IV"),
};

/** What tcp_error() looks at: PSH is masked off, ECE and CWR are not modelled. */
const FLAGS = FIN | SYN | RST | ACK | URG;

/** By flags: 1 where tcp_error() lets them through. */
const VALID_FLAGS = new Uint8Array(FLAGS + 1);
for (const flags of [SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG]) {
  VALID_FLAGS[flags] = 1;
}

/** Whether tcp_error() lets a segment with these flags through. */
export function validTcpFlags(flags: number): boolean {
  return VALID_FLAGS[flags & FLAGS] === 1;
}

/** get_conntrack_index(). */
export function segmentOf(flags: number): TcpSegment {
  if (flags & RST) return "rst";
  if (flags & SYN) return flags & ACK ? "synack" : "syn";
  if (flags & FIN) return "fin";
  return flags & ACK ? "ack" : "none";
}

/** The state behind a segment of one direction (tcp_conntracks[][][]). */
export function nextTcpState(state: TcpState, segment: TcpSegment, reply: boolean): NextTcpState {
  // most segments of all, in both directions
  if (state === "ESTABLISHED" && segment === "ack") return "ESTABLISHED";
  // what begins a connection
  if (state === "NONE" && segment === "syn" && !reply) return "SYN_SENT";
  return (reply ? REPLY : ORIGINAL)[segment][COLUMNS.indexOf(state)] ?? "IV";
}

/** Whether one state stands before another one in the kernel's order (enum tcp_conntrack). */
export function isBeforeState(state: TcpState, other: TcpState): boolean {
  return COLUMNS.indexOf(state) < COLUMNS.indexOf(other);
}

/** Reads a state name of a dump; null when it is none. */
export function parseTcpState(text: string): TcpState | null {
  return COLUMNS.find((state) => state === text) ?? null;
}
