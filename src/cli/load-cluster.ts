import { addressOf, bgpNodesOf } from "../calico/bird/bgp-node.ts";
import { runsBird } from "../calico/wiring/wiring-settings.ts";
import type { Finding } from "../model/finding.ts";
import { ipamReport } from "../model/ipam-report.ts";
import type { Route } from "../model/route.ts";
import { type ClusterResult, readClusterFolder } from "../readers/cluster/read-cluster.ts";
import type { SnapshotFiles } from "../readers/snapshot/files.ts";
import { InputError } from "./input-error.ts";
import type { LoadedNetwork, LoadOptions } from "./loaded-network.ts";

/**
 * BGP runs in clusters with so many ends of sessions at most, unless `--bgp run` asks for it: what a full mesh of 32 nodes has. It takes
 * a second and a half there (docs/lab-notes/bgp-in-commands.md).
 */
const FEW_SESSIONS = 1000;

/** The network that Kubernetes and Calico make of a folder of manifests with a `nodes.yaml`. */
export async function loadCluster(
  name: string,
  files: SnapshotFiles["files"],
  earlier: readonly Finding[],
  options: LoadOptions,
): Promise<LoadedNetwork> {
  if ((options.fact ?? []).length + (options.facts ?? []).length > 0) throw new InputError([noFacts()]);
  const result = readClusterFolder({ name, files });
  const findings = [...earlier, ...result.findings];
  if (result.settled.nodes.length === 0) throw new InputError(findings.filter(({ severity }) => severity === "error"));
  const bgp = await runBgp(result, options.bgp ?? "assume");
  return {
    name: result.name,
    network: bgp?.network ?? result.network,
    findings: bgp === null ? findings : [...findings, ...bgp.findings],
    recognised: result.recognised,
    machines: [],
    cluster: result.cluster,
    settled: result.settled,
    ipam: ipamReport({}),
    placements: [],
    factEvidence: new Map(),
    collectedAt: null,
    files: { name, files },
    lone: false,
  };
}

/** Null where the routes of BGP are taken for granted, or there are none. */
async function runBgp({ network, cluster, settled }: ClusterResult, how: "auto" | "run" | "assume") {
  const nodes = settled.nodes.length;
  if (how === "assume") return null;
  // thousands of nodes have a million ends of sessions: counted before any of their configurations is made
  if (how === "auto" && (nodes > FEW_SESSIONS || endsOfMesh(cluster, settled) > FEW_SESSIONS)) return null;
  const isAsked = cluster.bgpPeers.size + cluster.bgpConfigurations.size + settled.birds.size > 0;
  const isNeeded =
    how === "run" || isAsked || settled.nodes.some(({ name }) => network.hosts.get(name)?.routes.some(isLearnt));
  if (!isNeeded) return null;
  const [{ emulatedRoutes, sessionCount }, { renderedBird, renderedEvidence }] = await Promise.all([
    import("../analysis/emulated-routes.ts"),
    import("../analysis/rendered-bird.ts"),
  ]);
  const configurations = renderedEvidence(renderedBird(cluster, settled), network.origins, settled.birds);
  if (how === "auto" && sessionCount(configurations.values()) > FEW_SESSIONS) return null;
  return emulatedRoutes(network, configurations);
}

/** The ends of sessions that the full mesh alone has, in both families. */
function endsOfMesh(cluster: ClusterResult["cluster"], { nodes }: ClusterResult["settled"]): number {
  const isMesh = cluster.bgpConfigurations.get("default")?.nodeToNodeMeshEnabled !== false;
  if (!isMesh || !runsBird(cluster)) return 0;
  const members = [...bgpNodesOf(cluster, nodes).values()].filter((node) => node.routeReflectorClusterID === null);
  const ends = ([4, 6] as const).map((family) => {
    const count = members.filter((node) => addressOf(node, family) !== null).length;
    return count * (count - 1);
  });
  return ends.reduce((sum, count) => sum + count, 0);
}

/** A route of BIRD's to another machine. */
function isLearnt({ protocol, type }: Route): boolean {
  return protocol === "bird" && type === "unicast";
}

function noFacts(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "--fact and --facts complete dumps; this is a cluster of manifests",
    advice: "Say it in nodes.yaml: sysctls, routes and firewall of the node.",
  };
}
