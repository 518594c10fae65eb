import type { DeclaredBgpNode } from "../../../src/calico/bird/bgp-node.ts";
import type { Cluster } from "../../../src/calico/cluster.ts";
import { type OriginTable, originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { type Resource, readResources } from "../../../src/readers/resources/read-resources.ts";

export interface TextFile {
  readonly name: string;
  readonly text: string;
}

/** The cluster after each file was applied in turn: of an object that occurs twice the later one counts. */
export function clusterOfTexts(files: readonly TextFile[], origins: OriginTable = originTable()): Cluster {
  const objects = new Map<string, Resource>();
  for (const { name, text } of files) {
    for (const resource of readResources(text, name, origins).resources) {
      const { kind, apiVersion, namespace, name: own } = resource.metadata;
      objects.set(`${kind} ${apiVersion.split("/")[0]} ${namespace} ${own}`, resource);
    }
  }
  return buildCluster([...objects.values()]).cluster;
}

/** The nodes that the cluster's Calico nodes declare. */
export function declaredNodes(cluster: Cluster): readonly DeclaredBgpNode[] {
  return [...cluster.calicoNodes.values()].map((node) => ({
    name: node.metadata.name,
    labels: node.metadata.labels,
    bgpIPv4: node.ipv4,
    bgpIPv6: node.ipv6,
    asNumber: null,
  }));
}
