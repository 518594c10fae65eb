import { layeredNeighbours, type Neighbour } from "../model/neighbour.ts";
import type { Address } from "../net/address.ts";

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

/** The neighbours of a list that are on a device, of which `hash` may choose; what many hosts share is indexed once. */
export function* neighboursOn(list: readonly Neighbour[], device: string, hash: number | null): Iterable<Neighbour> {
  const layers = layeredNeighbours.layersOf(list);
  if (layers === null) {
    yield* chosen(indexOf(list), device, hash);
    return;
  }
  yield* chosen(indexOf(layers.own), device, hash);
  for (const one of chosen(indexOf(layers.shared), device, hash)) if (!layers.without.has(one)) yield one;
}

function* chosen(index: NeighbourIndex, device: string, hash: number | null): Iterable<Neighbour> {
  const ofDevice = index.get(device);
  if (ofDevice === undefined) return;
  if (hash !== null) yield* ofDevice.get(hash) ?? [];
  else for (const some of ofDevice.values()) yield* some;
}
