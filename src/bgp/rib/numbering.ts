import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import { type Prefix, prefixOf } from "../../net/prefix.ts";
import {
  addressKey,
  type BgpOwner,
  type PrefixKey,
  prefixKey,
  type RibHop,
  type RibRoute,
  type RouteOwner,
} from "./route.ts";

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
  /** Lengths of the prefixes that there are, of IPv4 and of IPv6, the longest first. */
  readonly lengths: { readonly 4: number[]; readonly 6: number[] };
  /** First and last address of each destination of IPv4, as numbers; of one of IPv6, all. */
  readonly firsts: number[];
  readonly lasts: number[];
  readonly hopNumbers: Map<PrefixKey, number>;
  readonly nextHops: Address[];
  /** By the number of a next hop, the interface by which it is on the link, and its link-local address. */
  readonly onLink: Map<string, Resolved>[];
  /** By the number of a next hop: destinations that hold it, the longest first, and how many destinations there were when they were looked for. */
  readonly around: { numbers: readonly number[]; seen: number }[];
  /** Under a number that tells most of them apart (`hashOf`). */
  readonly owners: Map<number, RouteOwner[]>;
}

export function numbering(): Numbering {
  return {
    numbers: new Map(),
    keys: [],
    destinations: [],
    lengths: { 4: [], 6: [] },
    firsts: [],
    lasts: [],
    hopNumbers: new Map(),
    nextHops: [],
    onLink: [],
    around: [],
    owners: new Map(),
  };
}

/** The number of a destination, from now on. */
export function numberOfPrefix(
  { numbers, keys, destinations, lengths, firsts, lasts }: Numbering,
  prefix: Prefix,
): number {
  const key = prefixKey(prefix);
  const known = numbers.get(key);
  if (known !== undefined) return known;
  const number = keys.length;
  numbers.set(key, number);
  keys.push(key);
  destinations.push(prefix);
  const { address, length } = prefix;
  const ofFamily = lengths[address.family];
  if (!ofFamily.includes(length)) ofFamily.splice(ofFamily.filter((other) => other > length).length, 0, length);
  firsts.push(address.family === 4 ? address.a : 0);
  lasts.push(address.family === 4 ? address.a + 2 ** (32 - length) - 1 : Number.POSITIVE_INFINITY);
  return number;
}

export function numberOfHop({ hopNumbers, nextHops, onLink, around }: Numbering, address: Address): number {
  const key = addressKey(address);
  const known = hopNumbers.get(key);
  if (known !== undefined) return known;
  const number = nextHops.length;
  hopNumbers.set(key, number);
  nextHops.push(address);
  onLink.push(new Map());
  around.push({ numbers: [], seen: 0 });
  return number;
}

/** Destinations that hold a next hop, the longest first. */
export function destinationsAround(
  { around, destinations, lengths, numbers, nextHops }: Numbering,
  hop: number,
): readonly number[] {
  const known = around[hop];
  const address = nextHops[hop];
  if (known === undefined || address === undefined) return [];
  if (known.seen === destinations.length) return known.numbers;
  const found: number[] = [];
  for (const length of lengths[address.family]) {
    const number = numbers.get(prefixKey(prefixOf(address, length)));
    if (number !== undefined) found.push(number);
  }
  if (found.length > known.numbers.length) known.numbers = found;
  known.seen = destinations.length;
  return known.numbers;
}

/** A next hop on a link of the host, reached by its link-local address where that is known. */
export function resolvedOnLink(
  { nextHops, onLink }: Numbering,
  hop: number,
  device: string | null,
  link: Address | null,
): Resolved {
  const ways = onLink[hop];
  const way = link === null ? (device ?? "") : `${device ?? ""} ${formatAddress(link)}`;
  const known = ways?.get(way);
  if (known !== undefined) return known;
  const made: Resolved = {
    target: "router",
    hops: [{ gateway: link ?? nextHops[hop] ?? null, interface: device, weight: 1 }],
    igpMetric: 0,
  };
  ways?.set(way, made);
  return made;
}

/** The one object for all owners of routes that say this. */
export function sharedOwner({ owners }: Numbering, owner: RouteOwner): RouteOwner {
  const { name, order, bgp } = owner;
  const hash = hashOf(order, bgp);
  const similar = owners.get(hash);
  if (similar !== undefined) {
    for (const known of similar) {
      if (known.name === name && known.order === order && isSame(known.bgp, bgp)) return known;
    }
  }
  if (bgp !== null) Object.freeze(bgp);
  Object.freeze(owner);
  if (similar === undefined) owners.set(hash, [owner]);
  else similar.push(owner);
  return owner;
}

/** Daemons of a cluster give one neighbour one name, one place in the order, and one address. */
function hashOf(order: number, bgp: BgpOwner | null): number {
  if (bgp === null) return order;
  const { a, b, c, d } = bgp.remoteAddress;
  return Math.imul(order, 0x9e3779b1) ^ Math.imul(bgp.remoteId, 0x85ebca6b) ^ a ^ b ^ c ^ d;
}

function isSame(x: BgpOwner | null, y: BgpOwner | null): boolean {
  if (x === null || y === null) return x === y;
  return (
    x.internal === y.internal &&
    x.localAs === y.localAs &&
    x.remoteAs === y.remoteAs &&
    sameAddress(x.remoteAddress, y.remoteAddress) &&
    x.remoteId === y.remoteId &&
    x.reflectorClient === y.reflectorClient &&
    x.clusterId === y.clusterId &&
    x.defaultLocalPref === y.defaultLocalPref &&
    x.defaultMed === y.defaultMed &&
    x.medMetric === y.medMetric &&
    x.preferOlder === y.preferOlder &&
    x.deterministicMed === y.deterministicMed &&
    x.comparesPathLength === y.comparesPathLength &&
    x.comparesIgpMetric === y.comparesIgpMetric
  );
}
