import type { BlockAffinity } from "../../calico/block-affinity.ts";
import type { Cluster } from "../../calico/cluster.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { type OriginTable, type Source, sourceOf } from "../../model/origin.ts";
import { formatPrefix, prefixContains } from "../../net/prefix.ts";
import { findingAt } from "../../readers/snapshot/finding-at.ts";

/** So many blocks are named. */
const NAMED = 4;

/**
 * Routes to blocks of addresses that a node lacks: to those of other nodes, and the blackhole of each of its own. Where the mesh between
 * nodes is off, only those that Felix writes (VXLAN) are asked for: other peers may have told of the blocks in other words.
 */
export function blockRouteDrift(host: Host, cluster: Cluster, origins: OriginTable): readonly Finding[] {
  const present = new Set(host.routes.map(({ destination }) => formatPrefix(destination)));
  const missing = new Map<"BIRD" | "Felix", BlockAffinity[]>();
  for (const affinity of cluster.blockAffinities.values()) {
    const writer = writerOf(affinity, cluster);
    if (writer === null || present.has(formatPrefix(affinity.cidr)) || isUntold(host, affinity)) continue;
    missing.set(writer, [...(missing.get(writer) ?? []), affinity]);
  }
  return [...missing].map(([writer, affinities]) => {
    const named = affinities.slice(0, NAMED).map(({ cidr, node }) => {
      const whose = node === host.name ? "its own" : `of ${node}`;
      return `${formatPrefix(cidr)} ${whose}`;
    });
    const rest = affinities.length - named.length;
    const blocks = affinities.length === 1 ? "a block" : `${affinities.length} blocks`;
    return findingAt(origins, affinities[0]?.metadata.origin ?? 0, {
      code: "block-route-missing",
      severity: "warning",
      message: `${host.name} has no route for ${blocks} of pods' addresses, which ${writer} ought to write: ${named.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`,
      related: affinities
        .slice(1, NAMED)
        .flatMap(({ metadata }): Source | readonly Source[] => sourceOf(origins, metadata.origin) ?? []),
      advice:
        writer === "BIRD"
          ? "Look at the BGP sessions: birdc show protocols, calicoctl node status."
          : "Look at the log of Felix on the node.",
    });
  });
}

/** Who writes the routes to a block; null where none is asked for. */
function writerOf({ cidr, type, state, deleted, node }: BlockAffinity, cluster: Cluster): "BIRD" | "Felix" | null {
  const isConfirmed = type === "host" && !deleted && (state === "confirmed" || state === "");
  if (!isConfirmed || !(cluster.nodes.has(node) || cluster.calicoNodes.has(node))) return null;
  const pool = [...cluster.ipPools.values()].find((one) => prefixContains(one.cidr, cidr.address));
  if (pool === undefined) return null;
  if (pool.vxlanMode !== null && pool.vxlanMode !== "Never") return "Felix";
  const mesh = cluster.bgpConfigurations.get("default")?.nodeToNodeMeshEnabled ?? true;
  return mesh && pool.vxlanMode !== null ? "BIRD" : null;
}

function isUntold(host: Host, { cidr }: BlockAffinity): boolean {
  const known = host.knowledge.get(cidr.address.family === 4 ? "routes" : "routes6") ?? "known";
  return known === "unknown" || known === "assumed";
}
