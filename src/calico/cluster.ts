import type { ClusterSettings } from "../kubernetes/cluster-settings.ts";
import type { EndpointSlice } from "../kubernetes/endpoint-slice.ts";
import type { Endpoints } from "../kubernetes/endpoints.ts";
import type { Metadata } from "../kubernetes/metadata.ts";
import type { KubernetesNode } from "../kubernetes/node.ts";
import type { Pod } from "../kubernetes/pod.ts";
import type { Secret } from "../kubernetes/secret.ts";
import type { Service } from "../kubernetes/service.ts";
import type { WorkloadController } from "../kubernetes/workloads/workload-controller.ts";
import type { BGPConfiguration } from "./bgp-configuration.ts";
import type { BGPFilter } from "./bgp-filter.ts";
import type { BGPPeer } from "./bgp-peer.ts";
import type { BlockAffinity } from "./block-affinity.ts";
import type { CalicoNode } from "./calico-node.ts";
import type { CalicoNodeEnvironment } from "./calico-node-environment.ts";
import type { IPPool } from "./ip-pool.ts";
import type { IPReservation } from "./ipam/ip-reservation.ts";
import type { IPAMBlock } from "./ipam/ipam-block.ts";
import type { IPAMConfig } from "./ipam/ipam-config.ts";
import type { IPAMHandle } from "./ipam/ipam-handle.ts";
import type { PolicyResources } from "./policy-resources.ts";
import type { WorkloadEndpoint } from "./workload-endpoint.ts";

/** An object of a kind that podpath does not read yet: kept as it was written. */
export interface OtherResource {
  readonly metadata: Metadata;
  /** The whole object: plain data from YAML or JSON, safe to walk (its aliases are bounded). */
  readonly content: unknown;
}

/** Declared resources. Cluster-wide objects stand under their name, others under `namespace/name`. */
export interface Cluster {
  readonly nodes: ReadonlyMap<string, KubernetesNode>;
  readonly calicoNodes: ReadonlyMap<string, CalicoNode>;
  readonly pods: ReadonlyMap<string, Pod>;
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointSlices: ReadonlyMap<string, EndpointSlice>;
  readonly endpoints: ReadonlyMap<string, Endpoints>;
  readonly workloadEndpoints: ReadonlyMap<string, WorkloadEndpoint>;
  readonly ipPools: ReadonlyMap<string, IPPool>;
  readonly bgpConfigurations: ReadonlyMap<string, BGPConfiguration>;
  readonly bgpPeers: ReadonlyMap<string, BGPPeer>;
  readonly bgpFilters: ReadonlyMap<string, BGPFilter>;
  readonly blockAffinities: ReadonlyMap<string, BlockAffinity>;
  readonly secrets: ReadonlyMap<string, Secret>;
  /** What says which packets may pass, and to whom labels are given. */
  readonly policy: PolicyResources;
  readonly ipamBlocks: ReadonlyMap<string, IPAMBlock>;
  readonly ipamConfigs: ReadonlyMap<string, IPAMConfig>;
  readonly ipReservations: ReadonlyMap<string, IPReservation>;
  readonly ipamHandles: ReadonlyMap<string, IPAMHandle>;
  readonly settings: ClusterSettings;
  /** Of the container calico-node; null where its DaemonSet is not among the objects. */
  readonly environment: CalicoNodeEnvironment | null;
  /** What makes pods of templates, under `Kind namespace/name`. */
  readonly controllers: ReadonlyMap<string, WorkloadController>;
  /** Under `Kind.group namespace/name`, as `kubectl` names kinds. */
  readonly others: ReadonlyMap<string, OtherResource>;
}
