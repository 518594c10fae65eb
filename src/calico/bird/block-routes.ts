import { formatPrefix } from "../../net/prefix.ts";
import type { BlockAffinity } from "../block-affinity.ts";
import type { IPAMBlock } from "../ipam/ipam-block.ts";
import { inOrder } from "./bgp-node.ts";

/** A block of a node, as BIRD is told about it. */
export interface NodeBlock {
  readonly cidr: string;
  readonly isSingle: boolean;
  /** `confirmed`, …; empty: confirmed without being said. */
  readonly state: string;
}

type BlockOwner = Pick<BlockAffinity, "node" | "cidr" | "state" | "deleted">;

/** Whose blocks are whose: as BlockAffinities say, and for blocks without one, as the blocks do. */
export function blockOwners(affinities: Iterable<BlockAffinity>, blocks: readonly IPAMBlock[]): readonly BlockOwner[] {
  const owners: BlockOwner[] = [...affinities];
  const told = new Set(owners.map(({ node, cidr }) => `${node} ${formatPrefix(cidr)}`));
  for (const { affinity, cidr, deleted } of blocks) {
    if (affinity === null || affinity.type !== "host" || told.has(`${affinity.name} ${formatPrefix(cidr)}`)) continue;
    owners.push({ node: affinity.name, cidr, state: "confirmed", deleted });
  }
  return owners;
}

/**
 * The blocks of one family by node, in confd's order. Those that are pending, and those that are about to be deleted, are not told
 * (confd/pkg/backends/calico/client.go, updateCache; libcalico-go's clients leave deleted ones out).
 */
export function blocksByNode(
  affinities: readonly BlockOwner[],
  family: 4 | 6,
): ReadonlyMap<string, readonly NodeBlock[]> {
  const byNode = new Map<string, NodeBlock[]>();
  for (const { node, cidr, state, deleted } of affinities) {
    if (cidr.address.family !== family || deleted || state === "pending") continue;
    const block = { cidr: formatPrefix(cidr), isSingle: cidr.length === (family === 4 ? 32 : 128), state };
    const others = byNode.get(node);
    if (others === undefined) byNode.set(node, [block]);
    else others.push(block);
  }
  for (const blocks of byNode.values()) {
    blocks.sort((x, y) => inOrder(x.cidr.replace("/", "-"), y.cidr.replace("/", "-")));
  }
  return byNode;
}
