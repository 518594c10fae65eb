import { hasFinished } from "../../kubernetes/pod.ts";
import type { Cluster } from "../cluster.ts";
import { NAMESPACE_LABEL } from "../selector/matches-selector.ts";
import { inOrder } from "./bgp-node.ts";
import type { BgpWorkload } from "./peering.ts";

/** The pods of each node that localWorkloadSelector may choose, by name, and WorkloadEndpoints whose pods are not there. */
export function bgpWorkloads(cluster: Cluster): ReadonlyMap<string, readonly BgpWorkload[]> {
  const byNode = new Map<string, BgpWorkload[]>();
  const put = (node: string, workload: BgpWorkload): void => {
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [workload]);
    else others.push(workload);
  };
  const labelled = (labels: ReadonlyMap<string, string>, namespace: string): ReadonlyMap<string, string> =>
    new Map([...labels, [NAMESPACE_LABEL, namespace]]);
  for (const [, pod] of [...cluster.pods].sort(([x], [y]) => inOrder(x, y))) {
    const { metadata, nodeName, hostNetwork, podIPs } = pod;
    if (nodeName === null || hostNetwork === true || podIPs.length === 0 || hasFinished(pod)) continue;
    put(nodeName, { labels: labelled(metadata.labels, metadata.namespace ?? "default"), addresses: podIPs });
  }
  for (const [, { metadata, node, pod, ipNetworks }] of [...cluster.workloadEndpoints].sort(([x], [y]) =>
    inOrder(x, y),
  )) {
    const namespace = metadata.namespace ?? "default";
    if (pod !== null && cluster.pods.has(`${namespace}/${pod}`)) continue;
    put(node, { labels: labelled(metadata.labels, namespace), addresses: ipNetworks.map(({ address }) => address) });
  }
  return byNode;
}
