import { type Address, type Family, ipv4, ipv6 } from "../../net/address.ts";
import { addressBits, type Prefix } from "../../net/prefix.ts";

function toNumber(address: Address): bigint {
  if (address.family === 4) return BigInt(address.a);
  return (BigInt(address.a) << 96n) | (BigInt(address.b) << 64n) | (BigInt(address.c) << 32n) | BigInt(address.d);
}

function toAddress(family: Family, value: bigint): Address {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return family === 4 ? ipv4(word(0n)) : ipv6(word(96n), word(64n), word(32n), word(0n));
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
