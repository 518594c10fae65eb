import type { Cluster } from "../../calico/cluster.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import { formatAddress } from "../../net/address.ts";

/** Pods with network namespaces of their own whose containers run: those that have addresses of Calico's. */
export function livePods({ pods, nodes }: Cluster): readonly Pod[] {
  const ofNodes = new Set([...nodes.values()].flatMap(({ internalIPs }) => internalIPs.map(formatAddress)));
  return [...pods.values()].filter(
    (pod) =>
      !hasFinished(pod) &&
      pod.hostNetwork !== true &&
      !pod.podIPs.some((address) => ofNodes.has(formatAddress(address))),
  );
}

/** `pod/default/web`. */
export function podName({ metadata }: Pod): string {
  return `pod/${metadata.namespace ?? "default"}/${metadata.name}`;
}
