/** Chunk types of SCTP (RFC 9260 section 3.2) that decide something. */
export const DATA = 0;
export const INIT = 1;
export const INIT_ACK = 2;
export const HEARTBEAT = 4;
export const HEARTBEAT_ACK = 5;
export const ABORT = 6;
export const SHUTDOWN_ACK = 8;
export const COOKIE_ECHO = 10;
export const COOKIE_ACK = 11;
export const SHUTDOWN_COMPLETE = 14;

/** Flag of ABORT and SHUTDOWN COMPLETE: the tag is the receiver's own. */
export const T_FLAG = 1;

export interface SctpChunk {
  readonly type: number;
  readonly flags: number;
  /** Initiate tag of INIT and INIT ACK; 0 otherwise. */
  readonly initTag: number;
}

/** What stands behind the ports of an SCTP packet. */
export interface SctpHeader {
  /** Verification tag. */
  readonly tag: number;
  readonly chunks: readonly SctpChunk[];
}

/** A packet of which nothing else was said opens an association. */
export const SCTP_INIT: SctpHeader = { tag: 0, chunks: [{ type: INIT, flags: 0, initTag: 1 }] };

const NAMES: readonly (readonly [name: string, type: number])[] = [
  ["DATA", DATA],
  ["INIT", INIT],
  ["INIT_ACK", INIT_ACK],
  ["SACK", 3],
  ["HEARTBEAT", HEARTBEAT],
  ["HEARTBEAT_ACK", HEARTBEAT_ACK],
  ["ABORT", ABORT],
  ["SHUTDOWN", 7],
  ["SHUTDOWN_ACK", SHUTDOWN_ACK],
  ["ERROR", 9],
  ["COOKIE_ECHO", COOKIE_ECHO],
  ["COOKIE_ACK", COOKIE_ACK],
  ["ECN_ECNE", 12],
  ["ECN_CWR", 13],
  ["SHUTDOWN_COMPLETE", SHUTDOWN_COMPLETE],
  ["ASCONF_ACK", 128],
  ["FORWARD_TSN", 192],
  ["ASCONF", 193],
];

/** Reads a chunk's name as iptables spells it, or its number; null when it is neither. */
export function parseChunkType(text: string): number | null {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= 255 ? Number(text) : null;
  return NAMES.find(([name]) => name === text.toUpperCase())?.[1] ?? null;
}

/** Bytes of the common header and of all chunks without what DATA carries. */
export function sctpHeaderLength({ chunks }: SctpHeader): number {
  return chunks.reduce((sum, { type }) => sum + chunkLength(type), 12);
}

function chunkLength(type: number): number {
  if (type === INIT || type === INIT_ACK) return 20;
  return type === DATA ? 16 : 4;
}
