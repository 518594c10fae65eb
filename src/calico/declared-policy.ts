import type { Metadata } from "../kubernetes/metadata.ts";
import { NO_ORIGIN } from "../model/origin.ts";
import type { Cluster } from "./cluster.ts";
import { convertKubernetesNetworkPolicy } from "./conversion/kubernetes-network-policy.ts";
import { type FelixBand, isSince } from "./felix/felix-settings.ts";
import { ignoresAlternatives } from "./ignored-alternatives.ts";
import { namespaceProfile, serviceAccountProfile } from "./namespace-profiles.ts";
import { ANY_RULE, type CalicoPolicy } from "./network-policy.ts";
import type { PolicyProblem } from "./policy-problem.ts";
import type { Profile } from "./profile.ts";
import { refusedByIptables } from "./refused-by-iptables.ts";
import { storedPolicies } from "./stored-policies.ts";
import type { Tier } from "./tier.ts";

/** Everything that decides about packets, in Calico's own terms, whichever resources said it. */
export interface DeclaredPolicy {
  readonly tiers: readonly Tier[];
  readonly policies: readonly CalicoPolicy[];
  readonly profiles: ReadonlyMap<string, Profile>;
}

const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** The API server labels every namespace with its name, and pods cannot be where there is none. */
function namespaceMetadata(name: string, declared: Metadata | undefined): Metadata {
  const labels = new Map([[NAMESPACE_NAME, name], ...(declared?.labels ?? [])]);
  if (declared !== undefined) return { ...declared, labels };
  const annotations = new Map<string, string>();
  return { kind: "Namespace", apiVersion: "v1", namespace: null, name, labels, annotations, origin: NO_ORIGIN };
}

/** A service account that no file declares, such as the `default` one of each namespace. */
function accountMetadata(namespace: string, name: string): Metadata {
  const [labels, annotations] = [new Map<string, string>(), new Map<string, string>()];
  return { kind: "ServiceAccount", apiVersion: "v1", namespace, name, labels, annotations, origin: NO_ORIGIN };
}

/** Always there (libcalico-go/lib/resources/profile.go, DefaultAllowProfile). */
const DEFAULT_ALLOW: Profile = {
  name: "projectcalico-default-allow",
  labelsToApply: new Map(),
  ingress: [ANY_RULE],
  egress: [ANY_RULE],
  origin: NO_ORIGIN,
};

function declaredProfiles(cluster: Cluster): ReadonlyMap<string, Profile> {
  const profiles = new Map(cluster.policy.profiles);
  const add = (profile: Profile): unknown => profiles.set(profile.name, profile);
  const { namespaces, serviceAccounts } = cluster.policy;
  add(DEFAULT_ALLOW);
  for (const [name, metadata] of namespaces) add(namespaceProfile(namespaceMetadata(name, metadata)));
  for (const [key, metadata] of serviceAccounts) add(serviceAccountProfile(key.slice(0, key.indexOf("/")), metadata));
  const seen = new Map<string, Set<string>>();
  for (const [key, { serviceAccount }] of cluster.pods) {
    const namespace = key.slice(0, key.indexOf("/"));
    const accounts = seen.get(namespace);
    if (accounts === undefined) seen.set(namespace, new Set([serviceAccount]));
    else accounts.add(serviceAccount);
  }
  const ofSets = [...cluster.policy.networkSets.keys()].map((key) => key.slice(0, key.indexOf("/")));
  for (const namespace of [...seen.keys(), ...ofSets]) {
    if (!profiles.has(`kns.${namespace}`)) add(namespaceProfile(namespaceMetadata(namespace, undefined)));
  }
  for (const [namespace, accounts] of seen) {
    for (const account of accounts) {
      if (!profiles.has(`ksa.${namespace}.${account}`))
        add(serviceAccountProfile(namespace, accountMetadata(namespace, account)));
    }
  }
  return profiles;
}

/** The tiers that Calico makes by itself (libcalico-go/lib/clientv3, ensureTiers). */
function builtInTiers(band: FelixBand): readonly Tier[] {
  const tier = (name: string, order: number, defaultAction: Tier["defaultAction"]): Tier => ({
    name,
    order,
    defaultAction,
  });
  const ofDefault = tier("default", 1_000_000, "Deny");
  if (isSince(band, "v3.32")) return [tier("kube-admin", 1000, "Pass"), ofDefault, tier("kube-baseline", 1e7, "Pass")];
  if (!isSince(band, "v3.29")) return [ofDefault];
  const baseline = isSince(band, "v3.30") ? [tier("baselineadminnetworkpolicy", 1e7, "Pass")] : [];
  return [tier("adminnetworkpolicy", 1000, "Pass"), ofDefault, ...baseline];
}

/** The tiers and policies of a cluster as Felix of one release knows them, and what is wrong with what was declared. */
export function declaredPolicies(
  cluster: Cluster,
  band: FelixBand,
): Pick<DeclaredPolicy, "tiers" | "policies"> & { readonly problems: readonly PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const tiers = new Map(builtInTiers(band).map((tier) => [tier.name, tier]));
  for (const [name, tier] of cluster.policy.tiers) if (!tiers.has(name)) tiers.set(name, tier);
  const converted = [...cluster.policy.kubernetesNetworkPolicies].map(([key, declared]) => {
    const { policy, refused } = convertKubernetesNetworkPolicy(declared, key.slice(0, key.indexOf("/")));
    for (const { path, found } of refused) {
      const message = `Calico refuses one of its ports (${found}): the rule is left out, the policy holds.`;
      problems.push({ code: "policy-rule-left-out", origin: policy.origin, path, message });
    }
    return policy;
  });
  const stored = storedPolicies(cluster.policy, band, tiers);
  const policies = [...converted, ...stored.policies];
  for (const { origin, ingress, egress } of policies) {
    for (const rule of [...ingress, ...egress]) {
      const { path } = rule;
      const refused = refusedByIptables(rule, band);
      if (refused !== null) problems.push({ code: "felix-cannot-program", origin, path, message: refused });
      if (!ignoresAlternatives(rule)) continue;
      const message = "it asks more than two lists of alternatives; Felix heeds two of them.";
      problems.push({ code: "policy-rule-not-enforced", origin, path, message });
    }
  }
  return { tiers: [...tiers.values()], policies, problems: [...problems, ...stored.problems] };
}

/** The tiers, policies and profiles of a cluster as Felix of one release knows them. */
export function declaredPolicy(cluster: Cluster, band: FelixBand): DeclaredPolicy {
  const { tiers, policies } = declaredPolicies(cluster, band);
  return { tiers, policies, profiles: declaredProfiles(cluster) };
}
