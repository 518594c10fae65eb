import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import { formatAddress } from "../../net/address.ts";
import type { DeclaredNode } from "../declared-node.ts";
import type { HostEndpoint } from "../host-endpoint.ts";

/** What Felix calls all interfaces that have no host endpoint of their own. */
export const ANY_INTERFACE = "any-interface-at-all";

/** A device of the host itself, with its addresses. */
interface HostDevice {
  readonly name: string;
  readonly addresses: ReadonlySet<string>;
}

/** The machine's own devices and those that Felix makes. */
function hostDevices(
  node: DeclaredNode,
  tunnels: TunnelAddresses | undefined,
  isWorkload: (name: string) => boolean,
): readonly HostDevice[] {
  const made = [
    ["tunl0", tunnels?.ipip],
    ["vxlan.calico", tunnels?.vxlan4],
    ["vxlan-v6.calico", tunnels?.vxlan6],
    ["wireguard.cali", tunnels?.wireguard4],
    ["wg-v6.cali", tunnels?.wireguard6],
  ] as const;
  const devices = new Map<string, HostDevice>();
  for (const [name, address] of made) {
    if (address !== undefined && address !== null)
      devices.set(name, { name, addresses: new Set([formatAddress(address)]) });
  }
  for (const { name, addresses } of node.interfaces) {
    if (isWorkload(name)) continue;
    devices.set(name, { name, addresses: new Set(addresses.map(({ address }) => formatAddress(address))) });
  }
  return [...devices.values()];
}

/**
 * Which host endpoint holds for which interface: of those that name it, or name none and expect one of its addresses, the
 * first by name; and the first of those for all interfaces under `any-interface-at-all`
 * (felix/dataplane/linux/endpoint_mgr.go, resolveHostEndpoints).
 */
export function activeHostEndpoints(
  node: DeclaredNode,
  endpoints: readonly HostEndpoint[],
  tunnels: TunnelAddresses | undefined,
  isWorkload: (name: string) => boolean,
): ReadonlyMap<string, HostEndpoint> {
  const sorted = [...endpoints].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const active = new Map<string, HostEndpoint>();
  for (const { name, addresses } of hostDevices(node, tunnels, isWorkload)) {
    const found = sorted.find(({ interfaceName, expectedIPs }) =>
      interfaceName === ""
        ? expectedIPs.some((address) => addresses.has(formatAddress(address)))
        : interfaceName === name,
    );
    if (found !== undefined) active.set(name, found);
  }
  const forAll = sorted.find(({ interfaceName }) => interfaceName === "*");
  if (forAll !== undefined) active.set(ANY_INTERFACE, forAll);
  return active;
}
