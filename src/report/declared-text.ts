import type { Network } from "../model/network.ts";
import { formatAddress } from "../net/address.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/** A pod as Kubernetes and Calico make it of manifests. */
export interface DeclaredPod {
  /** As probes name it: `pod/<namespace>/<name>`. */
  readonly name: string;
  readonly node: string;
  readonly addresses: readonly string[];
}

/** Pods told one by one; the rest is counted. */
const TOLD = 100;

export function declaredPods({ hosts, endpoints }: Network): readonly DeclaredPod[] {
  const pods: DeclaredPod[] = [];
  for (const [name, { host, addresses }] of endpoints) {
    if (!name.startsWith("pod/")) continue;
    const node = hosts.get(host)?.node ?? host;
    pods.push({ name, node, addresses: addresses.map(formatAddress) });
  }
  return pods.sort((x, y) => (x.node === y.node ? (x.name < y.name ? -1 : 1) : x.node < y.node ? -1 : 1));
}

/** The pods of each node with their addresses, and where to say what no manifest says. */
export function declaredLines(pods: readonly DeclaredPod[], ink: Ink): readonly string[] {
  const lines: string[] = [];
  let node: string | null = null;
  for (const pod of pods.slice(0, TOLD)) {
    if (pod.node !== node) lines.push("", ink.strong(`Pods on ${pod.node}`));
    node = pod.node;
    lines.push(`  ${pod.name}  ${ink.faint(pod.addresses.join(", ") || "no address")}`);
  }
  if (pods.length > TOLD) lines.push("", ink.faint(`… and ${pods.length - TOLD} more pods: --json lists all`));
  const rest =
    "Everything else is made of the manifests, as Kubernetes and Calico would. What no manifest says (sysctls, a firewall, programs that listen) goes into nodes.yaml.";
  return [...lines, "", ...paragraph(rest, "", "", ink.faint)];
}
