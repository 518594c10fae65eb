import type { Cluster } from "../../calico/cluster.ts";
import type { DeclaredNode } from "../../calico/declared-node.ts";
import { coversPodGateway } from "../../calico/pod-gateway.ts";
import { hasFinished } from "../../kubernetes/pod.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { findingAt } from "../snapshot/finding-at.ts";

/** Nodes that are named one by one. */
const NAMED = 3;

/**
 * Nodes whose routes lead nowhere for the gateway of their pods: no device has it, and the kernel answers by proxy ARP only for what it
 * has a route to (net/ipv4/arp.c arp_process). Null where every node with pods has such a route, mostly its default one.
 */
export function unansweredGateway(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  origins: OriginTable,
): Finding | null {
  const cut = new Map(nodes.filter((node) => !coversPodGateway(node.routes)).map((node) => [node.name, node]));
  if (cut.size === 0) return null;
  const withPods = new Set<string>();
  for (const pod of cluster.pods.values()) {
    const isOwn = pod.hostNetwork !== true && !hasFinished(pod) && pod.podIPs.some(({ family }) => family === 4);
    if (isOwn && pod.nodeName !== null && cut.has(pod.nodeName)) withPods.add(pod.nodeName);
  }
  const [first, ...more] = [...cut.values()].filter(({ name }) => withPods.has(name));
  if (first === undefined) return null;
  const named = [first, ...more].slice(0, NAMED).map(({ name }) => name);
  const rest = 1 + more.length - named.length;
  const who = `${named.join(", ")}${rest > 0 ? ` and ${rest} more nodes` : ""}`;
  const has = more.length === 0 ? "has" : "have";
  return findingAt(origins, first.origin, {
    code: "proxy-arp-without-route",
    severity: "error",
    message: `${who} ${has} no route that covers 169.254.1.1: nobody answers the ARP of pods there, and they reach nothing`,
    advice: "Give nodes.yaml the gateway of the nodes: `gateway: 172.16.0.1` under the node or under defaults.",
  });
}
