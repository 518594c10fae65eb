import type { HostRuntime } from "../../linux/runtime.ts";
import { type Address, isLoopback, isMulticast, sameAddress } from "../../net/address.ts";
import { type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";

/** What BIRD makes of an address as a neighbour (neigh_find). */
export type FoundNeighbour =
  | { readonly kind: "own" }
  | { readonly kind: "on-link"; readonly interface: string; readonly address: Address }
  | { readonly kind: "none" };

/** The host on whose links an address is looked for. */
export type FilterHost = Pick<HostRuntime, "host">;

/** Whether an address is on one of the links of a host, by the addresses of its interfaces that are up. */
export function findNeighbour({ host }: FilterHost, address: Address): FoundNeighbour {
  let found: FoundNeighbour = { kind: "none" };
  for (const device of host.interfaces.values()) {
    if (!device.up) continue;
    for (const { address: own, prefixLength, peer } of device.addresses) {
      if (sameAddress(own, address)) return { kind: "own" };
      if (own.family !== address.family || found.kind !== "none" || device.kind === "loopback") continue;
      const link = prefixOf(peer ?? own, prefixLength);
      if (prefixContains(link, address) && !isNobodys(link, address)) {
        found = { kind: "on-link", interface: device.name, address: own };
      }
    }
  }
  return found;
}

/**
 * Whether a machine elsewhere may have an address at all (ipa_classify of lib/ipv4.c and lib/ipv6.c, BIRD 1.6, and what neigh_find2 makes of
 * it): not the loopback, groups, 0.0.0.0/8 and what is above the groups.
 */
export function mayBeNeighbour(address: Address): boolean {
  if (isLoopback(address) || isMulticast(address)) return false;
  const first = address.a >>> 24;
  return address.family === 6 || (first > 0 && first < FIRST_GROUP);
}

const FIRST_GROUP = 224;

/** if_connected(): the first and the last address of a link of IPv4 are no machine's. */
function isNobodys({ address: { a: first, family }, length }: Prefix, { a }: Address): boolean {
  return family === 4 && length < 31 && (a === first || a === (first | (0xffffffff >>> length)) >>> 0);
}
