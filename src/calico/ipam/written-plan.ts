import { hasFinished } from "../../kubernetes/pod.ts";
import { NO_TUNNELS, type TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Address } from "../../net/address.ts";
import type { Cluster } from "../cluster.ts";
import type { AddressPlan } from "./address-plan.ts";

/** Who has which address by what resources say, and nothing more: of a running cluster, where nobody is to be given any. */
export function writtenPlan(cluster: Cluster): AddressPlan {
  const pods = new Map<string, readonly Address[]>();
  for (const [key, pod] of cluster.pods) {
    if (pod.hostNetwork === true || hasFinished(pod) || pod.podIPs.length === 0) continue;
    pods.set(key, pod.podIPs);
  }
  const tunnels = new Map<string, TunnelAddresses>();
  for (const name of new Set([...cluster.nodes.keys(), ...cluster.calicoNodes.keys()]))
    tunnels.set(name, cluster.calicoNodes.get(name)?.tunnels ?? cluster.nodes.get(name)?.tunnels ?? NO_TUNNELS);
  return { pods, blocks: [...cluster.ipamBlocks.values()].filter(({ deleted }) => !deleted), tunnels, findings: [] };
}
