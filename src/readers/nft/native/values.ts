import { parseCtStates } from "../../../linux/netfilter/ct-state.ts";
import type { NftRange } from "../../../linux/netfilter/nft/key.ts";
import { parsePort } from "../../../linux/netfilter/option-values.ts";
import { type Family, parseAddress } from "../../../net/address.ts";
import { lastAddress, parsePrefix } from "../../../net/prefix.ts";
import { ACK, FIN, PSH, RST, SYN, URG } from "../../../net/tcp-flags.ts";
import { protocolNumber } from "../../protocol-name.ts";

/** What stands for a number on the right side of a key. */
export type ValueKind =
  | "number"
  | "port"
  | "protocol"
  | "nfproto"
  | "icmp type"
  | "icmpv6 type"
  | "icmp code"
  | "icmpv6 code"
  | "ct state"
  | "ct direction"
  | "ct status"
  | "pkttype"
  | "dscp"
  | "tcp flags";

/** nftables, src/proto.c icmp_type_tbl. */
const ICMP_TYPES: ReadonlyMap<string, number> = new Map([
  ["echo-reply", 0],
  ["destination-unreachable", 3],
  ["source-quench", 4],
  ["redirect", 5],
  ["echo-request", 8],
  ["router-advertisement", 9],
  ["router-solicitation", 10],
  ["time-exceeded", 11],
  ["parameter-problem", 12],
  ["timestamp-request", 13],
  ["timestamp-reply", 14],
  ["info-request", 15],
  ["info-reply", 16],
  ["address-mask-request", 17],
  ["address-mask-reply", 18],
]);

/** nftables, src/proto.c icmp6_type_tbl. */
const ICMPV6_TYPES: ReadonlyMap<string, number> = new Map([
  ["destination-unreachable", 1],
  ["packet-too-big", 2],
  ["time-exceeded", 3],
  ["parameter-problem", 4],
  ["echo-request", 128],
  ["echo-reply", 129],
  ["mld-listener-query", 130],
  ["mld-listener-report", 131],
  ["mld-listener-done", 132],
  ["mld-listener-reduction", 132],
  ["nd-router-solicit", 133],
  ["nd-router-advert", 134],
  ["nd-neighbor-solicit", 135],
  ["nd-neighbor-advert", 136],
  ["nd-redirect", 137],
  ["router-renumbering", 138],
  ["ind-neighbor-solicit", 141],
  ["ind-neighbor-advert", 142],
  ["mld2-listener-report", 143],
]);

/** nftables, src/datatype.c icmp_code_tbl and icmpv6_code_tbl. */
const ICMP_CODES: ReadonlyMap<string, number> = new Map([
  ["net-unreachable", 0],
  ["host-unreachable", 1],
  ["prot-unreachable", 2],
  ["port-unreachable", 3],
  ["frag-needed", 4],
  ["net-prohibited", 9],
  ["host-prohibited", 10],
  ["admin-prohibited", 13],
]);

const ICMPV6_CODES: ReadonlyMap<string, number> = new Map([
  ["no-route", 0],
  ["admin-prohibited", 1],
  ["addr-unreachable", 3],
  ["port-unreachable", 4],
  ["policy-fail", 5],
  ["reject-route", 6],
]);

const TCP_FLAGS: ReadonlyMap<string, number> = new Map([
  ["fin", FIN],
  ["syn", SYN],
  ["rst", RST],
  ["psh", PSH],
  ["ack", ACK],
  ["urg", URG],
  ["ecn", 0x40],
  ["cwr", 0x80],
]);

/** nftables, src/proto.c dscp_type_tbl. */
const DSCP: ReadonlyMap<string, number> = new Map([
  ...Array.from({ length: 8 }, (_, number) => [`cs${number}`, number << 3] as const),
  ["be", 0],
  ["lephb", 1],
  ["df", 0],
  ...[1, 2, 3, 4].flatMap((group) =>
    [1, 2, 3].map((drop) => [`af${group}${drop}`, (group << 3) | (drop << 1)] as const),
  ),
  ["va", 0x2c],
  ["voice-admit", 0x2c],
  ["ef", 0x2e],
]);

const NFPROTO: ReadonlyMap<string, number> = new Map([
  ["ipv4", 2],
  ["ipv6", 10],
]);

const DIRECTIONS: ReadonlyMap<string, number> = new Map([
  ["original", 0],
  ["reply", 1],
]);

/** nftables, src/ct.c ct_status_tbl. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ["expected", 1 << 0],
  ["seen-reply", 1 << 1],
  ["assured", 1 << 2],
  ["confirmed", 1 << 3],
  ["snat", 1 << 4],
  ["dnat", 1 << 5],
  ["dying", 1 << 9],
]);

const PACKET_TYPES: ReadonlyMap<string, number> = new Map([
  ["host", 0],
  ["unicast", 0],
  ["broadcast", 1],
  ["multicast", 2],
  ["other", 3],
]);

const NAMES: Readonly<
  Record<Exclude<ValueKind, "number" | "port" | "protocol" | "ct state">, ReadonlyMap<string, number>>
> = {
  nfproto: NFPROTO,
  "icmp type": ICMP_TYPES,
  "icmpv6 type": ICMPV6_TYPES,
  "icmp code": ICMP_CODES,
  "icmpv6 code": ICMPV6_CODES,
  "ct direction": DIRECTIONS,
  "ct status": STATUSES,
  pkttype: PACKET_TYPES,
  dscp: DSCP,
  "tcp flags": TCP_FLAGS,
};

const MAX = 0xffffffff;

/** One number: decimal, `0x…`, or a name of its kind; null when it is none. */
export function parseValue(text: string, kind: ValueKind): number | null {
  if (/^(?:\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text)) {
    const value = Number(text);
    return value <= MAX ? value : null;
  }
  switch (kind) {
    case "number":
      return null;
    case "port":
      return parsePort(text);
    case "protocol":
      return protocolNumber(text);
    case "ct state":
      return /^[a-z]+$/.test(text) ? parseCtStates(text) : null;
    default:
      return NAMES[kind].get(text) ?? null;
  }
}

/** `22`, `80-90`; null when malformed. */
export function parseNumberRange(text: string, kind: ValueKind): NftRange | null {
  const whole = parseValue(text, kind);
  if (whole !== null) return { kind: "number", first: whole, last: whole };
  const [, from = "", to = ""] = /^([^-]+)-([^-]+)$/.exec(text) ?? [];
  const first = parseValue(from, kind);
  const last = parseValue(to, kind);
  return first === null || last === null || first > last ? null : { kind: "number", first, last };
}

/** `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`; null when malformed or of the other family. */
export function parseAddressRange(text: string, family: Family): NftRange | null {
  if (text.includes("/")) {
    const prefix = parsePrefix(text);
    if (prefix === null || prefix.address.family !== family) return null;
    return { kind: "address", first: prefix.address, last: lastAddress(prefix) };
  }
  const dash = text.indexOf("-");
  const first = parseAddress(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parseAddress(text.slice(dash + 1));
  if (first === null || last === null || first.family !== family || last.family !== family) return null;
  return { kind: "address", first, last };
}

/** `eth0`; `cali*` for all that begin so. A star that was escaped is part of the name. */
export function parseName(text: string): NftRange {
  const wildcard = text.endsWith("*") && !text.endsWith("\\*");
  return { kind: "name", text: wildcard ? text.slice(0, -1) : text.replace(/\\\*$/, "*"), wildcard };
}
