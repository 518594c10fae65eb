import { type Address, compareAddresses, type Family, ipv4, ipv6 } from "./address.ts";
import { addressBits, lastAddress, type Prefix } from "./prefix.ts";

/** All addresses of one family from `first` to `last`, both included. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** Sorted, disjoint, not adjacent ranges; IPv4 before IPv6. */
export type AddressSet = readonly AddressRange[];

function toNumber(address: Address): bigint {
  if (address.family === 4) return BigInt(address.a);
  return (BigInt(address.a) << 96n) | (BigInt(address.b) << 64n) | (BigInt(address.c) << 32n) | BigInt(address.d);
}

function toAddress(family: Family, value: bigint): Address {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return family === 4 ? ipv4(word(0n)) : ipv6(word(96n), word(64n), word(32n), word(0n));
}

function isForwards({ first, last }: AddressRange): boolean {
  return first.family === last.family && compareAddresses(first, last) <= 0;
}

/** Normalises any ranges into a set; a range that runs backwards holds nothing. */
export function addressSet(ranges: Iterable<AddressRange>): AddressSet {
  const sorted = [...ranges].filter(isForwards).sort((x, y) => compareAddresses(x.first, y.first));
  const merged: AddressRange[] = [];
  for (const range of sorted) {
    const previous = merged.at(-1);
    const joins =
      previous !== undefined &&
      previous.first.family === range.first.family &&
      toNumber(range.first) <= toNumber(previous.last) + 1n;
    if (!joins) merged.push(range);
    else if (compareAddresses(range.last, previous.last) > 0) {
      merged[merged.length - 1] = { first: previous.first, last: range.last };
    }
  }
  return merged;
}

export function prefixRange(prefix: Prefix): AddressRange {
  return { first: prefix.address, last: lastAddress(prefix) };
}

export function addressSetHas(set: AddressSet, address: Address): boolean {
  return set.some(
    ({ first, last }) =>
      first.family === address.family && compareAddresses(first, address) <= 0 && compareAddresses(address, last) <= 0,
  );
}

/** Addresses of `x` that are not in `y`. */
export function subtractAddressSets(x: AddressSet, y: AddressSet): AddressSet {
  let rest: readonly AddressRange[] = x;
  for (const cut of y) {
    const { family } = cut.first;
    rest = rest.flatMap((range) => {
      if (range.first.family !== family) return [range];
      const before = toNumber(cut.first) - 1n;
      const after = toNumber(cut.last) + 1n;
      const parts: AddressRange[] = [];
      if (toNumber(range.first) <= before) {
        const last = before < toNumber(range.last) ? toAddress(family, before) : range.last;
        parts.push({ first: range.first, last });
      }
      if (toNumber(range.last) >= after) {
        const first = after > toNumber(range.first) ? toAddress(family, after) : range.first;
        parts.push({ first, last: range.last });
      }
      return parts;
    });
  }
  return addressSet(rest);
}

export function intersectAddressSets(x: AddressSet, y: AddressSet): AddressSet {
  return subtractAddressSets(x, subtractAddressSets(x, y));
}

/** The fewest blocks that together hold the addresses from `first` to `last`; none when the range is backwards. */
export function rangePrefixes(first: Address, last: Address): readonly Prefix[] {
  const { family } = first;
  const bits = addressBits(family);
  const end = toNumber(last);
  const prefixes: Prefix[] = [];
  for (let at = toNumber(first); at <= end; ) {
    let free = 0;
    while (free < bits && (at >> BigInt(free)) % 2n === 0n && at + (1n << BigInt(free + 1)) - 1n <= end) free++;
    prefixes.push({ address: toAddress(family, at), length: bits - free });
    at += 1n << BigInt(free);
  }
  return prefixes;
}
