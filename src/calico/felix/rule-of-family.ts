import type { PolicyRule } from "./policy-rule.ts";

interface Kept {
  readonly nets: readonly string[];
  /** True when there were networks and none is left: then the rule is not for this family. */
  readonly none: boolean;
}

function ofFamily(nets: readonly string[], family: 4 | 6): Kept {
  const kept = nets.filter((net) => net.includes(":") === (family === 6));
  return { nets: kept, none: nets.length > 0 && kept.length === 0 };
}

/**
 * The rule without the networks of the other family; null when it does not speak of this one at all
 * (felix/rules/policy.go, FilterRuleToIPVersion). A negated 0.0.0.0/0 or ::/0 drops the rule, too, in newer releases.
 */
export function ruleOfFamily(rule: PolicyRule, family: 4 | 6, dropsNegatedAll: boolean): PolicyRule | null {
  if (rule.family !== null && rule.family !== family) return null;
  const [source, notSource, destination, notDestination] = [
    ofFamily(rule.source.nets, family),
    ofFamily(rule.source.notNets, family),
    ofFamily(rule.destination.nets, family),
    ofFamily(rule.destination.notNets, family),
  ];
  if (source.none || notSource.none || destination.none || notDestination.none) return null;
  const everything = family === 4 ? "0.0.0.0/0" : "::/0";
  if (dropsNegatedAll && (notSource.nets.includes(everything) || notDestination.nets.includes(everything))) return null;
  return {
    ...rule,
    source: { ...rule.source, nets: source.nets, notNets: notSource.nets },
    destination: { ...rule.destination, nets: destination.nets, notNets: notDestination.nets },
  };
}
