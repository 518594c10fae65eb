import type { Family } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { Origin } from "./origin.ts";
import { TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from "./route.ts";

export type PolicyAction =
  | { readonly kind: "lookup"; readonly table: number }
  | { readonly kind: "goto"; readonly priority: number }
  | { readonly kind: "nop" }
  | { readonly kind: "blackhole" }
  | { readonly kind: "unreachable" }
  | { readonly kind: "prohibit" }
  /** An action or selector that podpath reads but does not model (`l3mdev`, `tun_id`). */
  | { readonly kind: "unmodelled"; readonly text: string };

/** One line of `ip rule`. Absent selectors are null. */
export interface PolicyRule {
  readonly family: Family;
  readonly priority: number;
  readonly not: boolean;
  readonly from: Prefix | null;
  readonly to: Prefix | null;
  readonly inInterface: string | null;
  readonly outInterface: string | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
  readonly tos: number;
  readonly protocol: number | null;
  readonly sport: { readonly first: number; readonly last: number } | null;
  readonly dport: { readonly first: number; readonly last: number } | null;
  readonly uidRange: { readonly first: number; readonly last: number } | null;
  /** `suppress_prefixlength N`: a match of N bits or fewer is ignored; null when unset. */
  readonly suppressPrefixLength: number | null;
  readonly action: PolicyAction;
  readonly origin: Origin;
}

/** A rule at rest: `from all`. */
export function policyRule(
  fields: Partial<PolicyRule> & Pick<PolicyRule, "family" | "priority" | "action">,
): PolicyRule {
  return {
    not: false,
    from: null,
    to: null,
    inInterface: null,
    outInterface: null,
    mark: null,
    tos: 0,
    protocol: null,
    sport: null,
    dport: null,
    uidRange: null,
    suppressPrefixLength: null,
    origin: 0,
    ...fields,
  };
}

/** What a fresh namespace has (net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c: IPv6 has no `default` table rule). */
export function defaultPolicyRules(family: Family): readonly PolicyRule[] {
  const lookup = (priority: number, table: number): PolicyRule =>
    policyRule({ family, priority, action: { kind: "lookup", table } });
  const rules = [lookup(0, TABLE_LOCAL), lookup(32766, TABLE_MAIN)];
  return family === 4 ? [...rules, lookup(32767, TABLE_DEFAULT)] : rules;
}
