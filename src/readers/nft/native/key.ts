import type { NftKey } from "../../../linux/netfilter/nft/key.ts";
import type { Match } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import { DCCP, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../../net/protocol.ts";
import { type Cursor, peek, takeWords } from "./token.ts";
import type { ValueKind } from "./values.ts";

/** A key as a rule writes it. */
export interface WrittenKey {
  readonly key: NftKey;
  readonly values: ValueKind | "address" | "name";
  /** What nft tests before it, since the field is there in some packets only: the protocol. */
  readonly guards: readonly Match[];
  /** False for a field of the other family: no packet that the chain is for has it. */
  readonly present: boolean;
}

const PORTED: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP, dccp: DCCP, udplite: UDPLITE };

/** Takes a key (`ip saddr`, `meta l4proto`, `tcp dport`); null where podpath does not know it, and nothing is taken. */
export function takeKey(cursor: Cursor, family: Family): WrittenKey | null {
  const [first, second] = [peek(cursor), peek(cursor, 1)];
  const key = twoWords(first, second, family);
  if (key !== null) {
    cursor.at += 2;
    return key;
  }
  const single = oneWord(first);
  if (single !== null) cursor.at++;
  return single;
}

function number(
  of: (NftKey & { readonly kind: "number" })["of"],
  values: ValueKind,
  more: Partial<Pick<WrittenKey, "guards" | "present">> = {},
): WrittenKey {
  return { key: { kind: "number", of }, values, guards: [], present: true, ...more };
}

/** `meta l4proto` of one protocol, which nft puts before fields of that protocol. */
export function isProtocol(protocol: number): Match {
  const range = { kind: "number", first: protocol, last: protocol } as const;
  return {
    name: "nft",
    options: {
      kind: "lookup",
      lookup: { keys: [{ kind: "number", of: "l4proto" }], elements: [[range]], invert: false },
    },
  };
}

function twoWords(first: string, second: string, family: Family): WrittenKey | null {
  switch (first) {
    case "ip":
    case "ip6":
      return ofHeader(second, (first === "ip" ? 4 : 6) === family, family);
    case "meta":
      return ofMeta(second) ?? oneWord(second);
    case "ct":
      return ofConntrack(second);
    case "th":
      return second === "sport" || second === "dport" ? number(second, "port") : null;
    case "icmp":
    case "icmpv6": {
      const guards = [isProtocol(first === "icmp" ? ICMP : ICMPV6)];
      if (second === "type") return number("icmp type", `${first} type`, { guards });
      return second === "code" ? number("icmp code", `${first} code`, { guards }) : null;
    }
  }
  const protocol = PORTED[first];
  if (protocol === undefined) return null;
  const guards = [isProtocol(protocol)];
  if (second === "sport" || second === "dport") return number(second, "port", { guards });
  return protocol === TCP && second === "flags" ? number("tcp flags", "tcp flags", { guards }) : null;
}

/** Fields of the IP header of one family. */
function ofHeader(field: string, present: boolean, family: Family): WrittenKey | null {
  switch (field) {
    case "saddr":
    case "daddr":
      return { key: { kind: "address", of: field }, values: "address", guards: [], present };
    case "protocol":
      return number("l4proto", "protocol", { present });
    case "nexthdr":
      return number("nexthdr", "protocol", { present });
    case "ttl":
    case "hoplimit":
      return number("ttl", "number", { present });
    case "dscp":
      return number("dscp", "dscp", { present });
    case "length":
      // of IPv6 it is what follows the header
      return present && family === 6 ? null : number("length", "number", { present });
    case "frag-off":
      return number("frag-off", "number", { present });
    default:
      return null;
  }
}

function ofMeta(field: string): WrittenKey | null {
  switch (field) {
    case "l4proto":
      return number("l4proto", "protocol");
    case "nfproto":
      return number("nfproto", "nfproto");
    case "mark":
      return number("mark", "number");
    case "length":
      return number("length", "number");
    case "pkttype":
      return number("pkttype", "pkttype");
    default:
      return null;
  }
}

function ofConntrack(field: string): WrittenKey | null {
  switch (field) {
    case "state":
      return number("ct state", "ct state");
    case "mark":
      return number("ct mark", "number");
    case "status":
      return number("ct status", "ct status");
    case "direction":
      return number("ct direction", "ct direction");
    default:
      return null;
  }
}

/** Names of devices; an index is printed as the name of the device that has it. */
function oneWord(word: string): WrittenKey | null {
  switch (word) {
    case "iif":
    case "iifname":
      return { key: { kind: "name", of: "iifname" }, values: "name", guards: [], present: true };
    case "oif":
    case "oifname":
      return { key: { kind: "name", of: "oifname" }, values: "name", guards: [], present: true };
    default:
      return null;
  }
}

/** Keys joined by `.`; null where one of them is not known, and nothing is taken. */
export function takeKeys(cursor: Cursor, family: Family): readonly WrittenKey[] | null {
  const from = cursor.at;
  const keys: WrittenKey[] = [];
  do {
    const key = takeKey(cursor, family);
    if (key === null) {
      cursor.at = from;
      return null;
    }
    keys.push(key);
  } while (takeWords(cursor, "."));
  return keys;
}
