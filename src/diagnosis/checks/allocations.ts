import type { Cluster } from "../../calico/cluster.ts";
import { addressAt } from "../../calico/ipam/block-store.ts";
import { secondaryOf } from "../../calico/ipam/ipam-block.ts";
import type { IpamReport } from "../../model/ipam-report.ts";
import type { Origin } from "../../model/origin.ts";
import { type Address, formatAddress } from "../../net/address.ts";

/** An address that Calico's IPAM has given away, as a block or calicoctl tells it. */
export interface Allocation {
  readonly address: Address;
  /** `namespace/name`; null for addresses of tunnels and of Services, and where nothing tells. */
  readonly pod: string | null;
  readonly node: string | null;
  readonly origin: Origin;
}

/** Every address of which an IPAMBlock or `calicoctl ipam` says that somebody has it; once each. */
export function allocationsOf({ ipamBlocks }: Cluster, { addresses }: IpamReport): readonly Allocation[] {
  const found = new Map<string, Allocation>();
  const add = (address: Address, attributes: ReadonlyMap<string, string>, origin: Origin): void => {
    const pod = attributes.get("pod");
    const allocation: Allocation = {
      address,
      pod: pod === undefined ? null : `${attributes.get("namespace") ?? "default"}/${pod}`,
      node: attributes.get("node") ?? null,
      origin,
    };
    const name = formatAddress(address);
    if (!found.has(name)) found.set(name, allocation);
  };
  for (const block of ipamBlocks.values()) {
    for (const [ordinal, index] of block.allocations.entries()) {
      const attribute = index === null ? undefined : block.attributes[index];
      if (attribute !== undefined) add(addressAt(block, ordinal), secondaryOf(attribute), block.origin);
    }
  }
  for (const { address, allocated, attributes, origin } of addresses) if (allocated) add(address, attributes, origin);
  return [...found.values()];
}
