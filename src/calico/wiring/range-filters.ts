import { type Prefix, prefixContains, samePrefix } from "../../net/prefix.ts";
import type { BGPFilter, BGPFilterRule } from "../bgp-filter.ts";
import { rulesOf } from "../bird/filter-functions.ts";

/** Where a BGPFilter is asked about a route. */
export interface FilterPlace {
  readonly direction: "import" | "export";
  /** The peer is of the node's own AS. */
  readonly isSameAS: boolean;
  /** The route came over BGP: on import always, on export where a node passes it on. */
  readonly isLearnt: boolean;
}

/** What the first filter that decides says of routes to a range; null: none does. */
export function decisionOf(
  filters: readonly BGPFilter[],
  { direction, isSameAS, isLearnt }: FilterPlace,
  range: Prefix,
): BGPFilterRule["action"] | null {
  for (const filter of filters) {
    const found = rulesOf(filter, direction, range.address.family).find(
      (rule) =>
        (rule.peerType === null || (rule.peerType === "iBGP") === isSameAS) &&
        (rule.source === null || isLearnt) &&
        !asksOfAttributes(rule) &&
        asksFor(rule, range),
    );
    if (found !== undefined) return found.action;
  }
  return null;
}

/** True for a rule that tests what a route only has once it was sent: such rules count as not applying. */
export function asksOfAttributes(rule: BGPFilterRule): boolean {
  return rule.interface !== null || rule.community !== null || rule.asPathPrefix.length > 0 || rule.priority !== null;
}

/** `(net ~ cidr{low,high})` and its like (confd/pkg/resource/template/template_funcs.go). */
function asksFor({ cidr, matchOperator, prefixLength }: BGPFilterRule, range: Prefix): boolean {
  if (cidr === null || matchOperator === null) return true;
  const isNegated = matchOperator === "NotEqual" || matchOperator === "NotIn";
  if (prefixLength === null && (matchOperator === "Equal" || matchOperator === "NotEqual"))
    return samePrefix(cidr.prefix, range) !== isNegated;
  const low = Math.max(cidr.prefix.length, prefixLength?.min ?? 0);
  const high = prefixLength?.max ?? 128;
  const isInside = range.length >= low && range.length <= high && prefixContains(cidr.prefix, range.address);
  return isInside !== isNegated;
}
