import type { Check } from "./check.ts";

/** A node whose rules are known and none of them kube-proxy's, in a cluster with Services. */
export const kubeProxyMissing: Check = ({ network, cluster }) => {
  const service = [...cluster.services.values()].find(({ clusterIPs }) =>
    clusterIPs.some(({ family }) => family === 4),
  );
  const mode = cluster.settings.kubeProxy?.mode ?? "iptables";
  if (service === undefined || mode !== "iptables") return [];
  return [...network.hosts.values()].flatMap((host) => {
    if (host.kind !== "node" || host.knowledge.get("rules") !== undefined) return [];
    const own = host.rulesets.filter(({ family }) => family === 4);
    const isThere = own.some(({ tables }) => tables.get("nat")?.chains.has("KUBE-SERVICES") === true);
    // kube-ipvs0 and a table of nft say that it works in another way; without Calico's rules the dump may be of another machine
    const inOtherWays =
      host.interfaces.has("kube-ipvs0") || host.nftBaseChains.some(({ table }) => /kube-proxy|calico/.test(table));
    const felix = own.flatMap(({ tables }) => tables.get("filter")?.chains.get("cali-FORWARD") ?? [])[0];
    if (isThere || inOtherWays || felix === undefined) return [];
    return [
      {
        severity: "warning" as const,
        message: `${host.name} has rules of Felix and none of kube-proxy: no address of a Service leads anywhere from it`,
        at: felix.origin,
        beside: service.metadata.origin,
      },
    ];
  });
};
