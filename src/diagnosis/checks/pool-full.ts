import { addressBits, formatPrefix, prefixContains } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Pools without a free address: in `calicoctl ipam show`, or where blocks cover all of the pool and all of them are full. */
export const poolFull: Check = ({ cluster, ipam }) => {
  const told = ipam.usage
    .filter(({ grouping, free }) => grouping === "pool" && free === 0)
    .map(({ cidr, total, origin }) => ({
      severity: "warning" as const,
      message: `The IP pool ${formatPrefix(cidr)} has none of its ${total} addresses left`,
      at: origin,
      beside: 0,
    }));
  const blocks = [...cluster.ipamBlocks.values()];
  const counted = [...cluster.ipPools.values()].flatMap(({ cidr, metadata }) => {
    const own = blocks.filter((block) => prefixContains(cidr, block.cidr.address));
    const size = 2 ** (addressBits(cidr.address.family) - cidr.length);
    const given = own.reduce((sum, block) => sum + block.allocations.filter((index) => index !== null).length, 0);
    if (own.length === 0 || given < size) return [];
    return [
      {
        severity: "warning" as const,
        message: `The IP pool ${formatPrefix(cidr)} has none of its ${size} addresses left`,
        at: metadata.origin,
        beside: own[0]?.origin ?? 0,
      },
    ];
  });
  return [...told, ...counted];
};
