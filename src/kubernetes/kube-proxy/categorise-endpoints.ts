import { lingers, type ProxyEndpoint, type ServicePortal } from "./service-portal.ts";

/** What decides on a node which endpoints it uses. */
export interface ProxyTopology {
  readonly node: string;
  /** Label topology.kubernetes.io/zone of the node; the empty string without. */
  readonly zone: string;
  /** Hints count whatever the Service's annotation says (Kubernetes ≥ 1.31). */
  readonly hintsAlways: boolean;
  /** Hints for nodes count (≥ 1.34). */
  readonly nodeHints: boolean;
}

export interface UsableEndpoints {
  /** For traffic policy Cluster; none where the port never uses it. */
  readonly cluster: readonly ProxyEndpoint[];
  /** For traffic policy Local; none where the port never uses it. */
  readonly local: readonly ProxyEndpoint[];
  /** Some endpoint is usable on some node, if not on this one. */
  readonly any: boolean;
  /** What made `cluster`: equal keys are equal lists. */
  readonly clusterKey: string;
}

const NONE: readonly ProxyEndpoint[] = [];

/** `pkg/proxy/topology.go` CategorizeEndpoints: ready endpoints, else those that serve while they terminate. */
export function categoriseEndpoints(portal: ServicePortal, topology: ProxyTopology): UsableEndpoints {
  const clusterKey = portal.usesCluster ? hintKey(portal, topology) : "";
  const isLocal = ({ node }: ProxyEndpoint): boolean => node === topology.node;
  let cluster: readonly ProxyEndpoint[] | null = portal.usesCluster ? null : NONE;
  let local: readonly ProxyEndpoint[] | null = portal.usesLocal ? null : NONE;
  return {
    get cluster() {
      cluster ??= clusterEndpoints(portal.endpoints, clusterKey);
      return cluster;
    },
    get local() {
      local ??= readyOrServing(portal.endpoints.filter(isLocal));
      return local;
    },
    // hints are followed only where they leave an endpoint
    any: clusterKey !== "" || ((portal.usesCluster || portal.usesLocal) && portal.anyUsable),
    clusterKey,
  };
}

function clusterEndpoints(endpoints: readonly ProxyEndpoint[], hint: string): readonly ProxyEndpoint[] {
  if (hint === "") return readyOrServing(endpoints);
  const name = hint.slice(hint.indexOf(" ") + 1);
  const byNode = hint.startsWith("node ");
  return endpoints.filter((one) => one.ready && (byNode ? one.forNodes : one.forZones).includes(name));
}

function readyOrServing(endpoints: readonly ProxyEndpoint[]): readonly ProxyEndpoint[] {
  const ready = endpoints.filter((one) => one.ready);
  return ready.length > 0 ? ready : endpoints.filter(lingers);
}

/** Hints hold only where every ready endpoint has one and one of them is for this node or its zone. */
function hintKey(portal: ServicePortal, { node, zone, hintsAlways, nodeHints }: ProxyTopology): string {
  if (!portal.hinted || !(hintsAlways || portal.hintsAsked)) return "";
  const ready = portal.endpoints.filter((one) => one.ready);
  const holds = (names: (endpoint: ProxyEndpoint) => readonly string[], name: string): boolean =>
    ready.every((one) => names(one).length > 0) && ready.some((one) => names(one).includes(name));
  if (nodeHints && holds(({ forNodes }) => forNodes, node)) return `node ${node}`;
  return holds(({ forZones }) => forZones, zone) ? `zone ${zone}` : "";
}
