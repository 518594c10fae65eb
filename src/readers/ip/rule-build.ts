import { type PolicyAction, type PolicyRule, policyRule } from "../../model/policy-rule.ts";
import { type Family, parseAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { quote } from "../dump-text.ts";
import { protocolNumber } from "../protocol-name.ts";
import { tableNumber, tosValue, unsigned } from "./names.ts";
import { parseDestination } from "./parse-address.ts";

/** A rule in the words of the dump, text and JSON alike; null where nothing is said. */
export interface WrittenRule {
  readonly line: number;
  priority: number | null;
  not: boolean;
  from: string | null;
  to: string | null;
  inInterface: string | null;
  outInterface: string | null;
  /** `value[/mask]`. */
  mark: string | null;
  tos: string | null;
  protocol: string | null;
  /** `first[-last]`. */
  sport: string | null;
  dport: string | null;
  uidRange: string | null;
  suppressPrefixLength: string | null;
  /** Number or name. */
  suppressGroup: string | null;
  /** `value[/mask]`. */
  dscp: string | null;
  tunnelId: string | null;
  l3mdev: boolean;
  realms: string | null;
  action: { readonly kind: "table" | "goto" | "other"; readonly value: string } | null;
  /** Selectors that the model does not have. */
  readonly unmodelled: string[];
}

export function writtenRule(line: number): WrittenRule {
  return {
    line,
    priority: null,
    not: false,
    from: null,
    to: null,
    inInterface: null,
    outInterface: null,
    mark: null,
    tos: null,
    protocol: null,
    sport: null,
    dport: null,
    uidRange: null,
    suppressPrefixLength: null,
    suppressGroup: null,
    dscp: null,
    tunnelId: null,
    l3mdev: false,
    realms: null,
    action: null,
    unmodelled: [],
  };
}

/** A selector that cannot be read stays with the rule as unknown: without it the rule would match too much. */
export function buildRule(written: WrittenRule, family: Family, findings: DumpFindings): PolicyRule | null {
  const { line } = written;
  const unreadable: string[] = [...written.unmodelled];
  const read = <T>(text: string | null, parse: (text: string) => T | null, name: string): T | null => {
    const value = text === null ? null : parse(text);
    if (value === null && text !== null) unreadable.push(`${name} ${text}`);
    return value;
  };
  const prefix = (text: string): Prefix | null => parseDestination(text, family);
  const from = everything(read(written.from, prefix, "from"));
  const to = everything(read(written.to, prefix, "to"));
  const fields = {
    from,
    to,
    mark: read(written.mark, parseMark, "fwmark"),
    tos: read(written.tos, tosValue, "tos") ?? 0,
    protocol: read(written.protocol, protocolNumber, "ipproto"),
    sport: read(written.sport, (range) => parseRange(range, 65535), "sport"),
    dport: read(written.dport, (range) => parseRange(range, 65535), "dport"),
    uidRange: read(written.uidRange, (range) => parseRange(range, 0xffffffff), "uidrange"),
    suppressPrefixLength: read(written.suppressPrefixLength, (n) => unsigned(n, 0x7fffffff), "suppress_prefixlength"),
  };
  const suppressGroup = read(written.suppressGroup, groupNumber, "suppress_ifgroup");
  const dscp = read(written.dscp, parseDscp, "dscp");
  const action = actionOf(written, findings);
  const unmodelled = unreadable.join(" ");
  const complaint = action.kind === "unmodelled" ? action.text : unmodelled;
  if (complaint !== "") {
    findings.add(
      "unmodelled-rule",
      "warning",
      line,
      `Policy rule ${written.priority ?? "?"}: ${quote(complaint)} is not modelled.`,
    );
  }
  if (written.priority === null) {
    findings.add("unknown-line", "warning", line, "A policy rule without a priority.", {
      expected: "`priority: from …`",
    });
    return null;
  }
  return policyRule({
    family: from?.address.family ?? to?.address.family ?? family,
    priority: written.priority,
    not: written.not,
    inInterface: written.inInterface,
    outInterface: written.outInterface,
    ...fields,
    suppressGroup,
    dscp,
    tunnelId: written.tunnelId,
    l3mdev: written.l3mdev,
    realms: written.realms,
    unmodelled,
    action,
  });
}

/** `from all` and `from 0.0.0.0/0` select nothing. */
function everything(prefix: Prefix | null): Prefix | null {
  return prefix === null || prefix.length === 0 ? null : prefix;
}

function actionOf({ action, line, l3mdev }: WrittenRule, findings: DumpFindings): PolicyAction {
  // A VRF's table: the one of the device that the packet belongs to.
  if (action === null) return { kind: "unmodelled", text: l3mdev ? "lookup [l3mdev-table]" : "no action" };
  if (action.value === "") return { kind: "unmodelled", text: "an action without its value" };
  if (action.kind === "table") return { kind: "lookup", table: tableNumber(action.value, line, findings) };
  if (action.kind === "goto") {
    const priority = unsigned(action.value, 0xffffffff);
    return priority === null ? { kind: "unmodelled", text: `goto ${action.value}` } : { kind: "goto", priority };
  }
  switch (action.value) {
    case "nop":
    case "blackhole":
    case "unreachable":
    case "prohibit":
      return { kind: action.value };
    default:
      return { kind: "unmodelled", text: action.value };
  }
}

/** `0x5`, `0x5/0xff`. A mark without a mask is compared in full (lib/iprule.c prints the mask only when it is not 0xffffffff). */
function parseMark(text: string): { readonly value: number; readonly mask: number } | null {
  const [value = "", mask = "0xffffffff"] = text.split("/");
  const v = unsigned(value, 0xffffffff);
  const m = unsigned(mask, 0xffffffff);
  return v === null || m === null ? null : { value: v, mask: m };
}

/** A number, or the only name of an interface group that every machine knows. */
function groupNumber(text: string): number | null {
  return text === "default" ? 0 : unsigned(text, 0x7fffffff);
}

/** `AF11`, `10`, `0x0a/0x0f`: a code point, in contrast to `tos` without the two ECN bits. */
function parseDscp(text: string): { readonly value: number; readonly mask: number } | null {
  const [value = "", mask = "0x3f"] = text.split("/");
  const named = unsigned(value, 0x3f) === null ? tosValue(value) : null;
  const v = unsigned(value, 0x3f) ?? (named === null ? null : named >>> 2);
  const m = unsigned(mask, 0x3f);
  return v === null || m === null ? null : { value: v, mask: m };
}

function parseRange(text: string, limit: number): { readonly first: number; readonly last: number } | null {
  const [low = "", high = low] = text.split("-");
  const first = unsigned(low, limit);
  const last = unsigned(high, limit);
  return first === null || last === null ? null : { first, last };
}

/** `address` and `length` of JSON as one prefix text; null for `all`. */
export function prefixText(address: string | null, length: number | null): string | null {
  if (address === null || address === "all") return null;
  const parsed = parseAddress(address);
  return parsed === null || length === null ? address : `${address}/${length}`;
}
