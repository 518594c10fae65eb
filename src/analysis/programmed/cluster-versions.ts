import type { Cluster } from "../../calico/cluster.ts";
import { ownValue } from "../../kubernetes/field.ts";
import type { Host } from "../../model/host.ts";

/** The versions that objects of the cluster name; null where none does. */
export interface ToldVersions {
  readonly calico: string | null;
  readonly kubernetes: string | null;
}

/** Calico's of its ClusterInformation, Kubernetes' of the nodes' kubelets. */
export function toldVersions(cluster: Cluster): ToldVersions {
  let calico: string | null = null;
  for (const { metadata, content } of cluster.others.values()) {
    if (metadata.kind !== "ClusterInformation") continue;
    const version = ownValue(ownValue(content, "spec"), "calicoVersion");
    if (typeof version === "string" && version !== "") calico = version;
  }
  const kubelets = [...cluster.nodes.values()].flatMap(({ kubeletVersion }) => kubeletVersion ?? []);
  return { calico, kubernetes: kubelets[0] ?? null };
}

/** One release of each of Felix's ways to write rules that podpath knows, the oldest first. */
export const CALICO_RELEASES = ["v3.28.0", "v3.29.0", "v3.30.0", "v3.31.0", "v3.32.0", "v3.32.1"] as const;

/** The hashes in the comments of Felix's rules on a host. */
export function felixHashes(host: Host): ReadonlySet<string> {
  const hashes = new Set<string>();
  for (const { tables } of host.rulesets) {
    for (const { chains } of tables.values()) {
      for (const { rules } of chains.values()) {
        for (const { matches } of rules) {
          const [first] = matches;
          if (first?.name === "comment" && first.options.text.startsWith("cali:"))
            hashes.add(first.options.text.slice(5));
        }
      }
    }
  }
  return hashes;
}
