import ipaddr from "ipaddr.js";

/** 4 for IPv4, 6 for IPv6. */
export type Family = 4 | 6;

/**
 * An IP address as the kernel's `union nf_inet_addr` holds it: up to four words of 32 bits (uint32, host order).
 * IPv4 uses `a` only; `b`, `c` and `d` are 0.
 */
export interface Address {
  readonly family: Family;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** The IPv4 address with the given uint32 value. */
export function ipv4(value: number): Address {
  return { family: 4, a: value >>> 0, b: 0, c: 0, d: 0 };
}

/** The IPv6 address of four uint32 words, most significant first. */
export function ipv6(a: number, b: number, c: number, d: number): Address {
  return { family: 6, a: a >>> 0, b: b >>> 0, c: c >>> 0, d: d >>> 0 };
}

/** 0.0.0.0 or ::. */
export function unspecified(family: Family): Address {
  return family === 4 ? ANY4 : ANY6;
}

const ANY4 = ipv4(0);
const ANY6 = ipv6(0, 0, 0, 0);

export function sameAddress(x: Address, y: Address): boolean {
  return x === y || (x.a === y.a && x.b === y.b && x.c === y.c && x.d === y.d && x.family === y.family);
}

/** Numeric order, IPv4 before IPv6; negative, 0 or positive. */
export function compareAddresses(x: Address, y: Address): number {
  return x.family - y.family || x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d;
}

/**
 * Parses a dotted-quad IPv4 or a textual IPv6 address without zone; null when it is neither.
 * The legacy IPv4 forms of inet_aton (`10.1`, `010.0.0.1`, `0x0a000001`) are refused: no tool prints them.
 */
export function parseAddress(text: string): Address | null {
  return text.includes(":") ? parseIPv6(text) : parseIPv4(text);
}

const DOTTED_QUAD = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** Parses exactly four decimal parts without leading zeros. */
export function parseIPv4(text: string): Address | null {
  const parts = DOTTED_QUAD.exec(text);
  if (parts === null) return null;
  let value = 0;
  for (let i = 1; i <= 4; i++) {
    const part = parts[i] ?? "";
    const octet = Number(part);
    if (octet > 255 || (part.length > 1 && part.startsWith("0"))) return null;
    value = value * 256 + octet;
  }
  return ipv4(value);
}

/** Parses an IPv6 address in any form of RFC 4291 section 2.2; zones (`%eth0`) are the caller's to split off. */
export function parseIPv6(text: string): Address | null {
  if (text.includes("%")) return null;
  const dotted = withoutDottedPart(text);
  if (dotted === null || !ipaddr.IPv6.isValid(dotted)) return null;
  const p = ipaddr.IPv6.parse(dotted).parts;
  const word = (i: number): number => (((p[i] ?? 0) << 16) | (p[i + 1] ?? 0)) >>> 0;
  return ipv6(word(0), word(2), word(4), word(6));
}

/** The last 32 bits written as IPv4 in hexadecimal instead: ipaddr.js takes `::1.2.3.4` for `::ffff:1.2.3.4`. */
function withoutDottedPart(text: string): string | null {
  if (!text.includes(".")) return text;
  const colon = text.lastIndexOf(":");
  const four = parseIPv4(text.slice(colon + 1));
  if (four === null) return null;
  return `${text.slice(0, colon + 1)}${(four.a >>> 16).toString(16)}:${(four.a & 0xffff).toString(16)}`;
}

/** Dotted quad, or RFC 5952 text. */
export function formatAddress(address: Address): string {
  if (address.family === 4) {
    const v = address.a;
    return `${v >>> 24}.${(v >>> 16) & 255}.${(v >>> 8) & 255}.${v & 255}`;
  }
  // inet_ntop() writes the last 32 bits of mapped and compatible addresses as IPv4 ones.
  if (address.a === 0 && address.b === 0 && (address.c === 0xffff || (address.c === 0 && address.d > 0xffff))) {
    return `::${address.c === 0 ? "" : "ffff:"}${formatAddress(ipv4(address.d))}`;
  }
  const parts: number[] = [];
  for (const w of [address.a, address.b, address.c, address.d]) parts.push(w >>> 16, w & 0xffff);
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: Address): boolean {
  return address.family === 4
    ? address.a >>> 24 === 127
    : address.a === 0 && address.b === 0 && address.c === 0 && address.d === 1;
}

/** 224.0.0.0/4 or ff00::/8. */
export function isMulticast(address: Address): boolean {
  return address.family === 4 ? address.a >>> 28 === 14 : address.a >>> 24 === 0xff;
}

/** fe80::/10, or 169.254.0.0/16. */
export function isLinkLocal(address: Address): boolean {
  return address.family === 4 ? address.a >>> 16 === 0xa9fe : address.a >>> 22 === 0x3fa;
}

export function isUnspecified(address: Address): boolean {
  return address.a === 0 && address.b === 0 && address.c === 0 && address.d === 0;
}

/** ::ffff:0:0/96: an IPv4 address as IPv6 writes it (RFC 4291 section 2.5.5.2). */
export function isMapped({ family, a, b, c }: Address): boolean {
  return family === 6 && a === 0 && b === 0 && c === 0xffff;
}

/** 255.255.255.255. */
export function isLimitedBroadcast(address: Address): boolean {
  return address.family === 4 && address.a === 0xffffffff;
}
