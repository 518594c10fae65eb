import type { EndpointSlices } from "../../kubernetes/endpoint-slices-of.ts";
import type { SecretKeyReference } from "../../kubernetes/secret-key-reference.ts";
import { formatPrefix, type Prefix } from "../../net/prefix.ts";
import { DEFAULT_AS_NUMBER } from "../as-number.ts";
import type { BGPConfiguration, ProgramClusterRoutes } from "../bgp-configuration.ts";
import type { BGPFilter } from "../bgp-filter.ts";
import { isCalicoSince } from "../calico-version.ts";
import type { Cluster } from "../cluster.ts";
import type { IPPool } from "../ip-pool.ts";
import type { IPAMBlock } from "../ipam/ipam-block.ts";
import { advertisedServices } from "./advertised-services.ts";
import { type BgpNode, bgpNodesOf, type DeclaredBgpNode, inOrder } from "./bgp-node.ts";
import { bgpWorkloads } from "./bgp-workloads.ts";
import { type BirdLayout, birdLayoutOf } from "./bird-layout.ts";
import { blockOwners, blocksByNode, type NodeBlock } from "./block-routes.ts";
import { calicoNodeEnvironment } from "./calico-node-environment.ts";
import { olderFilter } from "./older-filter.ts";
import { expandPeerings, type Peerings } from "./peering.ts";
import { type AdvertisedService, type ServiceRanges, serviceRanges } from "./service-routes.ts";

/** What is equal for the BIRD configurations of all nodes. */
export interface BirdContext {
  readonly layout: BirdLayout;
  /** In the order of names. */
  readonly nodes: ReadonlyMap<string, BgpNode>;
  readonly asNumber: number;
  readonly isMeshEnabled: boolean;
  readonly listenPort: number | null;
  /** Seconds. */
  readonly meshRestartTime: number | null;
  readonly meshPassword: string | null;
  /** Null without a reference, and where Secret or key are missing: confd then writes no password. */
  readonly passwordOf: (reference: SecretKeyReference | null) => string | null;
  readonly configuration: BGPConfiguration | null;
  /** As `default` says, else as the release has it: until v3.32 BIRD programs the routes of all pools but VXLAN's. */
  readonly programClusterRoutes: ProgramClusterRoutes;
  /** By node. */
  readonly nodeConfigurations: ReadonlyMap<string, BGPConfiguration>;
  readonly peerings: Peerings;
  /** By name, in the order of names. */
  readonly filters: ReadonlyMap<string, BGPFilter>;
  /** In confd's order, both families. */
  readonly pools: readonly IPPool[];
  /** By node. */
  readonly blocks: Readonly<Record<4 | 6, ReadonlyMap<string, readonly NodeBlock[]>>>;
  readonly serviceRanges: ServiceRanges;
  readonly services: readonly AdvertisedService[];
  /** CALICO_ROUTER_ID: `hash`, an address, or empty for the node's own. */
  readonly routerId: string;
}

/** What a BIRD configuration depends on besides the resources. */
export interface BirdEnvironment {
  /** `v3.29.2`. */
  readonly calico: string;
  readonly slices: EndpointSlices;
  /** Of the AddressPlan; null: only the BlockAffinities tell whose blocks are whose. */
  readonly blocks: readonly IPAMBlock[] | null;
  /** CALICO_ROUTER_ID of calico-node, where no DaemonSet tells it. */
  readonly routerId?: string;
}

/**
 * Gathers what confd knows of a cluster (confd/pkg/backends/calico/client.go): one for all nodes. `birdFilesOf` writes the files of a node from it.
 */
export function birdContext(
  cluster: Cluster,
  declared: readonly DeclaredBgpNode[],
  environment: BirdEnvironment,
): BirdContext {
  const layout = birdLayoutOf(environment.calico);
  const nodes = bgpNodesOf(cluster, declared);
  const configuration = cluster.bgpConfigurations.get("default") ?? null;
  const asNumber = configuration?.asNumber ?? DEFAULT_AS_NUMBER;
  const listenPort = configuration?.listenPort ?? null;
  const daemonSet = calicoNodeEnvironment(cluster);
  const namespace = daemonSet?.namespace ?? namespaceOfCalicoNode(cluster);
  const passwordOf = (reference: SecretKeyReference | null): string | null =>
    reference === null
      ? null
      : (cluster.secrets.get(`${namespace}/${reference.name}`)?.data.get(reference.key) ?? null);
  const peers = [...cluster.bgpPeers.values()].sort((x, y) => inOrder(x.metadata.name, y.metadata.name));
  const workloads = layout === "flat" ? bgpWorkloads(cluster) : null;
  const restart = configuration?.nodeMeshMaxRestartTime ?? null;
  const affinities = blockOwners(cluster.blockAffinities.values(), environment.blocks ?? []);
  return {
    layout,
    nodes,
    asNumber,
    isMeshEnabled: configuration?.nodeToNodeMeshEnabled ?? true,
    listenPort,
    meshRestartTime: restart === null ? null : Math.round(restart),
    meshPassword: passwordOf(configuration?.nodeMeshPassword ?? null),
    passwordOf,
    configuration,
    programClusterRoutes:
      configuration?.programClusterRoutes ?? (isCalicoSince(environment.calico, 33) ? "EnabledNoEncapOnly" : "Enabled"),
    nodeConfigurations: new Map(
      [...cluster.bgpConfigurations].flatMap(([name, one]) =>
        name.startsWith("node.") ? [[name.slice("node.".length), one] as const] : [],
      ),
    ),
    peerings: expandPeerings({
      nodes,
      peers,
      asNumber,
      listenPort,
      workloadsOf: workloads === null ? null : (node) => workloads.get(node) ?? [],
    }),
    filters: new Map(
      [...cluster.bgpFilters]
        .sort(([x], [y]) => inOrder(x, y))
        .map(([name, filter]) => [name, layout === "flat" ? filter : olderFilter(filter)]),
    ),
    pools: [...cluster.ipPools.values()].sort((x, y) => inOrder(poolKey(x.cidr), poolKey(y.cidr))),
    blocks: { 4: blocksByNode(affinities, 4), 6: blocksByNode(affinities, 6) },
    serviceRanges: serviceRanges(configuration, daemonSet?.advertisedClusterIPs ?? null),
    services: advertisedServices(cluster.services, environment.slices),
    routerId: daemonSet?.routerId || (environment.routerId ?? ""),
  };
}

function poolKey(cidr: Prefix): string {
  return formatPrefix(cidr).replace("/", "-");
}

/** kube-system where it was installed by a manifest, calico-system by the operator. */
function namespaceOfCalicoNode(cluster: Cluster): string {
  for (const { metadata } of cluster.pods.values()) {
    if (metadata.labels.get("k8s-app") === "calico-node") return metadata.namespace ?? "default";
  }
  const isOperated = [...cluster.others.values()].some(({ metadata }) => metadata.kind === "Installation");
  return isOperated ? "calico-system" : "kube-system";
}
