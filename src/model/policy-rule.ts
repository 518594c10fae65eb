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
  /** An action that podpath reads but does not model. */
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
  /** `tos`: of the bits 0x1c; 0 selects any. */
  readonly tos: number;
  /** `dscp` (from Linux 6.13): the six bits of the code point; null when unset. */
  readonly dscp: { readonly value: number; readonly mask: number } | null;
  readonly protocol: number | null;
  readonly sport: { readonly first: number; readonly last: number } | null;
  readonly dport: { readonly first: number; readonly last: number } | null;
  readonly uidRange: { readonly first: number; readonly last: number } | null;
  /** `suppress_prefixlength N`: a match of N bits or fewer is ignored; null when unset. */
  readonly suppressPrefixLength: number | null;
  /** `suppress_ifgroup N`: a route over a device of that group is ignored; null when unset. */
  readonly suppressGroup: number | null;
  /** `tun_id N`: the key of the metadata tunnel that the packet came out of; null when unset. */
  readonly tunnelId: string | null;
  /** `l3mdev`: packets of a VRF, which are looked up in the VRF's own table. */
  readonly l3mdev: boolean;
  /** `realms FROM/TO`: what the route's class becomes; selects nothing. Null when unset. */
  readonly realms: string | null;
  /** Selectors that podpath does not know, as written; empty when it knows all. */
  readonly unmodelled: string;
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
    dscp: null,
    protocol: null,
    sport: null,
    dport: null,
    uidRange: null,
    suppressPrefixLength: null,
    suppressGroup: null,
    tunnelId: null,
    l3mdev: false,
    realms: null,
    unmodelled: "",
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
