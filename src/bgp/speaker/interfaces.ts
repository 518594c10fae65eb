import type { HostRuntime } from "../../linux/runtime.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { prefixContains, prefixOf } from "../../net/prefix.ts";

/** What BIRD makes of an address as a neighbour (neigh_find). */
export type FoundNeighbour =
  | { readonly kind: "own" }
  | { readonly kind: "on-link"; readonly interface: string; readonly address: Address }
  | { readonly kind: "none" };

/** Whether an address is on one of the links of a host, by the addresses of its interfaces that are up. */
export function findNeighbour({ host }: HostRuntime, address: Address): FoundNeighbour {
  let found: FoundNeighbour = { kind: "none" };
  for (const device of host.interfaces.values()) {
    if (!device.up) continue;
    for (const { address: own, prefixLength, peer } of device.addresses) {
      if (sameAddress(own, address)) return { kind: "own" };
      if (own.family !== address.family || found.kind !== "none" || device.kind === "loopback") continue;
      if (prefixContains(prefixOf(peer ?? own, prefixLength), address)) {
        found = { kind: "on-link", interface: device.name, address: own };
      }
    }
  }
  return found;
}

/** The address of this host that a connection to another takes where none was configured. */
export function sourceFor(runtime: HostRuntime, remote: Address): Address | null {
  const found = findNeighbour(runtime, remote);
  if (found.kind === "on-link") return found.address;
  for (const device of runtime.host.interfaces.values()) {
    if (!device.up || device.kind === "loopback") continue;
    for (const { address } of device.addresses) if (address.family === remote.family) return address;
  }
  return null;
}
