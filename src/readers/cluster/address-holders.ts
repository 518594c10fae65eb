import type { DeclaredNode } from "../../calico/declared-node.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Host } from "../../model/host.ts";
import { type Address, formatAddress } from "../../net/address.ts";

/**
 * The hosts of a cluster by the addresses that were planned for them, in the order of the cluster's hosts, without making any. A node
 * whose tunnel is not up does not have its address.
 *
 * @param pods with a network of their own, by `namespace/name`
 * @param addedTo what pods of a node give it besides
 */
export function addressHolders(
  nodes: readonly DeclaredNode[],
  tunnels: ReadonlyMap<string, TunnelAddresses>,
  pods: Iterable<readonly [string, Pod]>,
  machines: Iterable<Host>,
  addedTo: (node: string) => readonly Address[],
): ReadonlyMap<string, readonly string[]> {
  const holders = new Map<string, string[]>();
  const add = (address: Address | null, host: string): void => {
    if (address === null) return;
    const text = formatAddress(address);
    const present = holders.get(text);
    if (present === undefined) holders.set(text, [host]);
    else if (!present.includes(host)) present.push(host);
  };
  for (const { name, interfaces } of nodes) {
    for (const { addresses } of interfaces) for (const { address } of addresses) add(address, name);
    for (const address of addedTo(name)) add(address, name);
    const own = tunnels.get(name);
    if (own !== undefined)
      for (const address of [own.ipip, own.vxlan4, own.vxlan6, own.wireguard4, own.wireguard6]) add(address, name);
  }
  for (const [key, { podIPs }] of pods) for (const address of podIPs) add(address, `pod/${key}`);
  for (const { name, interfaces } of machines) {
    for (const { addresses } of interfaces.values()) for (const { address } of addresses) add(address, name);
  }
  return holders;
}
