import { targetExtension } from "../../../linux/netfilter/targets/table.ts";
import type { Target } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import { TCP } from "../../../net/protocol.ts";
import { type Cursor, peek, take, takeWords } from "./token.ts";

/** nftables, src/datatype.c: names of codes, as iptables' REJECT calls them. */
const CODES: Readonly<Record<"icmp" | "icmpv6", Readonly<Record<string, string>>>> = {
  icmp: {
    "net-unreachable": "icmp-net-unreachable",
    "host-unreachable": "icmp-host-unreachable",
    "prot-unreachable": "icmp-proto-unreachable",
    "port-unreachable": "icmp-port-unreachable",
    "net-prohibited": "icmp-net-prohibited",
    "host-prohibited": "icmp-host-prohibited",
    "admin-prohibited": "icmp-admin-prohibited",
  },
  icmpv6: {
    "no-route": "icmp6-no-route",
    "admin-prohibited": "icmp6-adm-prohibited",
    "addr-unreachable": "icmp6-addr-unreachable",
    "port-unreachable": "icmp6-port-unreachable",
    "policy-fail": "icmp6-policy-fail",
    "reject-route": "icmp6-reject-route",
  },
};

/** What the codes for both families mean in each (net/netfilter/nft_reject.c nft_reject_icmp_code(), nft_reject_icmpv6_code()). */
const ICMPX: Readonly<Record<string, Readonly<Record<Family, string>>>> = {
  "no-route": { 4: "icmp-net-unreachable", 6: "icmp6-no-route" },
  "port-unreachable": { 4: "icmp-port-unreachable", 6: "icmp6-port-unreachable" },
  "host-unreachable": { 4: "icmp-host-unreachable", 6: "icmp6-addr-unreachable" },
  "admin-prohibited": { 4: "icmp-admin-prohibited", 6: "icmp6-adm-prohibited" },
};

/** What becomes of `reject …`. */
export interface Rejection {
  readonly target: Target;
  /** It is for TCP only. */
  readonly tcp: boolean;
}

/** Takes what follows `reject`; null where it is for the other family, undefined where it is not understood. */
export function takeReject(cursor: Cursor, family: Family): Rejection | null | undefined {
  const how = howOf(cursor, family);
  if (how === null || how === undefined) return how;
  const given = [{ name: "reject-with", invert: false, values: [how] }];
  const parsed = targetExtension("REJECT").parse(given, { family, protocol: TCP });
  if ("problem" in parsed) return undefined;
  return {
    target: { kind: "extension", call: { name: "REJECT", options: parsed.value } },
    tcp: how === "tcp-reset",
  };
}

function howOf(cursor: Cursor, family: Family): string | null | undefined {
  if (!takeWords(cursor, "with")) return family === 4 ? "icmp-port-unreachable" : "icmp6-port-unreachable";
  if (takeWords(cursor, "tcp", "reset")) return "tcp-reset";
  const kind = take(cursor)?.text;
  if (peek(cursor) === "type") cursor.at++;
  const code = take(cursor)?.text ?? "";
  if (kind === "icmpx") return ICMPX[code]?.[family];
  if (kind !== "icmp" && kind !== "icmpv6") return undefined;
  return (kind === "icmp") === (family === 4) ? CODES[kind][code] : null;
}
