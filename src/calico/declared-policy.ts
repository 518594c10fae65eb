import type { Metadata } from "../kubernetes/metadata.ts";
import { NO_ORIGIN } from "../model/origin.ts";
import type { Cluster } from "./cluster.ts";
import { convertKubernetesNetworkPolicy } from "./conversion/kubernetes-network-policy.ts";
import { namespaceProfile, serviceAccountProfile } from "./namespace-profiles.ts";
import type { CalicoPolicy } from "./network-policy.ts";
import type { Profile } from "./profile.ts";
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

function declaredProfiles(cluster: Cluster): ReadonlyMap<string, Profile> {
  const profiles = new Map(cluster.policy.profiles);
  const add = (profile: Profile): unknown => profiles.set(profile.name, profile);
  const { namespaces, serviceAccounts } = cluster.policy;
  for (const [name, metadata] of namespaces) add(namespaceProfile(namespaceMetadata(name, metadata)));
  for (const [key, metadata] of serviceAccounts) add(serviceAccountProfile(key.slice(0, key.indexOf("/")), metadata));
  for (const [key, pod] of cluster.pods) {
    const namespace = key.slice(0, key.indexOf("/"));
    if (!profiles.has(`kns.${namespace}`)) add(namespaceProfile(namespaceMetadata(namespace, undefined)));
    if (!profiles.has(`ksa.${namespace}.${pod.serviceAccount}`))
      add(serviceAccountProfile(namespace, accountMetadata(namespace, pod.serviceAccount)));
  }
  return profiles;
}

const DEFAULT_TIER: Tier = { name: "default", order: 1_000_000, defaultAction: "Deny" };

/** The tiers, policies and profiles of a cluster. */
export function declaredPolicy(cluster: Cluster): DeclaredPolicy {
  const { kubernetesNetworkPolicies, calicoPolicies, tiers } = cluster.policy;
  const converted = [...kubernetesNetworkPolicies].map(
    ([key, policy]) => convertKubernetesNetworkPolicy(policy, key.slice(0, key.indexOf("/"))).policy,
  );
  return {
    tiers: [...new Map([[DEFAULT_TIER.name, DEFAULT_TIER], ...tiers]).values()],
    policies: [...converted, ...calicoPolicies.values()],
    profiles: declaredProfiles(cluster),
  };
}
