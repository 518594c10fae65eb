import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { hostPrefix, type Prefix } from "../../net/prefix.ts";
import type { ClusterSettings, KubeProxySettings } from "../cluster-settings.ts";
import type { Service } from "../service.ts";

/** Everything that packets to Services may be sent to, beside the addresses of nodes. */
export function serviceDestinations(cluster: {
  readonly services: ReadonlyMap<string, Service>;
  readonly settings: ClusterSettings;
}): readonly Prefix[] {
  const addresses = [...cluster.services.values()].flatMap(({ clusterIPs, externalIPs, loadBalancerVIPs }) =>
    [...clusterIPs, ...externalIPs, ...loadBalancerVIPs].map(hostPrefix),
  );
  return [...cluster.settings.serviceSubnets, ...addresses];
}

/** Stands for kube-proxy in a mode whose rules are not modelled: packets to these destinations have an uncertain fate. */
export function proxyBaseChains(settings: KubeProxySettings, destinations: readonly Prefix[]): readonly NftBaseChain[] {
  if (settings.mode === "iptables") return [];
  return (["prerouting", "output"] as const).map((hook) => ({
    family: "inet",
    table: `kube-proxy in mode ${settings.mode}`,
    chain: "services",
    type: "nat",
    hook,
    // where destinations are changed: NF_IP_PRI_NAT_DST
    priority: -100,
    policy: "accept",
    ruleCount: 1,
    destinations,
    origin: settings.origin,
  }));
}
