import type { Origin } from "../../model/origin.ts";
import type { CalicoPolicy } from "../network-policy.ts";
import type { SelectingPolicy } from "../policy-index.ts";
import { sortTiers, storedName, type Tier } from "../tier.ts";
import type { EndpointTier } from "./endpoint-chain.ts";
import { type FelixBand, isSince } from "./felix-settings.ts";
import type { PolicyKey } from "./policy-chain-names.ts";
import type { PolicyGroup } from "./policy-group.ts";

const STAGED = /^Staged/;

/** Which packets a chain is about: those of connections, those before tracking, before DNAT, or those passed on. */
export type PolicyListKind = "normal" | "untracked" | "preDNAT" | "forward";

function belongs(policy: CalicoPolicy, kind: PolicyListKind): boolean {
  switch (kind) {
    case "untracked":
      return policy.doNotTrack;
    case "preDNAT":
      return policy.preDNAT && !policy.doNotTrack;
    case "normal":
      return !policy.doNotTrack && !policy.preDNAT;
    case "forward":
      return !policy.doNotTrack && !policy.preDNAT && policy.applyOnForward;
  }
}

/** A policy as its chains are named after: older releases prefix what Kubernetes calls it. */
export function policyKey(policy: CalicoPolicy, band: FelixBand): PolicyKey {
  const { kind, namespace, tier, origin } = policy;
  const prefix = kind === "KubernetesNetworkPolicy" && !isSince(band, "v3.32") ? "knp.default." : "";
  return { kind, namespace, name: prefix + policy.name, tier, origin };
}

/** What policies of one order are sorted by (felix/calc/policy_sorter.go, PolKVLess): their keys. */
export function policyTieBreak(policy: CalicoPolicy, band: FelixBand): string {
  const key = policyKey(policy, band);
  return isSince(band, "v3.32") ? `${key.name}/${key.namespace ?? ""}/${key.kind}` : storedName(key);
}

/** Policies that reach Felix without types hold in both directions (policy_sorter.go, governsType). */
function governs({ types }: CalicoPolicy, type: "Ingress" | "Egress"): boolean {
  return types.length === 0 || types.includes(type);
}

/**
 * The tiers with policies that choose an endpoint in one direction, in order, and in each the policies in groups of equal
 * selectors (felix/calc/policy_resolver.go; felix/dataplane/linux/endpoint_mgr.go, groupPolicies). Tiers without any are
 * left out.
 *
 * @param originOf the field by which a policy chooses endpoints
 * @param choosing the policies that choose the endpoint, those of one tier in order
 */
export function endpointTiers(
  direction: "ingress" | "egress",
  tiers: readonly Tier[],
  choosing: readonly SelectingPolicy[],
  kind: PolicyListKind,
  band: FelixBand,
  originOf: (policy: CalicoPolicy) => Origin,
): readonly EndpointTier[] {
  const type = direction === "ingress" ? "Ingress" : "Egress";
  const counting = choosing.filter(
    ({ policy }) => governs(policy, type) && !STAGED.test(policy.kind) && belongs(policy, kind),
  );
  if (counting.length === 0) return [];
  return sortTiers(tiers).flatMap((tier): readonly EndpointTier[] => {
    const groups: { selector: string; policies: PolicyKey[] }[] = [];
    for (const { policy, canonical } of counting) {
      if (policy.tier !== tier.name) continue;
      const key = { ...policyKey(policy, band), origin: originOf(policy) };
      const last = groups.at(-1);
      if (last?.selector === canonical) last.policies.push(key);
      else groups.push({ selector: canonical, policies: [key] });
    }
    if (groups.length === 0) return [];
    const ofTier = groups.map((group): PolicyGroup => ({ tier: tier.name, direction, ...group }));
    return [{ name: tier.name, defaultAction: tier.defaultAction, groups: ofTier }];
  });
}
