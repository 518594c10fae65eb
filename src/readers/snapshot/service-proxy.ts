import type { Cluster } from "../../calico/cluster.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { Origin } from "../../model/origin.ts";
import { hostPrefix, type Prefix } from "../../net/prefix.ts";
import type { MachineFiles } from "./layout.ts";

/** kube-proxy in a mode whose work no dump of iptables shows. */
export interface ServiceProxy {
  readonly mode: "ipvs" | "nftables";
  /** The addresses of Services. */
  readonly destinations: readonly Prefix[];
  readonly origin: Origin;
}

/** What kube-proxy's configuration says; null in mode iptables, and where it was not collected. */
export function serviceProxyOf(cluster: Cluster): ServiceProxy | null {
  const { kubeProxy, serviceSubnets } = cluster.settings;
  if (kubeProxy === null || (kubeProxy.mode !== "ipvs" && kubeProxy.mode !== "nftables")) return null;
  const addresses = [...cluster.services.values()].flatMap(({ clusterIPs }) => clusterIPs.map(hostPrefix));
  return { mode: kubeProxy.mode, destinations: [...serviceSubnets, ...addresses], origin: kubeProxy.origin };
}

/** Stands for IPVS or kube-proxy's own nft tables on a node; a dump of nft shows those, and leaves them in doubt itself. */
export function proxyChains(
  machine: MachineFiles,
  proxy: ServiceProxy | null,
  hasNft: boolean,
): readonly NftBaseChain[] {
  if (machine.kind !== "node" || proxy === null || (proxy.mode === "nftables" && hasNft)) return [];
  return (["prerouting", "output"] as const).map((hook) => ({
    family: "inet",
    table: `kube-proxy in mode ${proxy.mode}`,
    chain: "services",
    type: "nat",
    hook,
    // where destinations are changed: NF_IP_PRI_NAT_DST
    priority: -100,
    policy: "accept",
    ruleCount: 1,
    destinations: proxy.destinations,
    origin: proxy.origin,
  }));
}
