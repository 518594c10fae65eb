import { formatAddress, sameAddress } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** A connection whose destination was translated to an address of a pool that no pod has, where the pods are known. */
export const connectionToDeadEndpoint: Check = ({ network, owners }) => {
  const podsAreKnown = [...network.endpoints.keys()].some((name) => name.startsWith("pod/"));
  if (!podsAreKnown || network.pools.length === 0) return [];
  return [...network.hosts.values()].flatMap((host) =>
    host.conntrack.flatMap(({ original, reply, origin }) => {
      const receiver = reply.src;
      if (sameAddress(original.dst, receiver)) return [];
      if (!network.pools.some((pool) => prefixContains(pool, receiver))) return [];
      if (owners.has(formatAddress(receiver))) return [];
      const route = host.routes.find(
        ({ destination }) => destination.length === 32 && sameAddress(destination.address, receiver),
      );
      if (route !== undefined) return [];
      return [
        {
          severity: "warning" as const,
          message: `${host.name} translates a connection from ${formatAddress(original.src)} to ${formatAddress(original.dst)} to the pod address ${formatAddress(receiver)}, which no pod has`,
          at: origin,
          beside: 0,
        },
      ];
    }),
  );
};
