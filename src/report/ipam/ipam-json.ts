import type { IPPool } from "../../calico/ip-pool.ts";
import { addressAt } from "../../calico/ipam/block-store.ts";
import { type IPAMBlock, secondaryOf } from "../../calico/ipam/ipam-block.ts";
import type { IPAMConfig } from "../../calico/ipam/ipam-config.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix, prefixContains } from "../../net/prefix.ts";

/** The answer of `podpath ipam show --json` (docs/reference/ipam.md). */
export function ipamJson(pools: readonly IPPool[], blocks: readonly IPAMBlock[], config: IPAMConfig): object {
  const { strictAffinity, autoAllocateBlocks, maxBlocksPerHost } = config;
  return {
    pools: [...pools]
      .sort((x, y) => (x.metadata.name < y.metadata.name ? -1 : 1))
      .map(({ metadata, cidr, blockSize, disabled }) => ({
        name: metadata.name,
        cidr: formatPrefix(cidr),
        blockSize,
        disabled: disabled === true,
      })),
    blocks: blocks.map((block) => ({
      cidr: formatPrefix(block.cidr),
      pool: pools.find(({ cidr }) => prefixContains(cidr, block.cidr.address))?.metadata.name ?? null,
      owner: block.affinity?.name ?? null,
      total: block.allocations.length,
      allocations: block.allocations.flatMap((index, ordinal) => {
        const attribute = index === null ? undefined : block.attributes[index];
        if (index === null) return [];
        return [
          {
            address: formatAddress(addressAt(block, ordinal)),
            handle: attribute?.handle ?? null,
            attributes: Object.fromEntries(attribute === undefined ? [] : secondaryOf(attribute)),
            planned: attribute?.planned === true,
          },
        ];
      }),
    })),
    configuration: { strictAffinity, autoAllocateBlocks, maxBlocksPerHost },
  };
}
