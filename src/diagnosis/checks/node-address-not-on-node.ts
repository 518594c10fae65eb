import { formatAddress, sameAddress } from "../../net/address.ts";
import type { Check } from "./check.ts";

/** The address under which Calico announces a node, where the dump of the node's devices has no such address. */
export const nodeAddressNotOnNode: Check = ({ network, cluster }) =>
  [
    ...cluster.calicoNodes.values(),
    ...[...cluster.nodes.values()]
      .filter(({ metadata }) => !cluster.calicoNodes.has(metadata.name))
      .map(({ metadata, calicoIPv4, calicoIPv6 }) => ({ metadata, ipv4: calicoIPv4, ipv6: calicoIPv6 })),
  ].flatMap(({ metadata, ipv4, ipv6 }) => {
    const host = network.hosts.get(metadata.name);
    if (host === undefined || host.interfaces.size === 0 || host.knowledge.get("interfaces") !== undefined) return [];
    const own = [...host.interfaces.values()].flatMap(({ addresses }) => addresses);
    return [ipv4, ipv6].flatMap((told) => {
      if (told === null || own.some(({ address }) => sameAddress(address, told.address))) return [];
      const first = own.find(({ address, scope }) => scope === "global" && address.family === told.address.family);
      return [
        {
          severity: "warning" as const,
          message: `Calico's Node ${metadata.name} has ${formatAddress(told.address)}, and no device of ${host.name} has it`,
          at: metadata.origin,
          beside: first?.origin ?? 0,
        },
      ];
    });
  });
