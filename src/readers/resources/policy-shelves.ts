import { readAdminPolicy } from "../../calico/conversion/admin-policy.ts";
import { readFelixConfiguration } from "../../calico/felix-configuration.ts";
import { readHostEndpoint } from "../../calico/host-endpoint.ts";
import { readKubeControllersConfiguration } from "../../calico/kube-controllers-configuration.ts";
import { readNetworkSet } from "../../calico/network-set.ts";
import type { PolicyResourceMaps } from "../../calico/policy-resources.ts";
import { readCalicoPolicy } from "../../calico/read-calico-policy.ts";
import { readProfile } from "../../calico/read-profile.ts";
import { readTier } from "../../calico/read-tier.ts";
import { readMetadata } from "../../kubernetes/metadata.ts";
import { readKubernetesNetworkPolicy } from "../../kubernetes/network-policy.ts";
import { CALICO, type Shelf, shelf, strictShelf } from "./shelf.ts";

const ADMIN = ["policy.networking.k8s.io"];

/** The kinds that decide which packets may pass. */
export function policyShelves(to: PolicyResourceMaps): readonly Shelf[] {
  const calico = (kind: Parameters<typeof readCalicoPolicy>[0], namespaced: boolean, map: typeof to.networkPolicies) =>
    strictShelf(kind, CALICO, namespaced, map, readCalicoPolicy(kind, namespaced));
  const admin = (kind: Parameters<typeof readAdminPolicy>[0], map: typeof to.adminNetworkPolicies) =>
    strictShelf(kind, ADMIN, false, map, readAdminPolicy(kind));
  return [
    shelf("Namespace", [""], false, to.namespaces, readMetadata),
    shelf("ServiceAccount", [""], true, to.serviceAccounts, readMetadata),
    strictShelf(
      "NetworkPolicy",
      ["networking.k8s.io"],
      true,
      to.kubernetesNetworkPolicies,
      readKubernetesNetworkPolicy,
    ),
    calico("NetworkPolicy", true, to.networkPolicies),
    calico("GlobalNetworkPolicy", false, to.globalNetworkPolicies),
    calico("StagedNetworkPolicy", true, to.stagedNetworkPolicies),
    calico("StagedGlobalNetworkPolicy", false, to.stagedGlobalNetworkPolicies),
    shelf("StagedKubernetesNetworkPolicy", CALICO, true, to.stagedKubernetesNetworkPolicies, readMetadata),
    admin("AdminNetworkPolicy", to.adminNetworkPolicies),
    admin("BaselineAdminNetworkPolicy", to.baselineAdminNetworkPolicies),
    admin("ClusterNetworkPolicy", to.clusterNetworkPolicies),
    strictShelf("Tier", CALICO, false, to.tiers, readTier),
    strictShelf("NetworkSet", CALICO, true, to.networkSets, readNetworkSet),
    strictShelf("GlobalNetworkSet", CALICO, false, to.globalNetworkSets, readNetworkSet),
    strictShelf("HostEndpoint", CALICO, false, to.hostEndpoints, readHostEndpoint),
    strictShelf("Profile", CALICO, false, to.profiles, readProfile),
    shelf("FelixConfiguration", CALICO, false, to.felixConfigurations, readFelixConfiguration),
    shelf(
      "KubeControllersConfiguration",
      CALICO,
      false,
      to.kubeControllersConfigurations,
      readKubeControllersConfiguration,
    ),
  ];
}
