import type { Cluster } from "../../calico/cluster.ts";
import { describeResource } from "../../kubernetes/metadata.ts";
import { type NodeCache, nodeCacheOf } from "../../kubernetes/node-local-dns/node-cache.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originOfField, sourceOf } from "../../model/origin.ts";
import { formatAddress, sameAddress } from "../../net/address.ts";
import { findingAt } from "../snapshot/finding-at.ts";

/** Nodes that are named one by one. */
const NAMED = 3;

interface Placed {
  readonly pod: Pod;
  readonly node: string;
  readonly cache: NodeCache;
}

/** Where NodeLocal DNSCache does not come up, what is assumed of it, and where pods ask it that have none on their node. */
export function nodeCacheProblems(cluster: Cluster, origins: OriginTable): readonly Finding[] {
  const placed = [...cluster.pods.values()].flatMap((pod): readonly Placed[] => {
    if (pod.nodeCache === undefined || pod.nodeName === null || hasFinished(pod)) return [];
    const cache = nodeCacheOf(pod, cluster);
    return cache === null ? [] : [{ pod, node: pod.nodeName, cache }];
  });
  if (placed.length === 0) return [];
  const findings: Finding[] = [];
  // pods of one DaemonSet share their troubles
  const told = new Set<string>();
  for (const { pod, cache } of placed) {
    const { metadata } = pod;
    const { resource = describeResource("Pod", metadata.namespace, metadata.name) } =
      sourceOf(origins, metadata.origin) ?? {};
    const key = `${resource} ${cache.trouble} ${cache.isCorefileAssumed}`;
    if (told.has(key)) continue;
    told.add(key);
    const origin = originOfField(origins, metadata.origin, cache.options.field);
    if (cache.trouble !== null)
      findings.push(
        findingAt(origins, origin, {
          code: "node-cache-not-running",
          severity: "error",
          message: `${resource}: NodeLocal DNSCache does not answer: ${cache.trouble}.`,
          advice: "Correct the manifest, or leave it out: pods then ask CoreDNS through kube-proxy.",
        }),
      );
    else if (cache.forwarder.upstreams.length === 0)
      findings.push(
        findingAt(origins, origin, {
          code: "node-cache-not-running",
          severity: "error",
          message: `${resource}: the Corefile of NodeLocal DNSCache has no server for ${cluster.settings.dnsDomain} that asks one in the cluster: names of the cluster are asked elsewhere, or nowhere.`,
          advice:
            "Give the Corefile a block for the cluster's domain, in place of __PILLAR__DNS__DOMAIN__, with `forward . __PILLAR__CLUSTER__DNS__`.",
        }),
      );
    if (cache.isCorefileAssumed && cache.options.addresses.length > 0)
      findings.push(
        findingAt(origins, origin, {
          code: "node-cache-corefile-assumed",
          severity: "info",
          message: `${resource}: the Corefile of NodeLocal DNSCache is not among the objects; it is taken to be upstream's.`,
          advice: "Add the ConfigMap that it mounts.",
        }),
      );
  }
  const unserved = unservedNodes(cluster, placed, origins);
  return unserved === null ? findings : [...findings, unserved];
}

/** Where the kubelet sends pods to a cache that their node has not. */
function unservedNodes(cluster: Cluster, placed: readonly Placed[], origins: OriginTable): Finding | null {
  const { clusterDns } = cluster.settings;
  const [first] = placed;
  if (clusterDns === null || first === undefined) return null;
  const isService = [...cluster.services.values()].some(({ clusterIPs }) =>
    clusterIPs.some((address) => sameAddress(address, clusterDns)),
  );
  if (isService) return null;
  const served = new Set(
    placed.flatMap(({ node, cache }) =>
      cache.trouble === null && cache.options.addresses.some((address) => sameAddress(address, clusterDns))
        ? [node]
        : [],
    ),
  );
  const unserved = [...cluster.nodes.keys()].filter((name) => !served.has(name)).sort();
  if (unserved.length === 0) return null;
  const more = unserved.length > NAMED ? ` and ${unserved.length - NAMED} more nodes` : "";
  return findingAt(origins, first.pod.metadata.origin, {
    code: "node-cache-not-running",
    severity: "error",
    message: `The kubelet has pods ask ${formatAddress(clusterDns)} (clusterDNS), where no NodeLocal DNSCache answers on ${unserved.slice(0, NAMED).join(", ")}${more}: pods there resolve no name.`,
    advice:
      "Let the DaemonSet run on these nodes (tolerations, nodeSelector), or have the kubelet name the Service kube-dns.",
  });
}
