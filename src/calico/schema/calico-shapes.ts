import { KUBERNETES_BLOCKS } from "../../kubernetes/schema/kubernetes-shapes.ts";
import { readShape } from "../../kubernetes/schema/read-shape.ts";
import type { Shape } from "../../kubernetes/schema/shape.ts";
import { BGP_BLOCKS, BGP_CONFIGURATION, BGP_FILTER, BGP_PEER } from "./bgp-shapes.ts";
import { CALICO_NODE, PROFILE, WORKLOAD_ENDPOINT } from "./endpoint-shapes.ts";
import { FELIX_CONFIGURATION } from "./felix-configuration-shape.ts";
import { INSTALLATION, INSTALLATION_BLOCKS } from "./installation-shape.ts";
import { BLOCK_AFFINITY, IP_POOL, IP_RESERVATION, IPAM_BLOCK, IPAM_CONFIG, IPAM_HANDLE } from "./ipam-shapes.ts";
import { KUBE_CONTROLLERS_CONFIGURATION } from "./kube-controllers-shape.ts";
import {
  GLOBAL_NETWORK_POLICY,
  HOST_ENDPOINT,
  NETWORK_POLICY,
  NETWORK_SET,
  POLICY_BLOCKS,
  STAGED_GLOBAL_NETWORK_POLICY,
  STAGED_KUBERNETES_NETWORK_POLICY,
  STAGED_NETWORK_POLICY,
  TIER,
} from "./policy-shapes.ts";

const NOTATIONS: Readonly<Record<string, string>> = {
  BGPConfiguration: BGP_CONFIGURATION,
  BGPFilter: BGP_FILTER,
  BGPPeer: BGP_PEER,
  BlockAffinity: BLOCK_AFFINITY,
  FelixConfiguration: FELIX_CONFIGURATION,
  GlobalNetworkPolicy: GLOBAL_NETWORK_POLICY,
  GlobalNetworkSet: NETWORK_SET,
  HostEndpoint: HOST_ENDPOINT,
  IPAMBlock: IPAM_BLOCK,
  IPAMConfig: IPAM_CONFIG,
  IPAMHandle: IPAM_HANDLE,
  IPPool: IP_POOL,
  IPReservation: IP_RESERVATION,
  KubeControllersConfiguration: KUBE_CONTROLLERS_CONFIGURATION,
  NetworkPolicy: NETWORK_POLICY,
  NetworkSet: NETWORK_SET,
  Node: CALICO_NODE,
  Profile: PROFILE,
  StagedGlobalNetworkPolicy: STAGED_GLOBAL_NETWORK_POLICY,
  StagedKubernetesNetworkPolicy: STAGED_KUBERNETES_NETWORK_POLICY,
  StagedNetworkPolicy: STAGED_NETWORK_POLICY,
  Tier: TIER,
  WorkloadEndpoint: WORKLOAD_ENDPOINT,
};

/** The group of the operator that installs Calico. */
export const OPERATOR = "operator.tigera.io";

const BLOCKS = { ...KUBERNETES_BLOCKS, ...POLICY_BLOCKS, ...BGP_BLOCKS };

/** What Calico's API takes as an object of a kind, without its metadata; null for kinds whose fields are not known. */
export function calicoShape(kind: string): Shape | null {
  const notation = Object.hasOwn(NOTATIONS, kind) ? NOTATIONS[kind] : undefined;
  return notation === undefined ? null : readShape(notation, BLOCKS);
}

/** What the API takes as an object of the operator's group, without its metadata; null for kinds that decide about no packet. */
export function operatorShape(kind: string): Shape | null {
  return kind === "Installation" ? readShape(INSTALLATION, INSTALLATION_BLOCKS) : null;
}
