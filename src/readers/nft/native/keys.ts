import { parseCtStates } from "../../../linux/netfilter/ct-state.ts";
import { parsePort } from "../../../linux/netfilter/option-values.ts";
import type { Match } from "../../../model/ruleset.ts";
import { type Address, type Family, parseAddress } from "../../../net/address.ts";
import { type AddressRange, prefixRange } from "../../../net/address-set.ts";
import { prefixOf } from "../../../net/prefix.ts";
import { ICMP, ICMPV6, parseProtocol } from "../../../net/protocol.ts";
import { icmpType } from "./icmp-types.ts";
import { unquoted } from "./native-table.ts";
import type { Piece } from "./piece.ts";

/** What a packet is asked for, and how values of it are compared. */
export interface Key {
  /** The only family whose packets have it; null for both. */
  readonly family: Family | null;
  /** Pieces, of which one must hold, for a packet whose value is among those; null for values that are not understood. */
  readonly among: (values: readonly string[]) => readonly Piece[] | null;
  /** The piece that holds for a packet whose value is none of those. */
  readonly notAmong: (values: readonly string[]) => Piece | null;
}

type KeyOf = (found: readonly string[], family: Family) => Key;

function all<T>(values: readonly string[], read: (value: string) => T | null): readonly T[] | null {
  const read_ = values.map(read);
  return read_.includes(null) ? null : read_.flatMap((value) => value ?? []);
}

function one(value: string, family: Family): AddressRange | null {
  const [head = "", length] = value.split("/");
  const address = parseAddress(head);
  if (address?.family !== family) return null;
  if (length === undefined) return { first: address, last: address };
  const bits = Number(length);
  const prefix = /^\d{1,3}$/.test(length) && bits <= (family === 4 ? 32 : 128) ? prefixOf(address, bits) : null;
  return prefix === null ? null : prefixRange(prefix);
}

function addressRange(value: string, family: Family): AddressRange | null {
  const [from = "", to] = value.split("-");
  const first = one(from, family);
  const last = to === undefined ? first : one(to, family);
  return first === null || last === null ? null : { first: first.first, last: last.last };
}

const addresses: KeyOf = ([, , side = ""], family) => {
  const test = ({ first, last }: { readonly first: Address; readonly last: Address }, invert: boolean): Match => {
    const range = { first, last, invert };
    const options = side === "saddr" ? { source: range, destination: null } : { source: null, destination: range };
    return { name: "iprange", options };
  };
  const ranges = (values: readonly string[]) => all(values, (value) => addressRange(value, family));
  return {
    family,
    among: (values) => ranges(values)?.map((range) => ({ matches: [test(range, false)] })) ?? null,
    notAmong: (values) => {
      const found = ranges(values);
      return found === null ? null : { matches: found.map((range) => test(range, true)) };
    },
  };
};

function portRange(value: string): { readonly first: number; readonly last: number } | null {
  const [head = "", tail = head] = value.split("-");
  const first = parsePort(head);
  const last = parsePort(tail);
  return first === null || last === null || first > last ? null : { first, last };
}

const ports: KeyOf = ([, name = "", side = ""]) => {
  const protocol = name === "th" ? null : parseProtocol(name);
  const piece = (values: readonly string[], invert: boolean): Piece | null => {
    const ranges = all(values, portRange);
    if (ranges === null) return null;
    const match: Match = {
      name: "multiport",
      options: { side: side === "sport" ? "sports" : "dports", ranges, invert },
    };
    return { ...(protocol === null ? { needsPorts: true } : { protocol }), matches: [match] };
  };
  const listed = (made: Piece | null): readonly Piece[] | null => (made === null ? null : [made]);
  return { family: null, among: (values) => listed(piece(values, false)), notAmong: (values) => piece(values, true) };
};

const devices: KeyOf = ([, side = ""]) => {
  const selector = (value: string, invert: boolean): Piece => {
    const pattern = unquoted(value).replace(/\*$/, "+");
    return side.startsWith("i") ? { inInterface: { pattern, invert } } : { outInterface: { pattern, invert } };
  };
  return {
    family: null,
    among: (values) => values.map((value) => selector(value, false)),
    notAmong: ([only, ...more]) => (only === undefined || more.length > 0 ? null : selector(only, true)),
  };
};

const protocols: KeyOf = ([, name = ""]) => {
  const family = name === "ip protocol" ? 4 : name === "ip6 nexthdr" ? 6 : null;
  const number = (value: string): number | null => parseProtocol(value === "icmpv6" ? "ipv6-icmp" : value);
  return {
    family,
    among: (values) => all(values, number)?.map((protocol) => ({ protocol })) ?? null,
    notAmong: ([only = "", ...more]) => {
      const found = number(only);
      return found === null || more.length > 0 ? null : { notProtocol: found };
    },
  };
};

const icmpTypes: KeyOf = ([, name = ""]) => {
  const family = name === "icmp" ? 4 : 6;
  const match = (type: number, invert: boolean): Match => {
    const options = { type, firstCode: 0, lastCode: 255, invert };
    return family === 4 ? { name: "icmp", options } : { name: "icmp6", options };
  };
  const protocol = family === 4 ? ICMP : ICMPV6;
  const types = (values: readonly string[]) => all(values, (value) => icmpType(value, family));
  return {
    family,
    among: (values) => types(values)?.map((type) => ({ protocol, matches: [match(type, false)] })) ?? null,
    notAmong: (values) => {
      const found = types(values);
      return found === null ? null : { protocol, matches: found.map((type) => match(type, true)) };
    },
  };
};

const ALL = 0xffffffff;

const marks: KeyOf = () => {
  const match = (value: number, invert: boolean): Match => ({ name: "mark", options: { value, mask: ALL, invert } });
  const numbers = (values: readonly string[]) =>
    all(values, (value) => (/^(?:0x[\da-f]{1,8}|\d{1,10})$/i.test(value) ? Number(value) : null));
  return {
    family: null,
    among: (values) => numbers(values)?.map((value) => ({ matches: [match(value, false)] })) ?? null,
    notAmong: (values) => {
      const found = numbers(values);
      return found === null ? null : { matches: found.map((value) => match(value, true)) };
    },
  };
};

const NO_TEST = {
  state: null,
  protocol: null,
  originalSource: null,
  originalDestination: null,
  replySource: null,
  replyDestination: null,
  originalSourcePort: null,
  originalDestinationPort: null,
  replySourcePort: null,
  replyDestinationPort: null,
  status: null,
  expire: null,
  direction: null,
};

const ctStates: KeyOf = () => {
  const piece = (values: readonly string[], invert: boolean): Piece | null => {
    const bits = parseCtStates(values.join(",").replace(/\s/g, "").toUpperCase());
    return bits === null
      ? null
      : { matches: [{ name: "conntrack", options: { ...NO_TEST, state: { bits, invert } } }] };
  };
  return {
    family: null,
    among: (values) => {
      const made = piece(values, false);
      return made === null ? null : [made];
    },
    notAmong: (values) => piece(values, true),
  };
};

const networks: KeyOf = (_, family) => {
  const own = family === 4 ? "ipv4" : "ipv6";
  return {
    family: null,
    among: (values) => (values.includes(own) ? [{}] : []),
    notAmong: (values) => (values.includes(own) ? { never: true } : {}),
  };
};

/** The keys whose sets are modelled; others stand for what podpath knows as a single test, or not at all. */
const KEYS: readonly (readonly [RegExp, KeyOf])[] = [
  [/^(ip|ip6) (saddr|daddr)(?= )/, addresses],
  [/^(tcp|udp|udplite|sctp|dccp|th) (sport|dport)(?= )/, ports],
  [/^(?:meta )?(iif|oif|iifname|oifname)(?= )/, devices],
  [/^(?:meta )?(l4proto|ip protocol|ip6 nexthdr)(?= )/, protocols],
  [/^(icmp|icmpv6) type(?= )/, icmpTypes],
  [/^(?:meta )?mark(?= (?!set |& |and |\| |or |\^ |xor ))/, marks],
  [/^ct state(?= )/, ctStates],
  [/^meta nfproto(?= )/, networks],
];

/** The key at the beginning of a statement, and its length; null where none of them stands there. */
export function keyAt(text: string, family: Family): { readonly key: Key; readonly length: number } | null {
  for (const [pattern, keyOf] of KEYS) {
    const found = pattern.exec(text);
    if (found === null) continue;
    const own = found[1] === "ip" || found[1] === "ip6" ? (found[1] === "ip" ? 4 : 6) : family;
    return { key: keyOf(found, own), length: found[0].length };
  }
  return null;
}
