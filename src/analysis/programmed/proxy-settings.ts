import type { Cluster } from "../../calico/cluster.ts";
import { DEFAULT_KUBE_PROXY, type KubeProxySettings } from "../../kubernetes/cluster-settings.ts";
import type { Host } from "../../model/host.ts";
import type { AddressSelector, Rule } from "../../model/ruleset.ts";
import { formatPrefix, maskLength, type Prefix, prefixOf } from "../../net/prefix.ts";

/** Chains that kube-proxy makes in mode ipvs only. */
const IPVS = /^KUBE-(?:LOAD-BALANCER|NODE-PORT|IPVS-FILTER|IPVS-OUT-FILTER)$/;

/**
 * The settings of kube-proxy: those of its configuration; where that was not collected, what its rules on the nodes show. Null where
 * it does its work without iptables.
 */
export function proxySettings(hosts: readonly Host[], cluster: Cluster): KubeProxySettings | null {
  const declared = cluster.settings.kubeProxy;
  if (declared !== null) return declared.mode === "iptables" ? declared : null;
  const isOther = hosts.some(
    ({ rulesets, nftBaseChains }) =>
      nftBaseChains.some(({ table }) => table === "kube-proxy") ||
      rulesets.some(({ tables }) =>
        [...tables.values()].some(({ chains }) => [...chains.keys()].some((name) => IPVS.test(name))),
      ),
  );
  if (isOther) return null;
  const found = hosts.flatMap(masqueradingRules);
  if (found.length === 0) return { ...DEFAULT_KUBE_PROXY, clusterCIDRs: cluster.settings.podSubnets };
  return { ...DEFAULT_KUBE_PROXY, ...shownBy(found) };
}

/** The rule of each Service's chain that marks traffic to its cluster address: the first where there is one. */
function masqueradingRules({ rulesets }: Host): readonly Rule[] {
  return rulesets.flatMap(({ tables }) =>
    [...(tables.get("nat")?.chains.values() ?? [])].flatMap(({ name, rules }) => {
      const [first] = rules;
      if (first === undefined || !name.startsWith("KUBE-SVC-") || first.target?.kind !== "jump") return [];
      return first.target.chain === "KUBE-MARK-MASQ" ? [first] : [];
    }),
  );
}

function shownBy(rules: readonly Rule[]): Partial<KubeProxySettings> {
  const device = rules.find(({ inInterface }) => inInterface?.invert === true)?.inInterface?.pattern;
  if (device !== undefined) {
    return device.endsWith("+")
      ? { detectLocalMode: "InterfaceNamePrefix", interfaceNamePrefix: device.slice(0, -1) }
      : { detectLocalMode: "BridgeInterface", bridgeInterface: device };
  }
  const networks = new Map<string, Prefix>();
  for (const { source } of rules) {
    const network = source?.invert === true ? networkOf(source) : null;
    if (network !== null) networks.set(formatPrefix(network), network);
  }
  if (networks.size === 0) return { masqueradeAll: true };
  // one network of a family for all nodes, else each node has its own
  const families = [...networks.values()].map(({ address }) => address.family);
  return new Set(families).size === families.length
    ? { clusterCIDRs: [...networks.values()] }
    : { detectLocalMode: "NodeCIDR" };
}

function networkOf({ address, mask }: AddressSelector): Prefix | null {
  const length = maskLength(mask);
  return length === null ? null : prefixOf(address, length);
}
