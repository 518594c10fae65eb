import { policySelector } from "../conversion/policy-selector.ts";
import type { CalicoPolicy } from "../network-policy.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import { canonicalSelector } from "../selector/selector.ts";
import { sortPolicies, sortTiers, type Tier } from "../tier.ts";
import type { EndpointTier } from "./endpoint-chain.ts";
import { type FelixBand, isSince } from "./felix-settings.ts";
import type { PolicyKey } from "./policy-chain-names.ts";
import type { PolicyGroup } from "./policy-group.ts";

const STAGED = /^Staged/;

/** A policy as its chains are named after: older releases prefix what Kubernetes calls it. */
export function policyKey(policy: CalicoPolicy, band: FelixBand): PolicyKey {
  const { kind, namespace, tier } = policy;
  const prefix = kind === "KubernetesNetworkPolicy" && !isSince(band, "v3.32") ? "knp.default." : "";
  return { kind, namespace, name: prefix + policy.name, tier };
}

/**
 * The tiers with policies that choose an endpoint in one direction, in order, and in each the policies in groups of equal
 * selectors (felix/calc/policy_resolver.go; felix/dataplane/linux/endpoint_mgr.go, groupPolicies). Tiers without any are
 * left out.
 *
 * @param labels the endpoint's own and those it inherits
 * @param belongs which of the policies count for the chain: tracked, untracked, before DNAT, on forwarded packets
 */
export function endpointTiers(
  direction: "ingress" | "egress",
  labels: ReadonlyMap<string, string>,
  tiers: readonly Tier[],
  policies: readonly CalicoPolicy[],
  belongs: (policy: CalicoPolicy) => boolean,
  band: FelixBand,
): readonly EndpointTier[] {
  const type = direction === "ingress" ? "Ingress" : "Egress";
  return sortTiers(tiers).flatMap((tier): readonly EndpointTier[] => {
    const groups: { selector: string; policies: PolicyKey[] }[] = [];
    for (const policy of sortPolicies(policies.filter((one) => one.tier === tier.name && belongs(one)))) {
      if (!policy.types.includes(type) || STAGED.test(policy.kind)) continue;
      const { selector } = policySelector(policy);
      if (selector === null || !matchesSelector(selector, (label) => labels.get(label))) continue;
      const canonical = canonicalSelector(selector);
      const last = groups.at(-1);
      if (last?.selector === canonical) last.policies.push(policyKey(policy, band));
      else groups.push({ selector: canonical, policies: [policyKey(policy, band)] });
    }
    if (groups.length === 0) return [];
    const ofTier = groups.map((group): PolicyGroup => ({ tier: tier.name, direction, ...group }));
    return [{ name: tier.name, defaultAction: tier.defaultAction, groups: ofTier }];
  });
}
