import type { Packet } from "../../net/packet.ts";
import {
  ABORT,
  COOKIE_ACK,
  COOKIE_ECHO,
  DATA,
  HEARTBEAT,
  HEARTBEAT_ACK,
  INIT,
  INIT_ACK,
  SCTP_INIT,
  type SctpHeader,
  SHUTDOWN_ACK,
  SHUTDOWN_COMPLETE,
  T_FLAG,
} from "../../net/sctp.ts";
import type { HostRuntime } from "../runtime.ts";
import { type Connection, IPS_ASSURED, IPS_CONFIRMED, type SctpState, type SctpTracking } from "./connection.ts";
import { type TimeoutName, timeoutOf } from "./timeouts.ts";

/** The SCTP tracker (net/netfilter/nf_conntrack_proto_sctp.c). Held against Linux 6.18 by `test/kernel/fuzz/worlds/conntrack-flows.ts`. */

/** Columns of the tables: none, CLOSED, COOKIE_WAIT, COOKIE_ECHOED, ESTABLISHED, SHUTDOWN_SENT, _RECD, _ACK_SENT, HEARTBEAT_SENT. */
const COLUMNS: readonly SctpState[] = [
  "NONE",
  "CLOSED",
  "COOKIE_WAIT",
  "COOKIE_ECHOED",
  "ESTABLISHED",
  "SHUTDOWN_SENT",
  "SHUTDOWN_RECD",
  "SHUTDOWN_ACK_SENT",
  "HEARTBEAT_SENT",
];

const SHORT: Readonly<Record<string, SctpState>> = {
  CL: "CLOSED",
  CW: "COOKIE_WAIT",
  CE: "COOKIE_ECHOED",
  ES: "ESTABLISHED",
  SS: "SHUTDOWN_SENT",
  SR: "SHUTDOWN_RECD",
  SA: "SHUTDOWN_ACK_SENT",
  HS: "HEARTBEAT_SENT",
};

/** Null: the packet is invalid. */
function row(text: string): readonly (SctpState | null)[] {
  return text.split(" ").map((name) => SHORT[name] ?? null);
}

/** Rows by chunk type; a chunk without a row (DATA, SACK, …) leaves the state as it is. */
const ORIGINAL: ReadonlyMap<number, readonly (SctpState | null)[]> = new Map([
  [INIT, row("CL CL CW CE ES CL CL SA CW")],
  [INIT_ACK, row("CL CL CW CE ES SS SR SA CL")],
  [ABORT, row("CL CL CL CL CL CL CL CL CL")],
  [7, row("CL CL CW CE SS SS SR SA CL")],
  [SHUTDOWN_ACK, row("SA CL CW CE ES SA SA SA SA")],
  [9, row("CL CL CW CE ES SS SR SA CL")],
  [COOKIE_ECHO, row("CL CL CE CE ES SS SR SA CL")],
  [COOKIE_ACK, row("CL CL CW ES ES SS SR SA CL")],
  [SHUTDOWN_COMPLETE, row("CL CL CW CE ES SS SR CL CL")],
  [HEARTBEAT, row("HS CL CW CE ES SS SR SA HS")],
  [HEARTBEAT_ACK, row("CL CL CW CE ES SS SR SA HS")],
]);

const REPLY: ReadonlyMap<number, readonly (SctpState | null)[]> = new Map([
  [INIT, row("IV CL CW CE ES SS SR SA IV")],
  [INIT_ACK, row("IV CW CW CE ES SS SR SA IV")],
  [ABORT, row("IV CL CL CL CL CL CL CL IV")],
  [7, row("IV CL CW CE SR SS SR SA IV")],
  [SHUTDOWN_ACK, row("IV CL CW CE ES SA SA SA IV")],
  [9, row("IV CL CW CL ES SS SR SA IV")],
  [COOKIE_ECHO, row("IV CL CE CE ES SS SR SA IV")],
  [COOKIE_ACK, row("IV CL CW ES ES SS SR SA IV")],
  [SHUTDOWN_COMPLETE, row("IV CL CW CE ES SS SR CL IV")],
  [HEARTBEAT, row("IV CL CW CE ES SS SR SA HS")],
  [HEARTBEAT_ACK, row("IV CL CW CE ES SS SR SA ES")],
]);

const TIMEOUTS: Readonly<Record<Exclude<SctpState, "NONE">, TimeoutName>> = {
  CLOSED: "sctp_timeout_closed",
  COOKIE_WAIT: "sctp_timeout_cookie_wait",
  COOKIE_ECHOED: "sctp_timeout_cookie_echoed",
  ESTABLISHED: "sctp_timeout_established",
  SHUTDOWN_SENT: "sctp_timeout_shutdown_sent",
  SHUTDOWN_RECD: "sctp_timeout_shutdown_recd",
  SHUTDOWN_ACK_SENT: "sctp_timeout_shutdown_ack_sent",
  HEARTBEAT_SENT: "sctp_timeout_heartbeat_sent",
};

/** Chunks that have their own rules about the verification tag, or none. */
const TAG_CHECKED_APART: ReadonlySet<number> = new Set([
  INIT,
  SHUTDOWN_COMPLETE,
  COOKIE_ECHO,
  ABORT,
  SHUTDOWN_ACK,
  HEARTBEAT,
  HEARTBEAT_ACK,
]);

/** Nothing follows these in one packet. */
const ALONE: ReadonlySet<number> = new Set([INIT, INIT_ACK, SHUTDOWN_COMPLETE]);

function nextState(state: SctpState, type: number, reply: boolean): SctpState | null {
  const found = (reply ? REPLY : ORIGINAL).get(type);
  return found === undefined ? state : (found[COLUMNS.indexOf(state)] ?? null);
}

/** do_basic_checks(): whether the chunks may stand in one packet. */
function wellFormed({ chunks }: SctpHeader): boolean {
  let alone = false;
  for (const [index, { type }] of chunks.entries()) {
    if (ALONE.has(type)) alone = true;
    if (index > 0 && (alone || type === COOKIE_ACK || type === COOKIE_ECHO)) return false;
  }
  return chunks.length > 0;
}

/** sctp_new(): whether the packet can open an association; then its tags are noted. */
function openSctp(connection: Connection, header: SctpHeader): boolean {
  const tracking: SctpTracking = { tags: [0, 0], init: [false, false], heartbeatFailed: false, lastReply: false };
  for (const { type } of header.chunks) {
    if (type === ABORT || type === SHUTDOWN_COMPLETE || type === COOKIE_ACK) return false;
  }
  for (const { type, initTag } of header.chunks) {
    const next = nextState("NONE", type, false);
    if (next === "NONE" || next === null) return false;
    if (type === INIT) {
      if (header.tag !== 0) return false;
      tracking.tags[1] = initTag;
    } else tracking.tags[type === HEARTBEAT || type === HEARTBEAT_ACK ? 0 : 1] = header.tag;
  }
  connection.sctp = tracking;
  connection.sctpState = "NONE";
  return true;
}

/** A dump does not tell tags: each direction's is taken to be that of its next packet. */
function dumpedTags(): SctpTracking {
  return { tags: [-1, -1], init: [false, false], heartbeatFailed: false, lastReply: false };
}

function hasTag({ tags }: SctpTracking, direction: 0 | 1, tag: number): boolean {
  if (tags[direction] === -1) tags[direction] = tag;
  return tags[direction] === tag;
}

/** What a packet does to an association: seconds until it expires, `keep` leaves that as it is. */
export type SctpVerdict = { readonly timeout: number } | "keep" | "invalid";

/** nf_conntrack_sctp_packet(). */
export function trackSctp(runtime: HostRuntime, connection: Connection, packet: Packet, reply: boolean): SctpVerdict {
  const header = packet.sctp ?? SCTP_INIT;
  if (!wellFormed(header)) return "invalid";
  if ((connection.status & IPS_CONFIRMED) === 0 && !openSctp(connection, header)) return "invalid";
  const tracking = connection.sctp ?? dumpedTags();
  connection.sctp = tracking;
  const own = reply ? 1 : 0;
  const checked = header.chunks.every(({ type }) => !TAG_CHECKED_APART.has(type));
  if (checked && !hasTag(tracking, own, header.tag)) return "invalid";
  const carriesData = header.chunks.some(({ type }) => type === DATA);
  let old: SctpState = "NONE";
  let next: SctpState = "NONE";
  let ignore = false;
  for (const { type, flags, initTag } of header.chunks) {
    const tag = checkTag(tracking, type, flags, header.tag, reply, carriesData || ignore);
    if (tag === "invalid") return "invalid";
    if (tag === "ignore") {
      ignore = true;
      continue;
    }
    old = connection.sctpState;
    const moved = nextState(old, type, reply);
    if (moved === null) return "invalid";
    next = moved;
    if (type === INIT) {
      if (noteInit(tracking, initTag, own, old, next, connection)) ignore = true;
    } else if (type === INIT_ACK && !noteInitAck(tracking, initTag, own)) return "invalid";
    connection.sctpState = next;
  }
  if (ignore) return "keep";
  if (old !== "ESTABLISHED" && next === "ESTABLISHED") connection.status |= IPS_ASSURED;
  return { timeout: next === "NONE" ? 0 : timeoutOf(runtime, TIMEOUTS[next]) };
}

/** The special cases of verification tags (RFC 4960 section 8.5.1) and what heartbeats teach. */
function checkTag(
  tracking: SctpTracking,
  type: number,
  flags: number,
  tag: number,
  reply: boolean,
  strict: boolean,
): "fine" | "ignore" | "invalid" {
  const { tags } = tracking;
  const own = reply ? 1 : 0;
  const other = reply ? 0 : 1;
  switch (type) {
    case INIT:
      return tag === 0 ? "fine" : "invalid";
    case ABORT:
    case SHUTDOWN_COMPLETE:
      return hasTag(tracking, (flags & T_FLAG) === 0 ? own : other, tag) ? "fine" : "invalid";
    case COOKIE_ECHO:
      return hasTag(tracking, own, tag) ? "fine" : "invalid";
    case COOKIE_ACK:
      tracking.init[0] = false;
      tracking.init[1] = false;
      return "fine";
    case HEARTBEAT:
      if (tags[own] === 0) tags[own] = tag;
      else if (!hasTag(tracking, own, tag)) {
        if (strict) return "invalid";
        tracking.heartbeatFailed = true;
        tracking.lastReply = reply;
        return "ignore";
      } else tracking.heartbeatFailed = false;
      return "fine";
    case HEARTBEAT_ACK:
      if (tags[own] === 0) tags[own] = tag;
      else if (!hasTag(tracking, own, tag)) {
        if (strict || !tracking.heartbeatFailed || tracking.lastReply === reply) return "invalid";
        tracking.heartbeatFailed = false;
        tags[own] = tag;
        tags[other] = 0;
      } else tracking.heartbeatFailed = false;
      return "fine";
    default:
      return "fine";
  }
}

/** Notes the tag of an INIT. True when it is a retransmission, which does not renew the entry. */
function noteInit(
  tracking: SctpTracking,
  initTag: number,
  own: 0 | 1,
  old: SctpState,
  next: SctpState,
  connection: Connection,
): boolean {
  const other = own === 0 ? 1 : 0;
  const confirmed = (connection.status & IPS_CONFIRMED) !== 0;
  // Measured: one that tells the tag that is known already opens nothing anew.
  if (!confirmed || tracking.tags[other] !== initTag) {
    if (tracking.init[own] && tracking.init[other]) tracking.init[other] = false;
    tracking.init[own] = true;
    tracking.tags[other] = initTag;
  }
  return next === "CLOSED" && old === "CLOSED" && confirmed;
}

/** Notes the tag of an INIT ACK; false when it contradicts what was seen. */
function noteInitAck(tracking: SctpTracking, initTag: number, own: 0 | 1): boolean {
  const other = own === 0 ? 1 : 0;
  const known = tracking.tags[other];
  if (!tracking.init[other] && known > 0 && known !== initTag) return false;
  if (tracking.init[own] && tracking.init[other] && known !== initTag) return false;
  tracking.tags[other] = initTag;
  return true;
}

/** Reads a state name of a dump; null when it is none. */
export function parseSctpState(text: string): SctpState | null {
  return COLUMNS.find((state) => state === text) ?? null;
}
