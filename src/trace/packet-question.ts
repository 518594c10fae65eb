import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_NONE, CT_RELATED, CT_UNTRACKED } from "../linux/skb.ts";
import type { Finding } from "../model/finding.ts";
import type { Address } from "../net/address.ts";
import * as icmp from "../net/icmp.ts";
import { mobilityType } from "../net/ipv6-extension.ts";
import { leastPayload } from "../net/least-payload.ts";
import { type Packet, packet } from "../net/packet.ts";
import { hasPorts, ICMP, ICMPV6, parseProtocol, SCTP, TCP } from "../net/protocol.ts";
import { INIT, INIT_ACK, parseChunkType, type SctpHeader, T_FLAG } from "../net/sctp.ts";
import { parseTcpFlags, SYN } from "../net/tcp-flags.ts";
import { readExtensions } from "./packet-extensions.ts";
import {
  address,
  complain,
  complainOfUnknown,
  flag,
  integer,
  objectIn,
  type Place,
  type Reader,
  text,
} from "./packet-field.ts";

/** One line of `podpath probe`, INTERFACES.md section 4. */
export interface PacketQuestion {
  readonly id: string;
  /** Null for a reply: whoever received the earlier packet sends it. */
  readonly host: string | null;
  /** Null: sent by a process on the host. */
  readonly interface: string | null;
  /** Null for a reply that the earlier packet describes. */
  readonly packet: Packet | null;
  /** What of the natural reply is told otherwise; empty where `packet` says everything. */
  readonly changes: Partial<Packet>;
  /** False: the sender leaves its source address to the route. */
  readonly hasSource: boolean;
  readonly raw: boolean;
  readonly mark: number;
  readonly uid: number;
  readonly bindInterface: string | null;
  readonly smac: string;
  readonly dmac: string | null;
  readonly replyTo: string | null;
  readonly fresh: boolean;
  readonly empty: boolean;
  /** Virtual seconds since collection; null: now. */
  readonly at: number | null;
  readonly answers: boolean;
  readonly assume: {
    readonly route: "local" | "forward" | null;
    readonly outInterface: string | null;
    /** CT_* bit, CT_NONE when not given. */
    readonly ctState: number;
  } | null;
}

export type ParsedPacketLine = { readonly question: PacketQuestion } | { readonly findings: readonly Finding[] };

const FIELDS: ReadonlySet<string> = new Set([
  "id",
  "host",
  "interface",
  "src",
  "dst",
  "proto",
  "sport",
  "dport",
  "flags",
  "ttl",
  "tos",
  "df",
  "length",
  "icmpType",
  "icmpCode",
  "icmpId",
  "icmpSeq",
  "chunks",
  "vtag",
  "initTag",
  "tFlag",
  "seq",
  "ack",
  "mss",
  "mf",
  "fragOffset",
  "ipid",
  "icmpMtu",
  "mark",
  "uid",
  "bindInterface",
  "smac",
  "dmac",
  "icmpInner",
  "extensions",
  "badChecksum",
  "replyTo",
  "fresh",
  "empty",
  "at",
  "answers",
  "raw",
  "assume",
]);

const ASSUME_FIELDS: ReadonlySet<string> = new Set(["route", "outInterface", "ctstate"]);

const CT_STATES: ReadonlyMap<string, number> = new Map([
  ["NEW", CT_NEW],
  ["ESTABLISHED", CT_ESTABLISHED],
  ["RELATED", CT_RELATED],
  ["INVALID", CT_INVALID],
  ["UNTRACKED", CT_UNTRACKED],
]);

/** Source port of a packet that names none: an ephemeral one, as a client would have. */
const DEFAULT_SOURCE_PORT = 40000;

/** Reads one JSON object of section 4. Unknown fields and wrong values are findings; nothing is thrown. */
export function parsePacketLine(line: string, place: Place): ParsedPacketLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    const message = error instanceof Error ? error.message : "not JSON";
    return {
      findings: [
        {
          code: "bad-json",
          severity: "error",
          message,
          ...place,
          expected: 'a JSON object such as {"host":"node1","dst":"10.0.0.2","proto":"tcp","dport":80}',
        },
      ],
    };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return {
      findings: [
        { code: "bad-json", severity: "error", message: "not an object", ...place, expected: "a JSON object" },
      ],
    };
  }
  const reader: Reader = { object: new Map(Object.entries(value)), findings: [], place, path: "" };
  complainOfUnknown(reader, FIELDS);
  const question = readQuestion(reader);
  return question === null || reader.findings.length > 0 ? { findings: reader.findings } : { question };
}

function readQuestion(reader: Reader): PacketQuestion | null {
  const replyTo = text(reader, "replyTo");
  const host = text(reader, "host");
  const content = reader.object.has("dst") || replyTo === null ? readPacket(reader) : null;
  if (replyTo === null && host === null) complain(reader, "host", "the name of a host");
  if (replyTo === null && content === null) return null;
  const at = reader.object.get("at");
  if (at !== undefined && (typeof at !== "number" || at < 0))
    complain(reader, "at", "seconds since collection, from 0");
  return {
    id: text(reader, "id") ?? "",
    host,
    interface: text(reader, "interface"),
    packet: content,
    changes: content === null ? readChanges(reader) : {},
    hasSource: reader.object.has("src"),
    raw: flag(reader, "raw", false),
    mark: integer(reader, "mark", 0xffffffff, 0),
    uid: integer(reader, "uid", 0xffffffff, 0),
    bindInterface: text(reader, "bindInterface"),
    smac: text(reader, "smac") ?? "",
    dmac: text(reader, "dmac"),
    replyTo,
    fresh: flag(reader, "fresh", replyTo === null),
    empty: flag(reader, "empty", false),
    at: typeof at === "number" ? at : null,
    answers: flag(reader, "answers", false),
    assume: readAssumption(reader),
  };
}

function readAssumption(reader: Reader): PacketQuestion["assume"] {
  const inner = objectIn(reader, "assume", '{"route":"local"|"forward","outInterface":"eth0","ctstate":"NEW"}');
  if (inner === null) return null;
  complainOfUnknown(inner, ASSUME_FIELDS);
  const route = text(inner, "route");
  if (route !== null && route !== "local" && route !== "forward") complain(inner, "route", '"local" or "forward"');
  const ctstate = text(inner, "ctstate");
  const ctState = ctstate === null ? CT_NONE : CT_STATES.get(ctstate);
  if (ctState === undefined) complain(inner, "ctstate", [...CT_STATES.keys()].join(", "));
  return {
    route: route === "local" || route === "forward" ? route : null,
    outInterface: text(inner, "outInterface"),
    ctState: ctState ?? CT_NONE,
  };
}

/** Header fields of a reply that are given beside `replyTo`: the natural reply has them instead of its own. */
function readChanges(reader: Reader): Partial<Packet> {
  const has = (field: string): boolean => reader.object.has(field);
  const letters = text(reader, "flags");
  const flags = letters === null ? null : parseTcpFlags(letters);
  if (letters !== null && flags === null) complain(reader, "flags", "letters of FSRPAUEC");
  const sctp = readSctp(reader, SCTP);
  const number = (field: string, most: number): number => integer(reader, field, most, 0);
  return {
    ...(flags === null ? {} : { flags }),
    ...(sctp === null ? {} : { sctp }),
    ...(has("ttl") ? { ttl: number("ttl", 255) } : {}),
    ...(has("tos") ? { tos: number("tos", 255) } : {}),
    ...(has("df") ? { df: flag(reader, "df", false) } : {}),
    ...(has("length") ? { payloadLength: number("length", 65495) } : {}),
    ...(has("seq") ? { seq: number("seq", 0xffffffff) } : {}),
    ...(has("ack") ? { ack: number("ack", 0xffffffff) } : {}),
    ...(has("icmpSeq") ? { icmpSeq: number("icmpSeq", 0xffff) } : {}),
  };
}

/** The headers; null when source and destination make no packet. */
function readPacket(reader: Reader): Packet | null {
  const dst = address(reader, "dst");
  const src = address(reader, "src");
  if (dst === null) {
    if (!reader.object.has("dst")) complain(reader, "dst", "an IPv4 or IPv6 address");
    return null;
  }
  if (src !== null && src.family !== dst.family) {
    complain(reader, "src", "an address of the destination's family");
    return null;
  }
  const protocol = readProtocol(reader, dst);
  const letters = text(reader, "flags");
  const flags = letters === null ? null : parseTcpFlags(letters);
  if (letters !== null && flags === null) complain(reader, "flags", "letters of FSRPAUEC");
  const quoted = objectIn(reader, "icmpInner", "the packet that the ICMP error quotes");
  if (quoted !== null) complainOfUnknown(quoted, FIELDS);
  const inner = quoted === null ? null : readPacket(quoted);
  const echo = protocol === ICMPV6 ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST;
  const fragmentOffset = integer(reader, "fragOffset", 0xfff8, 0);
  if (fragmentOffset % 8 !== 0) complain(reader, "fragOffset", "a multiple of 8");
  // only the first fragment has a header of layer 4
  const first = fragmentOffset === 0;
  const isIcmp = first && (protocol === ICMP || protocol === ICMPV6);
  const ports = first && hasPorts(protocol);
  const isTcp = first && protocol === TCP;
  // a header that the protocol does not have is read all the same: what is wrong with it is a typing error
  const read = (has: boolean, field: string, most: number, otherwise: number): number => {
    const value = integer(reader, field, most, otherwise);
    return has ? value : 0;
  };
  const extensions = readExtensions(reader, dst.family, protocol, isPiece(reader));
  return packet({
    src: src ?? { family: dst.family, a: 0, b: 0, c: 0, d: 0 },
    dst,
    protocol,
    sport: read(ports, "sport", 0xffff, DEFAULT_SOURCE_PORT),
    dport: read(ports, "dport", 0xffff, 0),
    flags: isTcp ? (flags ?? SYN) : 0,
    ttl: integer(reader, "ttl", 255, 64),
    tos: integer(reader, "tos", 255, 0),
    df: flag(reader, "df", false),
    id: integer(reader, "ipid", 0xffff, 0),
    moreFragments: flag(reader, "mf", false),
    fragmentOffset,
    payloadLength: integer(
      reader,
      "length",
      65495,
      first && mobilityType(extensions) === null ? leastPayload(protocol) : 0,
    ),
    sctp: readSctp(reader, protocol),
    icmpType: read(isIcmp, "icmpType", 255, echo),
    icmpCode: read(isIcmp, "icmpCode", 255, 0),
    icmpId: read(isIcmp, "icmpId", 0xffff, 1),
    icmpSeq: read(isIcmp, "icmpSeq", 0xffff, 1),
    seq: read(isTcp, "seq", 0xffffffff, 0),
    ack: read(isTcp, "ack", 0xffffffff, 0),
    mss: read(isTcp, "mss", 0xffff, 0),
    icmpMtu: read(isIcmp, "icmpMtu", 0xffffffff, 0),
    inner,
    badChecksum: flag(reader, "badChecksum", false),
    extensions,
  });
}

function isPiece({ object }: Reader): boolean {
  return object.get("mf") === true || (object.get("fragOffset") ?? 0) !== 0;
}

/** `chunks`, `vtag`, `initTag` and `tFlag`; null for other protocols and where none of them is given. */
function readSctp(reader: Reader, protocol: number): SctpHeader | null {
  const tag = integer(reader, "vtag", 0xffffffff, 0);
  const initTag = integer(reader, "initTag", 0xffffffff, 1);
  const flags = flag(reader, "tFlag", false) ? T_FLAG : 0;
  const written = reader.object.get("chunks");
  const names: readonly unknown[] = Array.isArray(written) ? written : [];
  if (written !== undefined && names.length === 0)
    complain(reader, "chunks", 'a list of chunk types: ["COOKIE_ECHO","DATA"]');
  const chunks = names.flatMap((name) => {
    const type = typeof name === "string" || typeof name === "number" ? parseChunkType(String(name)) : null;
    if (type !== null) return [{ type, flags, initTag: type === INIT || type === INIT_ACK ? initTag : 0 }];
    complain(
      reader,
      "chunks",
      "names of chunks as iptables spells them, INIT or COOKIE_ECHO, or numbers from 0 to 255",
    );
    return [];
  });
  if (protocol !== SCTP || !["chunks", "vtag", "initTag", "tFlag"].some((field) => reader.object.has(field)))
    return null;
  return { tag, chunks: chunks.length === 0 ? [{ type: INIT, flags, initTag }] : chunks };
}

function readProtocol(reader: Reader, dst: Address): number {
  const value = reader.object.get("proto");
  if (value === undefined || value === null) return dst.family === 6 ? ICMPV6 : ICMP;
  const protocol = typeof value === "number" || typeof value === "string" ? parseProtocol(String(value)) : null;
  if (protocol === null) complain(reader, "proto", "tcp, udp, icmp, icmpv6, sctp or a number from 0 to 255");
  return protocol ?? ICMP;
}
