import { type Address, ipv4, ipv6 } from "./address.ts";
import { addressBits, type Prefix } from "./prefix.ts";

/** How many addresses a prefix has; exact below 2^53. */
export function prefixSize({ address, length }: Prefix): number {
  return 2 ** (addressBits(address.family) - length);
}

/** The address `offset` behind the first one; offsets below 2^32. */
export function addressAt({ address }: Prefix, offset: number): Address {
  if (address.family === 4) return ipv4((address.a + offset) >>> 0);
  const low = address.d + offset;
  return ipv6(address.a, address.b, (address.c + Math.floor(low / 2 ** 32)) >>> 0, low % 2 ** 32);
}
