import { type Address, compareAddresses, type Family } from "./address.ts";
import { lastAddress, type Prefix, prefixContains } from "./prefix.ts";

/**
 * Values filed under prefixes, found by address from the longest matching prefix to the shortest. The prefixes cut the
 * addresses into intervals; a look-up is a binary search for the interval, then a walk outwards, and makes no object.
 */
export interface PrefixMap<V> {
  readonly family: Family;
  /** First address of each interval in ascending order: one word for IPv4, four for IPv6. */
  readonly starts: Uint32Array;
  /** Index of the first value that holds in each interval; -1: none. */
  readonly first: Int32Array;
  readonly values: readonly V[];
  /** Many IPv4 addresses of their own are in no interval: they are found here first. */
  readonly single: SingleAddresses | null;
  /** By index of a value: the value to try next, under the same prefix or a shorter one; -1: none. */
  readonly next: Int32Array;
}

/**
 * An open hash table of two words for each slot, side by side, so that one fetch from memory brings both: the address as int32 and the index
 * of its first value, -1 where the slot is free.
 */
type SingleAddresses = Int32Array;

/** So many addresses are found faster by a hash than by a search. */
const MANY = 64;

/** Builds a map; several values may stand under one prefix and keep their order. */
export function prefixMap<V>(family: Family, entries: Iterable<readonly [Prefix, V]>): PrefixMap<V> {
  const sorted = [...entries].sort(([x], [y]) => compareAddresses(x.address, y.address) || x.length - y.length);
  const next = new Int32Array(sorted.length).fill(-1);
  const starts: number[] = [];
  const first: number[] = [];
  const count = family === 4 ? sorted.filter(([{ length }]) => length === 32).length : 0;
  const single = count < MANY ? null : singleAddresses(count);
  const open: { readonly prefix: Prefix; readonly head: number }[] = [];
  const begin = ({ a, b, c, d }: Address, value: number): void => {
    const words = family === 4 ? [a] : [a, b, c, d];
    const at = starts.length - words.length;
    // Where an interval begins and ends at once, only what holds last counts.
    if (at >= 0 && words.every((word, index) => starts[at + index] === word)) first[first.length - 1] = value;
    else {
      starts.push(...words);
      first.push(value);
    }
  };
  const close = (): void => {
    const closed = open.pop();
    if (closed === undefined) return;
    const after = addressAfter(lastAddress(closed.prefix));
    if (after !== null) begin(after, open.at(-1)?.head ?? -1);
  };
  sorted.forEach(([prefix], index) => {
    const [before] = sorted[index - 1] ?? [];
    if (before !== undefined && before.length === prefix.length && prefixContains(before, prefix.address)) {
      const outer = next[index - 1] ?? -1;
      next[index - 1] = index;
      next[index] = outer;
      return;
    }
    while (open.length > 0 && !prefixContains(open.at(-1)?.prefix ?? prefix, prefix.address)) close();
    next[index] = open.at(-1)?.head ?? -1;
    if (single !== null && prefix.length === 32) {
      const slot = slotOf(single, prefix.address.a);
      single[slot] = prefix.address.a;
      single[slot + 1] = index;
      return;
    }
    begin(prefix.address, index);
    open.push({ prefix, head: index });
  });
  while (open.length > 0) close();
  return {
    family,
    starts: Uint32Array.from(starts),
    first: Int32Array.from(first),
    single,
    values: sorted.map(([, value]) => value),
    next,
  };
}

function singleAddresses(count: number): SingleAddresses {
  return new Int32Array(4 << (32 - Math.clz32(count))).fill(-1);
}

/** Where the words of the address stand, or those of the free slot where it would. */
function slotOf(single: SingleAddresses, address: number): number {
  const mask = single.length - 2;
  const wanted = address | 0;
  const mixed = Math.imul(address, 0x9e3779b1);
  let slot = ((mixed ^ (mixed >>> 15)) * 2) & mask;
  while (single[slot] !== wanted && single[slot + 1] !== -1) slot = (slot + 2) & mask;
  return slot;
}

/** Null after the last address of the family. */
function addressAfter({ family, a, b, c, d }: Address): Address | null {
  const words = family === 4 ? [a] : [a, b, c, d];
  for (let index = words.length - 1; index >= 0; index--) {
    const word = words[index] ?? 0;
    words[index] = (word + 1) >>> 0;
    if (word !== 0xffffffff) {
      const [p = 0, q = 0, r = 0, s = 0] = words;
      return { family, a: p, b: q, c: r, d: s };
    }
  }
  return null;
}

/** Index of the value under the longest prefix that holds the address, or -1; `map.next` leads to the shorter ones. */
export function firstValue<V>(map: PrefixMap<V>, address: Address): number {
  if (address.family !== map.family) return -1;
  if (map.family === 4) return firstWord(map, address.a);
  const interval = interval6(map.starts, address);
  return interval < 0 ? -1 : (map.first[interval] ?? -1);
}

/** The same for an IPv4 address as uint32, or another number that was filed as one. */
export function firstWord<V>(map: PrefixMap<V>, word: number): number {
  if (map.single !== null) {
    const value = map.single[slotOf(map.single, word) + 1] ?? -1;
    if (value >= 0) return value;
  }
  const interval = interval4(map.starts, word);
  return interval < 0 ? -1 : (map.first[interval] ?? -1);
}

/** The last interval that starts at or before the address; -1: none does. */
function interval4(starts: Uint32Array, address: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function interval6(starts: Uint32Array, { a, b, c, d }: Address): number {
  let low = 0;
  let high = starts.length >>> 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = middle * 4;
    const order =
      (starts[at] ?? 0) - a || (starts[at + 1] ?? 0) - b || (starts[at + 2] ?? 0) - c || (starts[at + 3] ?? 0) - d;
    if (order <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * Offers every value whose prefix holds the address to `accept`, longest prefix first, until one is accepted.
 * Returns the accepted value, or null.
 */
export function lookUp<V>(map: PrefixMap<V>, address: Address, accept: (value: V) => boolean): V | null {
  for (let index = firstValue(map, address); index >= 0; index = map.next[index] ?? -1) {
    const value = map.values[index];
    if (value !== undefined && accept(value)) return value;
  }
  return null;
}

/** The value under the longest prefix that holds the address, or null. */
export function longestMatch<V>(map: PrefixMap<V>, address: Address): V | null {
  return map.values[firstValue(map, address)] ?? null;
}
