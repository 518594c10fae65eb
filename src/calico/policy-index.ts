import { append } from "../model/append.ts";
import { policySelector } from "./conversion/policy-selector.ts";
import type { CalicoPolicy } from "./network-policy.ts";
import { type LabelLookup, matchesSelector } from "./selector/matches-selector.ts";
import { type RequiredLabel, requiredLabels } from "./selector/required-label.ts";
import { canonicalSelector, type Selector } from "./selector/selector.ts";
import { sortPolicies } from "./tier.ts";

/** A policy with its selectors as one. */
export interface SelectingPolicy {
  readonly policy: CalicoPolicy;
  readonly selector: Selector;
  readonly canonical: string;
  /** Place among all policies that are met in the order of their tiers. */
  readonly place: number;
}

/** Finds the policies that choose an endpoint. */
export interface PolicyIndex {
  /** In the order in which packets meet those of one tier. */
  choosing(labels: LabelLookup): readonly SelectingPolicy[];
}

/** Labels that many endpoints share with one value: worth asking only where a selector requires no other. */
const COMMON = ["projectcalico.org/namespace", "projectcalico.org/orchestrator"];

function sharpest(selector: Selector): RequiredLabel | undefined {
  const required = requiredLabels(selector).filter(({ values }) => values !== null);
  const rank = ({ label }: RequiredLabel): number => COMMON.indexOf(label);
  return [...required].sort((x, y) => rank(x) - rank(y))[0];
}

function push(lists: Map<string, SelectingPolicy[]>, key: string, policy: SelectingPolicy): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [policy]);
  else list.push(policy);
}

/** Policies under a label value that they require, so that an endpoint is not held against every policy. */
export function policyIndex(
  policies: readonly CalicoPolicy[],
  tieBreak: (policy: CalicoPolicy) => string,
): PolicyIndex {
  const byLabel = new Map<string, Map<string, SelectingPolicy[]>>();
  const anywhere: SelectingPolicy[] = [];
  for (const [place, policy] of sortPolicies(policies, tieBreak).entries()) {
    const { selector } = policySelector(policy);
    if (selector === null) continue;
    const selecting = { policy, selector, canonical: canonicalSelector(selector), place };
    const required = sharpest(selector);
    if (required === undefined) {
      anywhere.push(selecting);
      continue;
    }
    const byValue = byLabel.get(required.label) ?? new Map<string, SelectingPolicy[]>();
    byLabel.set(required.label, byValue);
    for (const value of required.values ?? []) push(byValue, value, selecting);
  }
  return {
    choosing: (labels) => {
      const candidates = [...anywhere];
      for (const [label, byValue] of byLabel) {
        const value = labels(label);
        if (value !== undefined) append(candidates, byValue.get(value) ?? []);
      }
      return candidates.filter(({ selector }) => matchesSelector(selector, labels)).sort((x, y) => x.place - y.place);
    },
  };
}
