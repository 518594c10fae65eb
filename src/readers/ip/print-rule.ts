import type { PolicyRule } from "../../model/policy-rule.ts";
import { formatAddress } from "../../net/address.ts";
import { addressBits, type Prefix } from "../../net/prefix.ts";
import { formatProtocol } from "../../net/protocol.ts";
import { tableName, tosName } from "./names.ts";

/** A policy rule as `ip rule` prints it (iproute2 6.1, ip/iprule.c, print_rule), without what follows from other rules. */
export function printRule(rule: PolicyRule): string {
  return `${rule.priority}:\t${[...selectors(rule), ...actionWords(rule)].join(" ")}`;
}

/** Everything but the priority, as `ip rule add` takes it. */
export function ruleWords(rule: PolicyRule): readonly string[] {
  return [...selectors(rule), ...actionWords(rule)];
}

function selectors(rule: PolicyRule): readonly string[] {
  return [
    ...(rule.not ? ["not"] : []),
    "from",
    rule.from === null ? "all" : prefixText(rule.from),
    ...(rule.to === null ? [] : ["to", prefixText(rule.to)]),
    ...(rule.tos === 0 ? [] : ["tos", tosName(rule.tos)]),
    ...(rule.mark === null ? [] : ["fwmark", maskedText(rule.mark, 0xffffffff)]),
    ...(rule.inInterface === null ? [] : ["iif", rule.inInterface]),
    ...(rule.outInterface === null ? [] : ["oif", rule.outInterface]),
    ...(rule.uidRange === null ? [] : ["uidrange", `${rule.uidRange.first}-${rule.uidRange.last}`]),
    ...(rule.protocol === null ? [] : ["ipproto", formatProtocol(rule.protocol)]),
    ...(rule.sport === null ? [] : ["sport", rangeText(rule.sport)]),
    ...(rule.dport === null ? [] : ["dport", rangeText(rule.dport)]),
    ...(rule.dscp === null ? [] : ["dscp", maskedText(rule.dscp, 0x3f)]),
    ...(rule.tunnelId === null ? [] : ["tun_id", rule.tunnelId]),
    ...(rule.unmodelled === "" ? [] : [rule.unmodelled]),
  ];
}

function actionWords({ action, l3mdev, realms, suppressPrefixLength, suppressGroup }: PolicyRule): readonly string[] {
  const suppress = [
    ...(suppressPrefixLength === null ? [] : ["suppress_prefixlength", String(suppressPrefixLength)]),
    ...(suppressGroup === null ? [] : ["suppress_ifgroup", suppressGroup === 0 ? "default" : String(suppressGroup)]),
  ];
  const realm = realms === null ? [] : ["realms", realms];
  if (l3mdev) return ["lookup", "[l3mdev-table]", ...suppress, ...realm];
  switch (action.kind) {
    case "lookup":
      return ["lookup", tableName(action.table), ...suppress, ...realm];
    case "goto":
      return [...realm, "goto", String(action.priority)];
    case "unmodelled":
      return [...realm, action.text];
    default:
      return [...realm, action.kind];
  }
}

function prefixText({ address, length }: Prefix): string {
  return length === addressBits(address.family) ? formatAddress(address) : `${formatAddress(address)}/${length}`;
}

function maskedText({ value, mask }: { readonly value: number; readonly mask: number }, full: number): string {
  const text = value === 0 ? "0" : `0x${value.toString(16)}`;
  return mask === full ? text : `${text}/0x${mask.toString(16)}`;
}

function rangeText({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first}-${last}`;
}
