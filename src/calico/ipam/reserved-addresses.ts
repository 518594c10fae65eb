import type { Address, Family } from "../../net/address.ts";
import { addressNumber } from "../../net/address-number.ts";
import { lastAddress, type Prefix } from "../../net/prefix.ts";

/** Addresses that are never given automatically: IPReservations, as ranges that do not touch each other. */
export interface ReservedAddresses {
  /** In ascending order. */
  readonly ranges: Readonly<Record<Family, readonly { readonly first: bigint; readonly last: bigint }[]>>;
}

export function reservedAddresses(prefixes: Iterable<Prefix>): ReservedAddresses {
  const all = [...prefixes];
  const ofFamily = (family: Family): { first: bigint; last: bigint }[] => {
    const merged: { first: bigint; last: bigint }[] = [];
    const sorted = all
      .filter((prefix) => prefix.address.family === family)
      .map((prefix) => ({ first: addressNumber(prefix.address), last: addressNumber(lastAddress(prefix)) }))
      .sort((x, y) => (x.first < y.first ? -1 : x.first > y.first ? 1 : 0));
    for (const range of sorted) {
      const before = merged.at(-1);
      if (before === undefined || before.last + 1n < range.first) merged.push(range);
      else if (range.last > before.last) before.last = range.last;
    }
    return merged;
  };
  return { ranges: { 4: ofFamily(4), 6: ofFamily(6) } };
}

/** The last reserved number of the range that holds the number; null where it is in none. */
function reservedUntil(reserved: ReservedAddresses, family: Family, number: bigint): bigint | null {
  const ranges = reserved.ranges[family];
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.last ?? 0n) < number) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range.first <= number ? range.last : null;
}

export function isReserved(reserved: ReservedAddresses, address: Address): boolean {
  const { family } = address;
  return reserved.ranges[family].length > 0 && reservedUntil(reserved, family, addressNumber(address)) !== null;
}

/** Where the whole block is reserved: the last address of the range that holds it; else null. */
export function wholeBlockReserved(reserved: ReservedAddresses, block: Prefix): bigint | null {
  const { family } = block.address;
  if (reserved.ranges[family].length === 0) return null;
  const until = reservedUntil(reserved, family, addressNumber(block.address));
  return until !== null && until >= addressNumber(lastAddress(block)) ? until : null;
}
