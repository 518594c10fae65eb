import { addressBits, formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Pools whose blocks are single addresses: the node's blackhole for the block and the pod's route are the same entry. */
export const blockOfOneAddress: Check = ({ cluster }) =>
  [...cluster.ipPools.values()]
    .filter(({ blockSize, cidr }) => blockSize === addressBits(cidr.address.family))
    .map(({ cidr, blockSize, metadata }) => ({
      severity: "warning" as const,
      message: `The IP pool ${metadata.name} (${formatPrefix(cidr)}) has blocks of one address (blockSize ${blockSize})`,
      at: metadata.origin,
      beside: 0,
    }));
