import { formatPrefix, prefixContains } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** IP pools that kube-proxy's clusterCIDR does not cover: it masquerades what their pods send to Services. */
export const poolOutsideClusterCidr: Check = ({ cluster }) => {
  const proxy = cluster.settings.kubeProxy;
  if (proxy === null || proxy.detectLocalMode !== "ClusterCIDR") return [];
  return [...cluster.ipPools.values()].flatMap(({ cidr, metadata }) => {
    const own = proxy.clusterCIDRs.filter(({ address }) => address.family === cidr.address.family);
    if (own.length === 0 || own.some((one) => one.length <= cidr.length && prefixContains(one, cidr.address)))
      return [];
    return [
      {
        severity: "warning" as const,
        message: `The IP pool ${metadata.name} (${formatPrefix(cidr)}) lies outside of kube-proxy's clusterCIDR ${own.map(formatPrefix).join(", ")}`,
        at: metadata.origin,
        beside: proxy.origin,
      },
    ];
  });
};
