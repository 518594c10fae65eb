/** Chunk types of SCTP (RFC 9260 section 3.2) that decide something. */
export const DATA = 0;
export const INIT = 1;
export const INIT_ACK = 2;
export const SACK = 3;
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

/** The tag that every server draws: its value matters to nobody. */
const SERVER_TAG = 5000;

/** A packet of which nothing else was said opens an association. */
export const SCTP_INIT: SctpHeader = { tag: 0, chunks: [{ type: INIT, flags: 0, initTag: 1 }] };

const NAMES: readonly (readonly [name: string, type: number])[] = [
  ["DATA", DATA],
  ["INIT", INIT],
  ["INIT_ACK", INIT_ACK],
  ["SACK", SACK],
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

/** Bytes of a chunk without parameters, and of DATA without what it carries. */
export function chunkLength(type: number): number {
  if (type === INIT || type === INIT_ACK) return 20;
  return type === DATA || type === SACK ? 16 : 4;
}

/** A chunk at rest. */
export function chunk(type: number, fields: Partial<SctpChunk> = {}): SctpChunk {
  return { type, flags: 0, initTag: 0, ...fields };
}

/**
 * What a listener says to a packet: to INIT an INIT ACK, to COOKIE ECHO a COOKIE ACK, to DATA a SACK and data of its own. `peerTag` is
 * the tag that the other side gave in its INIT; null: it has none, there is no association (RFC 9260 sections 5.1 and 8.4,
 * net/sctp/sm_statefuns.c). Null: nothing is said.
 */
export function sctpAnswer(received: SctpHeader, peerTag: number | null): SctpHeader | null {
  const [first] = received.chunks;
  if (first?.type === INIT && received.chunks.length === 1 && received.tag === 0 && first.initTag !== 0) {
    return { tag: first.initTag, chunks: [chunk(INIT_ACK, { initTag: SERVER_TAG })] };
  }
  if (peerTag === null) return first?.type === COOKIE_ECHO ? null : abortUnknown(received);
  if (received.tag !== SERVER_TAG) return null;
  const has = (type: number): boolean => received.chunks.some((item) => item.type === type);
  const chunks = [
    ...(has(COOKIE_ECHO) ? [chunk(COOKIE_ACK)] : []),
    ...(has(HEARTBEAT) ? [chunk(HEARTBEAT_ACK)] : []),
    ...(has(DATA) ? [chunk(SACK), chunk(DATA, { flags: WHOLE_MESSAGE })] : []),
  ];
  return chunks.length === 0 ? null : { tag: peerTag, chunks };
}

/**
 * The ABORT for a packet of no association, of a kernel that speaks SCTP (net/sctp/input.c sctp_rcv_ootb(), net/sctp/sm_statefuns.c
 * sctp_sf_ootb() and sctp_sf_tabort_8_4_8()). Null: it is discarded.
 */
export function abortUnknown({ tag, chunks }: SctpHeader): SctpHeader | null {
  const discarded = chunks.some(({ type }) => SILENT.has(type) || (type === INIT && chunks.length > 1));
  if (discarded) return null;
  if (chunks.some(({ type }) => type === SHUTDOWN_ACK))
    return { tag, chunks: [chunk(SHUTDOWN_COMPLETE, { flags: T_FLAG })] };
  const opening = chunks[0]?.type === INIT ? chunks[0] : null;
  return opening === null
    ? { tag, chunks: [chunk(ABORT, { flags: T_FLAG })] }
    : { tag: opening.initTag, chunks: [chunk(ABORT)] };
}

/** Flags B and E of DATA: neither the first nor the last piece of a message is missing. */
export const WHOLE_MESSAGE = 3;

/** Chunks that nobody answers who does not know the association (RFC 9260 section 8.4). */
const SILENT: ReadonlySet<number> = new Set([ABORT, SHUTDOWN_COMPLETE, COOKIE_ACK]);
