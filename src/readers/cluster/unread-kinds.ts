import type { Cluster } from "../../calico/cluster.ts";
import type { Finding } from "../../model/finding.ts";

/** Kinds that podpath reads for what they say of the whole cluster, though they stand among the others. */
const READ_ELSEWHERE =
  /^(?:ClusterConfiguration|KubeProxyConfiguration|Installation|APIServer|ConfigMap|InitConfiguration|JoinConfiguration|KubeletConfiguration)$/;

/** Kinds that are named one by one. */
const NAMED = 10;

/** The kinds of objects that no packet's way depends on, as far as podpath knows; null when all were read. */
export function unreadKinds(cluster: Cluster): Finding | null {
  const counts = new Map<string, number>();
  for (const { metadata } of cluster.others.values()) {
    if (READ_ELSEWHERE.test(metadata.kind)) continue;
    const group = metadata.apiVersion.includes("/") ? `.${metadata.apiVersion.split("/")[0]}` : "";
    counts.set(metadata.kind + group, (counts.get(metadata.kind + group) ?? 0) + 1);
  }
  if (counts.size === 0) return null;
  const kinds = [...counts].sort(([x], [y]) => (x < y ? -1 : 1)).map(([kind, count]) => `${kind} (${count})`);
  const more = kinds.length > NAMED ? ` and ${kinds.length - NAMED} more kinds` : "";
  return {
    code: "kinds-not-read",
    severity: "info",
    message: `Objects of these kinds decide about no packet in this model: ${kinds.slice(0, NAMED).join(", ")}${more}.`,
  };
}
