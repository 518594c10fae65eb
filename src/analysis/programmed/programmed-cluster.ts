import type { Cluster } from "../../calico/cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../../calico/declared-node.ts";
import { felixContext } from "../../calico/felix/felix-context.ts";
import { felixOfNode } from "../../calico/felix/felix-of-node.ts";
import { hostPorts } from "../../calico/host-ports.ts";
import { endpointSlicesOf } from "../../kubernetes/endpoint-slices-of.ts";
import { kubeProxyContext } from "../../kubernetes/kube-proxy/kube-proxy-context.ts";
import { kubeProxyOfNode } from "../../kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { nodeCachesOnNode } from "../../kubernetes/node-local-dns/node-cache-on-node.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { Network } from "../../model/network.ts";
import type { Origin, OriginTable } from "../../model/origin.ts";
import type { RestoreTable } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import type { SettledCluster } from "../../readers/cluster/settle-cluster.ts";
import { chainCauses } from "./chain-causes.ts";
import { CALICO_RELEASES, felixHashes, toldVersions } from "./cluster-versions.ts";
import { dumpedNode, dumpedTunnels, undumpedNodes } from "./dumped-node.ts";
import { proxySettings } from "./proxy-settings.ts";

export type Program = "Felix" | "kube-proxy" | "portmap" | "NodeLocal DNSCache";

/** What one program ought to have programmed into the tables of a family. */
export interface ProgramTables {
  readonly program: Program;
  readonly family: Family;
  readonly tables: readonly RestoreTable[];
}

export interface ProgrammedNode {
  readonly node: DeclaredNode;
  readonly tables: readonly ProgramTables[];
  readonly ipSets: readonly IpSet[];
}

/** What the programs of a cluster make of its objects, node by node. */
export interface ProgrammedCluster {
  readonly versions: ClusterVersions;
  /** Where Calico's version is from: an object, the hashes of the rules, or from nowhere: then it is the newest. */
  readonly calicoFrom: "object" | "rules" | "nowhere";
  /** Programs about which the objects tell enough. */
  readonly programs: ReadonlySet<Program>;
  /** The resource that each chain stands for. */
  readonly causes: ReadonlyMap<string, Origin>;
  /** Null for machines that are no nodes of the cluster. */
  of(host: string): ProgrammedNode | null;
}

/** Renders what ought to be on the dumped nodes of a snapshot from the objects that were collected with them. */
export function programmedCluster(network: Network, cluster: Cluster): ProgrammedCluster {
  const told = toldVersions(cluster);
  const kubernetes = told.kubernetes ?? "";
  if (told.calico !== null || !tellsOfFelix(cluster)) {
    return ofVersions(network, cluster, { calico: told.calico ?? "", kubernetes }, "object");
  }
  return likeliest(network, cluster, kubernetes);
}

/** So many nodes are asked which release wrote their rules. */
const ASKED = 8;

/** The release whose rules have most of the hashes that nodes' dumps have; of equal ones the newest. */
function likeliest(network: Network, cluster: Cluster, kubernetes: string): ProgrammedCluster {
  const asked = [...network.hosts.values()]
    .filter(({ kind }) => kind === "node")
    .map((host) => ({ name: host.name, hashes: felixHashes(host) }))
    .filter(({ hashes }) => hashes.size > 0)
    .slice(0, ASKED);
  let best: { readonly made: ProgrammedCluster; readonly score: number } | null = null;
  for (const calico of CALICO_RELEASES) {
    const made = ofVersions(network, cluster, { calico, kubernetes }, asked.length > 0 ? "rules" : "nowhere");
    let score = 0;
    for (const { name, hashes } of asked) {
      for (const one of made.of(name)?.tables ?? []) score += countHashes(one, hashes);
    }
    if (best === null || score >= best.score) best = { made, score };
  }
  return best?.made ?? ofVersions(network, cluster, { calico: "", kubernetes }, "nowhere");
}

function countHashes({ program, tables }: ProgramTables, dumped: ReadonlySet<string>): number {
  if (program !== "Felix") return 0;
  let count = 0;
  for (const { hooks, chains } of tables) {
    for (const { rules } of [...hooks, ...chains]) {
      for (const { text } of rules) {
        const hash = /"cali:([^"]{16})"/.exec(text)?.[1];
        if (hash !== undefined && dumped.has(hash)) count++;
      }
    }
  }
  return count;
}

/** What explains the rules of a cluster whose nodes were made from its resources: each rule knows its own. */
export function declaredCauses(
  { cluster, nodes, plan, slices, versions }: SettledCluster,
  origins: OriginTable,
): Pick<ProgrammedCluster, "causes" | "of"> {
  const felix = felixContext(cluster, nodes, plan, versions, origins);
  const causes = chainCauses(felix, kubeProxyContext(cluster, slices, versions, origins));
  return { causes, of: () => null };
}

function ofVersions(
  network: Network,
  cluster: Cluster,
  versions: ClusterVersions,
  calicoFrom: ProgrammedCluster["calicoFrom"],
): ProgrammedCluster {
  const hosts = [...network.hosts.values()].filter(({ kind }) => kind === "node");
  const nodes = new Map(hosts.map((host) => [host.name, dumpedNode(host, cluster)]));
  const all = [...nodes.values(), ...undumpedNodes(cluster, new Set(nodes.keys()))];
  const tunnels = new Map(hosts.map((host) => [host.name, dumpedTunnels(host, cluster)]));
  const settings = proxySettings(hosts, cluster);
  const programs = programsTold(cluster, settings !== null);
  const felix = felixContext(cluster, all, { tunnels }, versions, network.origins);
  const proxied = { ...cluster, settings: { ...cluster.settings, kubeProxy: settings ?? cluster.settings.kubeProxy } };
  const proxy = kubeProxyContext(proxied, endpointSlicesOf(cluster), versions, network.origins);
  const made = new Map<string, ProgrammedNode>();
  return {
    versions,
    calicoFrom,
    programs,
    causes: chainCauses(felix, proxy),
    of: (name) => {
      const node = nodes.get(name);
      const isKnown = cluster.nodes.has(name) || cluster.calicoNodes.has(name);
      if (node === undefined || !isKnown) return null;
      const before = made.get(name);
      if (before !== undefined) return before;
      const ofFelix = programs.has("Felix") ? felixOfNode(node, felix) : null;
      // in eBPF mode Felix may do kube-proxy's work
      const hasProxy = programs.has("kube-proxy") && (ofFelix?.baseChains.length ?? 0) === 0;
      const ofProxy = hasProxy ? kubeProxyOfNode(node, proxy) : null;
      const pods = [...cluster.pods.values()].filter((pod) => pod.nodeName === name);
      const ports = programs.has("portmap") ? hostPorts(pods, network.origins, felix.workloadEndpoints) : null;
      const caches = nodeCachesOnNode(pods, cluster, network.origins, 0);
      const tables = (["ipv4", "ipv6"] as const).flatMap((key): readonly ProgramTables[] => {
        const family = key === "ipv4" ? 4 : 6;
        return [
          ...(ofFelix === null ? [] : [{ program: "Felix" as const, family, tables: ofFelix[key] } as const]),
          ...(ofProxy === null ? [] : [{ program: "kube-proxy" as const, family, tables: ofProxy[key] } as const]),
          ...(ports === null ? [] : [{ program: "portmap" as const, family, tables: ports[key] } as const]),
          { program: "NodeLocal DNSCache" as const, family, tables: caches[key] },
        ];
      });
      const programmed = { node, tables, ipSets: ofFelix?.ipSets ?? [] };
      made.set(name, programmed);
      return programmed;
    },
  };
}

/** Without pools, pods and namespaces nothing can be said of Felix. */
function tellsOfFelix(cluster: Cluster): boolean {
  return cluster.ipPools.size > 0 && cluster.pods.size > 0 && cluster.policy.namespaces.size > 0;
}

/** Nothing can be said of kube-proxy without Services and their endpoints, nor where it uses no iptables. */
function programsTold(cluster: Cluster, usesIptables: boolean): ReadonlySet<Program> {
  const programs = new Set<Program>();
  if (tellsOfFelix(cluster)) programs.add("Felix");
  const hasEndpoints = cluster.endpointSlices.size + cluster.endpoints.size > 0;
  if (cluster.services.size > 0 && hasEndpoints && usesIptables) programs.add("kube-proxy");
  if (cluster.pods.size > 0) programs.add("portmap");
  return programs;
}
