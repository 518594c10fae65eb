import type { BlockAffinity } from "../../calico/block-affinity.ts";
import { formatPrefix } from "../../net/prefix.ts";
import type { Check } from "./check.ts";

/** One block with two affinities that are not about to go: other nodes learn two ways to it, and one of them ends in a blackhole. */
export const twoAffinities: Check = ({ cluster }) => {
  const known = new Map<string, BlockAffinity>();
  return [...cluster.blockAffinities.values()].flatMap((affinity) => {
    if (affinity.deleted || affinity.state === "pendingDeletion") return [];
    const block = formatPrefix(affinity.cidr);
    const first = known.get(block);
    if (first === undefined) known.set(block, affinity);
    if (first === undefined || (first.node === affinity.node && first.type === affinity.type)) return [];
    return [
      {
        severity: "error" as const,
        message: `The block ${block} belongs to ${first.node} and to ${affinity.node}`,
        at: affinity.metadata.origin,
        beside: first.metadata.origin,
      },
    ];
  });
};
