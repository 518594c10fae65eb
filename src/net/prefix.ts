import { type Address, type Family, formatAddress, parseAddress } from "./address.ts";

/** A CIDR block: host bits are zero. `length` counts bits: 0-32 or 0-128. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Number of bits of an address of the family. */
export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

function wordMask(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** The netmask of a prefix length, as an address. */
export function netmask(family: Family, length: number): Address {
  return family === 4
    ? { family, a: wordMask(length), b: 0, c: 0, d: 0 }
    : { family, a: wordMask(length), b: wordMask(length - 32), c: wordMask(length - 64), d: wordMask(length - 96) };
}

/** Bitwise AND of an address with a mask of the same family. */
export function maskAddress(address: Address, mask: Address): Address {
  return {
    family: address.family,
    a: (address.a & mask.a) >>> 0,
    b: (address.b & mask.b) >>> 0,
    c: (address.c & mask.c) >>> 0,
    d: (address.d & mask.d) >>> 0,
  };
}

/** The block of `length` bits that holds the address. */
export function prefixOf(address: Address, length: number): Prefix {
  return { address: maskAddress(address, netmask(address.family, length)), length };
}

/** A prefix of one address. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: addressBits(address.family) };
}

export function samePrefix(x: Prefix, y: Prefix): boolean {
  return x.length === y.length && prefixContains(x, y.address);
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  const base = prefix.address;
  if (base.family !== address.family) return false;
  const n = prefix.length;
  if (((base.a ^ address.a) & wordMask(n)) !== 0) return false;
  if (n <= 32 || base.family === 4) return true;
  return (
    ((base.b ^ address.b) & wordMask(n - 32)) === 0 &&
    ((base.c ^ address.c) & wordMask(n - 64)) === 0 &&
    ((base.d ^ address.d) & wordMask(n - 96)) === 0
  );
}

/** Last address of the block (IPv4: the subnet broadcast). */
export function lastAddress(prefix: Prefix): Address {
  const { address } = prefix;
  const mask = netmask(address.family, prefix.length);
  const fill = (value: number, m: number): number => (value | ~m) >>> 0;
  return address.family === 4
    ? { family: 4, a: fill(address.a, mask.a), b: 0, c: 0, d: 0 }
    : {
        family: 6,
        a: fill(address.a, mask.a),
        b: fill(address.b, mask.b),
        c: fill(address.c, mask.c),
        d: fill(address.d, mask.d),
      };
}

/**
 * Parses `address/length`, or a bare address as a host prefix; host bits are masked off. Null when malformed.
 * Dotted masks (`/255.255.0.0`) are accepted when contiguous.
 */
export function parsePrefix(text: string): Prefix | null {
  const parsed = parseInterfaceAddress(text);
  return parsed === null ? null : prefixOf(parsed.address, parsed.length);
}

/** Parses `address/length` and keeps the host bits, as on an interface. Null when malformed. */
export function parseInterfaceAddress(text: string): { address: Address; length: number } | null {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === null) return null;
  const bits = addressBits(address.family);
  if (slash < 0) return { address, length: bits };
  const suffix = text.slice(slash + 1);
  if (/^\d{1,3}$/.test(suffix)) {
    const length = Number(suffix);
    return length <= bits ? { address, length } : null;
  }
  const mask = parseAddress(suffix);
  if (mask === null || mask.family !== address.family) return null;
  const length = maskLength(mask);
  return length === null ? null : { address, length };
}

/** The prefix length of a contiguous mask; null when the mask has holes. */
export function maskLength(mask: Address): number | null {
  let length = 0;
  for (const word of mask.family === 4 ? [mask.a] : [mask.a, mask.b, mask.c, mask.d]) length += Math.clz32(~word);
  const expected = netmask(mask.family, length);
  return expected.a === mask.a && expected.b === mask.b && expected.c === mask.c && expected.d === mask.d
    ? length
    : null;
}

/** `address/length`, always with the length. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}
