import { formatPrefix, type Prefix, prefixContains, samePrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** IP pools that have addresses in common with each other, or with the network of the Services. */
export const poolsOverlap: Check = ({ cluster }) => {
  const pools = [...cluster.ipPools.values()];
  return pools.flatMap(({ cidr, metadata }, index) => [
    ...pools
      .slice(0, index)
      // the operator's Installation and the IPPool that it made are one pool
      .filter((other) => overlap(cidr, other.cidr) && !samePrefix(cidr, other.cidr))
      .map((other) => ({
        severity: "error" as const,
        message: `The IP pools ${metadata.name} (${formatPrefix(cidr)}) and ${other.metadata.name} (${formatPrefix(other.cidr)}) overlap`,
        at: metadata.origin,
        beside: other.metadata.origin,
      })),
    ...cluster.settings.serviceSubnets
      .filter((services) => overlap(cidr, services))
      .map((services) => ({
        severity: "error" as const,
        message: `The IP pool ${metadata.name} (${formatPrefix(cidr)}) overlaps the network of the Services, ${formatPrefix(services)}`,
        at: metadata.origin,
        beside: 0,
      })),
  ]);
};

function overlap(one: Prefix, other: Prefix): boolean {
  return prefixContains(one, other.address) || prefixContains(other, one.address);
}
