import { addressAt } from "../../calico/ipam/block-store.ts";
import { nodeOfAllocation } from "../../calico/ipam/ipam-block.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixContains, samePrefix } from "../../net/prefix.ts";
import type { Check, Checked } from "./check.ts";

interface Borrowed {
  readonly address: Address;
  readonly node: string;
  readonly owner: string;
  readonly block: Prefix;
  readonly origin: number;
}

/** An address borrowed from another node's block, which that node sends into its blackhole: it has no route to the address itself. */
export const borrowedWithoutRoute: Check = (checked) =>
  borrowedIn(checked).flatMap(({ address, node, owner, block, origin }) => {
    const host = checked.network.hosts.get(owner);
    if (host === undefined) return [];
    const hole = host.routes.find(({ type, destination }) => type === "blackhole" && samePrefix(destination, block));
    const closer = host.routes.some(
      ({ destination }) => destination.length > block.length && prefixContains(destination, address),
    );
    if (hole === undefined || closer) return [];
    return [
      {
        severity: "warning" as const,
        message: `${node} borrowed ${formatAddress(address)} from the block ${formatPrefix(block)} of ${owner}, which has no route to it and drops what it does not know of its block`,
        at: hole.origin,
        beside: origin,
      },
    ];
  });

function borrowedIn({ cluster, ipam }: Checked): readonly Borrowed[] {
  const told = ipam.borrowed.flatMap(({ owner, ...one }) => (owner === null ? [] : [{ ...one, owner }]));
  const written = [...cluster.ipamBlocks.values()].flatMap((block) =>
    block.allocations.flatMap((index, ordinal) => {
      const attribute = index === null ? undefined : block.attributes[index];
      const node = attribute === undefined ? undefined : nodeOfAllocation(attribute);
      const owner = block.affinity?.type === "host" ? block.affinity.name : null;
      if (node === undefined || owner === null || node === owner) return [];
      return [{ address: addressAt(block, ordinal), node, owner, block: block.cidr, origin: block.origin }];
    }),
  );
  return [...told, ...written];
}
