import type { Cluster } from "../../calico/cluster.ts";
import type { KubeProxySettings } from "../../kubernetes/cluster-settings.ts";
import { proxyBaseChains, serviceDestinations } from "../../kubernetes/kube-proxy/other-modes.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { MachineFiles } from "./layout.ts";

/** kube-proxy in a mode whose work no dump of iptables shows. */
export interface ServiceProxy {
  readonly settings: KubeProxySettings;
  /** The addresses of Services. */
  readonly destinations: readonly Prefix[];
}

/** What kube-proxy's configuration says; null in mode iptables, and where it was not collected. */
export function serviceProxyOf(cluster: Cluster): ServiceProxy | null {
  const { kubeProxy } = cluster.settings;
  if (kubeProxy === null || (kubeProxy.mode !== "ipvs" && kubeProxy.mode !== "nftables")) return null;
  return { settings: kubeProxy, destinations: serviceDestinations(cluster) };
}

/** Stands for IPVS or kube-proxy's own nft tables on a node; a dump of nft shows those, and leaves them in doubt itself. */
export function proxyChains(
  machine: MachineFiles,
  proxy: ServiceProxy | null,
  hasNft: boolean,
): readonly NftBaseChain[] {
  if (machine.kind !== "node" || proxy === null || (proxy.settings.mode === "nftables" && hasNft)) return [];
  return proxyBaseChains(proxy.settings, proxy.destinations);
}
