import { layeredNeighbours, type Neighbour } from "../model/neighbour.ts";
import type { Address } from "../net/address.ts";
import { remembered } from "./remembered.ts";

/** Neighbours by interface, then by a hash of the address, each in the order of the list. */
type NeighbourIndex = ReadonlyMap<string, ReadonlyMap<number, readonly Neighbour[]>>;

const indexes = new WeakMap<readonly Neighbour[], NeighbourIndex>();

/** The same for equal addresses. */
export function addressHash({ a, b, c, d }: Address): number {
  return a ^ b ^ c ^ d;
}

function indexOf(list: readonly Neighbour[]): NeighbourIndex {
  const known = indexes.get(list);
  if (known !== undefined) return known;
  const index = new Map<string, Map<number, Neighbour[]>>();
  for (const one of list) {
    const ofDevice = index.get(one.interface) ?? new Map<number, Neighbour[]>();
    index.set(one.interface, ofDevice);
    const hash = addressHash(one.address);
    const same = ofDevice.get(hash);
    if (same === undefined) ofDevice.set(hash, [one]);
    else same.push(one);
  }
  indexes.set(list, index);
  return index;
}

/** The neighbours of a list that are on a device; what many hosts share is indexed once. */
export function* neighboursOn(list: readonly Neighbour[], device: string): Iterable<Neighbour> {
  const layers = layeredNeighbours.layersOf(list);
  for (const some of indexOf(layers?.own ?? list)
    .get(device)
    ?.values() ?? [])
    yield* some;
  if (layers === null) return;
  for (const some of indexOf(layers.shared).get(device)?.values() ?? []) {
    for (const one of some) if (!layers.without.has(one)) yield one;
  }
}

const NONE: readonly Neighbour[] = [];

/** Both layers of a list, indexed. */
const indexed = remembered((list: readonly Neighbour[]) => {
  const layers = layeredNeighbours.layersOf(list);
  const shared = layers === null ? null : { index: indexOf(layers.shared), without: layers.without };
  return { own: indexOf(layers?.own ?? list), shared };
});

/** Those of them whose addresses have a hash. */
export function neighboursAt(list: readonly Neighbour[], device: string, hash: number): readonly Neighbour[] {
  const { own, shared } = indexed(list);
  const mine = own.get(device)?.get(hash) ?? NONE;
  const others = shared === null ? NONE : (shared.index.get(device)?.get(hash) ?? NONE);
  if (shared === null || others.length === 0) return mine;
  return [...mine, ...others.filter((one) => !shared.without.has(one))];
}
