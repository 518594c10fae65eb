import type { Family } from "../../net/address.ts";
import { formatPrefix, type Prefix } from "../../net/prefix.ts";
import type { KubeProxySettings } from "../cluster-settings.ts";

/** How a rule tells traffic of the cluster's own pods (`pkg/proxy/util/localdetector.go`). */
export interface LocalTraffic {
  readonly ifLocal: string;
  readonly ifNotLocal: string;
}

/** Null where kube-proxy cannot tell: no rule that needs it is written then. */
export function localTraffic(
  settings: KubeProxySettings,
  family: Family,
  podCIDRs: readonly Prefix[],
): LocalTraffic | null {
  switch (settings.detectLocalMode) {
    case "ClusterCIDR":
      return fromCIDR(settings.clusterCIDRs, family);
    case "NodeCIDR":
      return fromCIDR(podCIDRs, family);
    case "BridgeInterface":
      return settings.bridgeInterface === "" ? null : fromInterface(settings.bridgeInterface);
    case "InterfaceNamePrefix":
      return settings.interfaceNamePrefix === "" ? null : fromInterface(`${settings.interfaceNamePrefix}+`);
    case "other":
      return null;
  }
}

function fromCIDR(cidrs: readonly Prefix[], family: Family): LocalTraffic | null {
  const cidr = cidrs.find(({ address }) => address.family === family);
  if (cidr === undefined) return null;
  const text = formatPrefix(cidr);
  return { ifLocal: `-s ${text}`, ifNotLocal: `! -s ${text}` };
}

function fromInterface(name: string): LocalTraffic {
  return { ifLocal: `-i ${name}`, ifNotLocal: `! -i ${name}` };
}
