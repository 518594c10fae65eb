import { type Address, type Family, ipv4, ipv6 } from "./address.ts";

/** The address as one whole number, for arithmetic over blocks of any size. */
export function addressNumber(address: Address): bigint {
  if (address.family === 4) return BigInt(address.a);
  return (BigInt(address.a) << 96n) | (BigInt(address.b) << 64n) | (BigInt(address.c) << 32n) | BigInt(address.d);
}

/** The address of a number that `addressNumber` made, or of one near it. */
export function addressOfNumber(family: Family, number: bigint): Address {
  const word = (shift: bigint): number => Number((number >> shift) & 0xffffffffn);
  return family === 4 ? ipv4(word(0n)) : ipv6(word(96n), word(64n), word(32n), word(0n));
}
