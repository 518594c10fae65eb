import type { Cluster } from "../../calico/cluster.ts";
import { topField } from "../../kubernetes/field.ts";
import { bootstrapObjects, CONTROL_PLANE, dnsAddon, type PlainObject } from "../../kubernetes/kubeadm-objects.ts";
import { describeResource, readMetadata } from "../../kubernetes/metadata.ts";
import type { KubernetesNode } from "../../kubernetes/node.ts";
import { type OriginTable, originFile, originOfResource } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { buildCluster } from "../resources/build-cluster.ts";
import type { Resource } from "../resources/read-resources.ts";

/**
 * The cluster with what is in every cluster though no manifest has it: namespaces, the Service of the API server, and where
 * kubeadm's configuration is given, CoreDNS. What is declared stays as it is.
 */
export function withBootstrapObjects(
  cluster: Cluster,
  nodes: ReadonlyMap<string, KubernetesNode>,
  serviceSubnets: readonly Prefix[],
  origins: OriginTable,
): Cluster {
  const others = [...cluster.others.values()].map(({ metadata }) => metadata);
  const kubeadm = others.find(({ kind }) => kind === "ClusterConfiguration");
  const apiServers = [...nodes.values()].flatMap(({ metadata, internalIPs }) =>
    metadata.labels.has(CONTROL_PLANE) ? internalIPs.slice(0, 1).map(formatAddress) : [],
  );
  const hasOperator = others.some(
    ({ kind, apiVersion }) => kind === "Installation" && apiVersion.startsWith("operator.tigera.io/"),
  );
  const hasDNS = [...cluster.pods.values()].some(
    ({ metadata }) => metadata.namespace === "kube-system" && metadata.labels.get("k8s-app") === "kube-dns",
  );
  const file = originFile(origins, "");
  const resources = (objects: readonly PlainObject[], by: string): readonly Resource[] =>
    objects.map((content) => {
      const { kind, namespace, name } = readMetadata(topField(content), 0);
      const origin = originOfResource(origins, file, 0, describeResource(kind, namespace, name), `made by ${by}`);
      return {
        file: by,
        metadata: readMetadata(topField(content), origin),
        content,
        untold: new Set<string>(),
        locate: () => null,
      };
    });
  const made = buildCluster([
    ...resources(bootstrapObjects(serviceSubnets, apiServers, hasOperator), "the API server"),
    ...resources(kubeadm === undefined || hasDNS ? [] : dnsAddon(serviceSubnets), "kubeadm"),
  ]).cluster;
  return {
    ...cluster,
    services: new Map([...made.services, ...cluster.services]),
    endpointSlices:
      cluster.endpointSlices.size > 0 && hasSlicesOf(cluster, "kubernetes")
        ? cluster.endpointSlices
        : new Map([...made.endpointSlices, ...cluster.endpointSlices]),
    controllers: new Map([...made.controllers, ...cluster.controllers]),
    policy: { ...cluster.policy, namespaces: new Map([...made.policy.namespaces, ...cluster.policy.namespaces]) },
  };
}

function hasSlicesOf(cluster: Cluster, service: string): boolean {
  return (
    [...cluster.endpointSlices.values()].some(
      (slice) => slice.service === service && (slice.metadata.namespace ?? "default") === "default",
    ) || cluster.endpoints.has(`default/${service}`)
  );
}
