import type { Metadata } from "../kubernetes/metadata.ts";
import type { KubernetesNetworkPolicy } from "../kubernetes/network-policy.ts";
import type { AdminPolicy } from "./conversion/admin-policy.ts";
import type { FelixConfiguration } from "./felix-configuration.ts";
import type { HostEndpoint } from "./host-endpoint.ts";
import type { KubeControllersConfiguration } from "./kube-controllers-configuration.ts";
import type { CalicoPolicy } from "./network-policy.ts";
import type { NetworkSet } from "./network-set.ts";
import type { Profile } from "./profile.ts";
import type { Tier } from "./tier.ts";

/** Declared resources that decide which packets may pass. Cluster-wide ones stand under their name, others under `namespace/name`. */
export interface PolicyResources {
  readonly namespaces: ReadonlyMap<string, Metadata>;
  readonly serviceAccounts: ReadonlyMap<string, Metadata>;
  readonly kubernetesNetworkPolicies: ReadonlyMap<string, KubernetesNetworkPolicy>;
  readonly networkPolicies: ReadonlyMap<string, CalicoPolicy>;
  readonly globalNetworkPolicies: ReadonlyMap<string, CalicoPolicy>;
  readonly stagedNetworkPolicies: ReadonlyMap<string, CalicoPolicy>;
  readonly stagedGlobalNetworkPolicies: ReadonlyMap<string, CalicoPolicy>;
  readonly stagedKubernetesNetworkPolicies: ReadonlyMap<string, Metadata>;
  readonly adminNetworkPolicies: ReadonlyMap<string, AdminPolicy>;
  readonly baselineAdminNetworkPolicies: ReadonlyMap<string, AdminPolicy>;
  readonly clusterNetworkPolicies: ReadonlyMap<string, AdminPolicy>;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly networkSets: ReadonlyMap<string, NetworkSet>;
  readonly globalNetworkSets: ReadonlyMap<string, NetworkSet>;
  readonly hostEndpoints: ReadonlyMap<string, HostEndpoint>;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly felixConfigurations: ReadonlyMap<string, FelixConfiguration>;
  readonly kubeControllersConfigurations: ReadonlyMap<string, KubeControllersConfiguration>;
}

/** The same, to be filled. */
export type PolicyResourceMaps = {
  readonly [Kind in keyof PolicyResources]: Map<
    string,
    PolicyResources[Kind] extends ReadonlyMap<string, infer T> ? T : never
  >;
};

export function noPolicyResources(): PolicyResourceMaps {
  return {
    namespaces: new Map(),
    serviceAccounts: new Map(),
    kubernetesNetworkPolicies: new Map(),
    networkPolicies: new Map(),
    globalNetworkPolicies: new Map(),
    stagedNetworkPolicies: new Map(),
    stagedGlobalNetworkPolicies: new Map(),
    stagedKubernetesNetworkPolicies: new Map(),
    adminNetworkPolicies: new Map(),
    baselineAdminNetworkPolicies: new Map(),
    clusterNetworkPolicies: new Map(),
    tiers: new Map(),
    networkSets: new Map(),
    globalNetworkSets: new Map(),
    hostEndpoints: new Map(),
    profiles: new Map(),
    felixConfigurations: new Map(),
    kubeControllersConfigurations: new Map(),
  };
}
