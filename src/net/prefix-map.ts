import type { Address, Family } from "./address.ts";
import { netmask, type Prefix, prefixContains } from "./prefix.ts";

/**
 * Values filed under prefixes, found by address from the longest matching prefix to the shortest.
 * One hash table per prefix length in use, so a look-up costs as many probes as there are distinct lengths.
 */
export interface PrefixMap<V> {
  readonly family: Family;
  /** Distinct lengths in use, longest first. */
  readonly lengths: readonly number[];
  readonly tables: readonly ReadonlyMap<number, readonly Slot<V>[]>[];
  readonly masks: readonly Address[];
}

interface Slot<V> {
  readonly prefix: Prefix;
  readonly value: V;
}

function hash(a: number, b: number, c: number, d: number): number {
  return (a | 0) ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35);
}

/** Builds a map; several values may stand under one prefix and keep their order. */
export function prefixMap<V>(family: Family, entries: Iterable<readonly [Prefix, V]>): PrefixMap<V> {
  const byLength = new Map<number, Map<number, Slot<V>[]>>();
  for (const [prefix, value] of entries) {
    const table = byLength.get(prefix.length) ?? new Map<number, Slot<V>[]>();
    byLength.set(prefix.length, table);
    const { a, b, c, d } = prefix.address;
    const key = hash(a, b, c, d);
    const slots = table.get(key);
    if (slots === undefined) table.set(key, [{ prefix, value }]);
    else slots.push({ prefix, value });
  }
  const lengths = [...byLength.keys()].sort((x, y) => y - x);
  return {
    family,
    lengths,
    tables: lengths.map((length) => byLength.get(length) ?? new Map()),
    masks: lengths.map((length) => netmask(family, length)),
  };
}

/**
 * Offers every value whose prefix holds the address to `accept`, longest prefix first, until one is accepted.
 * Returns the accepted value, or null.
 */
export function lookUp<V>(map: PrefixMap<V>, address: Address, accept: (value: V) => boolean): V | null {
  if (address.family !== map.family) return null;
  for (let i = 0; i < map.lengths.length; i++) {
    const mask = map.masks[i];
    const table = map.tables[i];
    if (mask === undefined || table === undefined) continue;
    const slots = table.get(hash(address.a & mask.a, address.b & mask.b, address.c & mask.c, address.d & mask.d));
    if (slots === undefined) continue;
    for (const slot of slots) if (prefixContains(slot.prefix, address) && accept(slot.value)) return slot.value;
  }
  return null;
}

/** The value under the longest prefix that holds the address, or null. */
export function longestMatch<V>(map: PrefixMap<V>, address: Address): V | null {
  return lookUp(map, address, () => true);
}
