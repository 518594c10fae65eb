import type { Cluster } from "../../calico/cluster.ts";
import type { Finding } from "../../model/finding.ts";

/** So many names are told one by one. */
const NAMED = 5;

/** Nodes of the cluster of which nothing was dumped, where others were: bundles are capped. Null when there are none. */
export function nodesWithoutDumps(
  cluster: Cluster,
  hosts: ReadonlyMap<string, unknown>,
  paths: Iterable<string>,
): Finding | null {
  const nodes = [...new Set([...cluster.nodes.keys(), ...cluster.calicoNodes.keys()])].sort();
  const missing = nodes.filter((name) => !hosts.has(name));
  if (missing.length === 0 || missing.length === nodes.length) return null;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  const isCapped = [...paths].some((path) => /(?:^|\/)calico-diagnostics-[^/]*\//.test(path));
  return {
    code: "nodes-without-dumps",
    severity: "info",
    message: `${missing.length} of ${nodes.length} nodes have no dumps: ${missing.slice(0, NAMED).join(", ")}${more}.`,
    advice: isCapped
      ? `calicoctl cluster diags collects from few nodes: --max-logs=${nodes.length}, or --focus-nodes=${missing.slice(0, NAMED).join(",")}.`
      : "A packet that reaches one of them leaves what is known. Collect its files: podpath collect.",
  };
}
