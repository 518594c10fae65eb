import { NO_ORIGIN, type OriginTable, originOfField } from "../../model/origin.ts";
import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { type ClusterSettings, DEFAULT_KUBE_PROXY, type KubeProxySettings } from "../cluster-settings.ts";
import type { EndpointSlices } from "../endpoint-slices-of.ts";
import type { KubernetesNode } from "../node.ts";
import type { Service } from "../service.ts";
import { minorVersion } from "../version.ts";
import type { ChainsByName } from "./chains-by-name.ts";
import { serviceDestinations } from "./other-modes.ts";
import type { PortalOrigins } from "./portal-chains.ts";
import { type ServicePortal, servicePortals } from "./service-portal.ts";
import type { sharedChains } from "./shared-chains.ts";

/** Hints count without the annotation from here on (feature ServiceTrafficDistribution). */
const HINTS_ALWAYS = 31;
/** Hints for nodes count from here on (feature PreferSameTrafficDistribution). */
const NODE_HINTS = 34;
/** `largeClusterEndpointsThreshold` */
const LARGE = 1000;

/** A service port with what was made of it: chains that are equal on several nodes are made once. */
export interface SharedPortal {
  readonly portal: ServicePortal;
  /** Its rules depend on the node: local endpoints, hints. */
  readonly ofNode: boolean;
  readonly chains: Map<string, RestoreChain>;
  readonly origins: PortalOrigins;
}

/** All service ports of an address family. */
export interface FamilyPortals {
  readonly family: Family;
  readonly portals: readonly SharedPortal[];
  /** Those whose rules depend on the node. */
  readonly ofNode: readonly SharedPortal[];
  readonly isLarge: boolean;
  /** Chains and whole tables, by what makes them differ between nodes. */
  readonly portalChains: Map<string, ChainsByName>;
  readonly sharedChains: Map<string, ReturnType<typeof sharedChains>>;
  readonly tables: Map<string, readonly RestoreTable[]>;
}

/** What is equal for kube-proxy on all nodes of a cluster. */
export interface KubeProxyContext {
  readonly settings: KubeProxySettings;
  readonly hintsAlways: boolean;
  readonly nodeHints: boolean;
  readonly nodes: ReadonlyMap<string, KubernetesNode>;
  /** The addresses of Services, and the networks that they are taken from. */
  readonly destinations: readonly Prefix[];
  readonly ipv4: FamilyPortals;
  readonly ipv6: FamilyPortals;
}

/** The declared objects that kube-proxy reads. */
export interface ProxiedCluster {
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<string, KubernetesNode>;
  readonly settings: ClusterSettings;
}

/**
 * Reads Services and EndpointSlices once for all nodes. Without a configuration kube-proxy is as kubeadm sets it up:
 * mode iptables, `clusterCIDR` the networks of the pods. `versions.kubernetes` is one such as `v1.31.3`; one that cannot be
 * read counts as new.
 */
export function kubeProxyContext(
  cluster: ProxiedCluster,
  slices: EndpointSlices,
  versions: { readonly kubernetes: string },
  origins: OriginTable,
): KubeProxyContext {
  const minor = minorVersion(versions.kubernetes) ?? Number.POSITIVE_INFINITY;
  const { kubeProxy, podSubnets } = cluster.settings;
  const hintsAlways = minor >= HINTS_ALWAYS;
  const family = (one: Family): FamilyPortals =>
    familyPortals(servicePortals(cluster.services.values(), slices, one), one, hintsAlways, origins);
  return {
    settings: kubeProxy ?? { ...DEFAULT_KUBE_PROXY, clusterCIDRs: podSubnets },
    hintsAlways,
    nodeHints: minor >= NODE_HINTS,
    nodes: cluster.nodes,
    destinations: serviceDestinations(cluster),
    ipv4: family(4),
    ipv6: family(6),
  };
}

function familyPortals(
  portals: readonly ServicePortal[],
  family: Family,
  hintsAlways: boolean,
  origins: OriginTable,
): FamilyPortals {
  const shared = portals.map(
    (portal): SharedPortal => ({
      portal,
      ofNode:
        portal.usesLocal || (portal.hinted && (hintsAlways || portal.hintsAsked)) || portal.sourceRanges.length > 0,
      chains: new Map(),
      origins: {
        service: (field) => originOfField(origins, portal.service.metadata.origin, field),
        endpoint: ({ source, podOrigin }) =>
          podOrigin === NO_ORIGIN
            ? originOfField(origins, source.origin, ENDPOINT_FIELD[source.kind] ?? "")
            : podOrigin,
      },
    }),
  );
  return {
    family,
    portals: shared,
    ofNode: shared.filter(({ ofNode }) => ofNode),
    isLarge: isLarge(portals),
    portalChains: new Map(),
    sharedChains: new Map(),
    tables: new Map(),
  };
}

function isLarge(portals: readonly ServicePortal[]): boolean {
  let count = 0;
  for (const { endpoints } of portals) {
    count += endpoints.length;
    if (count > LARGE) return true;
  }
  return false;
}

/** The field that endpoints come from, by the kind of the object that they were found in. */
const ENDPOINT_FIELD: Readonly<Record<string, string>> = {
  EndpointSlice: "endpoints",
  Endpoints: "subsets",
  Service: "spec.selector",
};
