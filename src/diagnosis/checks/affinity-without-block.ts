import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** Affinities of blocks that are not there, where blocks are known: their nodes announce addresses that nobody has. */
export const affinityWithoutBlock: Check = ({ cluster }) => {
  const blocks = new Set([...cluster.ipamBlocks.values()].map(({ cidr }) => formatPrefix(cidr)));
  if (blocks.size === 0) return [];
  return [...cluster.blockAffinities.values()]
    .filter(({ cidr, deleted }) => !deleted && !blocks.has(formatPrefix(cidr)))
    .map(({ cidr, node, metadata }) => ({
      severity: "warning" as const,
      message: `${node} has an affinity to the block ${formatPrefix(cidr)}, and there is no such block`,
      at: metadata.origin,
      beside: 0,
    }));
};
