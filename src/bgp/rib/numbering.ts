import type { Address } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { addressKey, type PrefixKey, prefixKey, type RibHop, type RibRoute, type RouteOwner } from "./route.ts";

/** Where a next hop that was looked up leads. */
export interface Resolved {
  readonly target: RibRoute["target"];
  readonly hops: readonly RibHop[];
  readonly igpMetric: number | null;
}

/**
 * What all tables of a World have in common: numbers of destinations and of next hops, which only grow, and one object for all owners,
 * and for all ways to a next hop, that say the same.
 */
export interface Numbering {
  readonly numbers: Map<PrefixKey, number>;
  readonly keys: PrefixKey[];
  readonly destinations: Prefix[];
  readonly hopNumbers: Map<PrefixKey, number>;
  readonly nextHops: Address[];
  /** By the number of a next hop, and the interface by which it is on the link. */
  readonly onLink: Map<string, Resolved>[];
  readonly owners: Map<string, RouteOwner>;
}

export function numbering(): Numbering {
  return {
    numbers: new Map(),
    keys: [],
    destinations: [],
    hopNumbers: new Map(),
    nextHops: [],
    onLink: [],
    owners: new Map(),
  };
}

/** The number of a destination, from now on. */
export function numberOfPrefix({ numbers, keys, destinations }: Numbering, prefix: Prefix): number {
  const key = prefixKey(prefix);
  const known = numbers.get(key);
  if (known !== undefined) return known;
  const number = keys.length;
  numbers.set(key, number);
  keys.push(key);
  destinations.push(prefix);
  return number;
}

export function numberOfHop({ hopNumbers, nextHops, onLink }: Numbering, address: Address): number {
  const key = addressKey(address);
  const known = hopNumbers.get(key);
  if (known !== undefined) return known;
  const number = nextHops.length;
  hopNumbers.set(key, number);
  nextHops.push(address);
  onLink.push(new Map());
  return number;
}

/** A next hop on a link of the host. */
export function resolvedOnLink({ nextHops, onLink }: Numbering, hop: number, device: string | null): Resolved {
  const ways = onLink[hop];
  const known = ways?.get(device ?? "");
  if (known !== undefined) return known;
  const made: Resolved = {
    target: "router",
    hops: [{ gateway: nextHops[hop] ?? null, interface: device, weight: 1 }],
    igpMetric: 0,
  };
  ways?.set(device ?? "", made);
  return made;
}

/** The one object for all owners of routes that say this. */
export function sharedOwner({ owners }: Numbering, owner: RouteOwner): RouteOwner {
  const { name, order, bgp } = owner;
  const text = JSON.stringify([name, order, bgp]);
  const known = owners.get(text);
  if (known !== undefined) return known;
  if (bgp !== null) Object.freeze(bgp);
  owners.set(text, Object.freeze(owner));
  return owner;
}
