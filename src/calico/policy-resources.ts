import type { Metadata } from "../kubernetes/metadata.ts";
import type { KubernetesNetworkPolicy } from "../kubernetes/network-policy.ts";
import type { CalicoPolicy } from "./network-policy.ts";
import type { NetworkSet } from "./network-set.ts";
import type { Profile } from "./profile.ts";
import type { Tier } from "./tier.ts";

/** Declared resources that decide which packets may pass. Cluster-wide ones stand under their name, others under `namespace/name`. */
export interface PolicyResources {
  readonly namespaces: ReadonlyMap<string, Metadata>;
  readonly serviceAccounts: ReadonlyMap<string, Metadata>;
  readonly kubernetesNetworkPolicies: ReadonlyMap<string, KubernetesNetworkPolicy>;
  /** Calico's own, staged ones too, under `Kind namespace/name`. */
  readonly calicoPolicies: ReadonlyMap<string, CalicoPolicy>;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly networkSets: ReadonlyMap<string, NetworkSet>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

export const NO_POLICY_RESOURCES: PolicyResources = {
  namespaces: new Map(),
  serviceAccounts: new Map(),
  kubernetesNetworkPolicies: new Map(),
  calicoPolicies: new Map(),
  tiers: new Map(),
  networkSets: new Map(),
  profiles: new Map(),
};
