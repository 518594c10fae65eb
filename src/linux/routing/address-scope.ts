import { type Address, isLoopback, isUnspecified } from "../../net/address.ts";

/** Scopes of IPv6 addresses (include/net/ipv6.h IPV6_ADDR_SCOPE_*). */
export const SCOPE6_LINK_LOCAL = 0x02;
export const SCOPE6_SITE_LOCAL = 0x05;
const SCOPE6_GLOBAL = 0x0e;

/**
 * ipv6_addr_scope(): of a multicast address the scope it names, of ::1 that of a link (RFC 6724 section 3.4); unique
 * local addresses are global. -1 for `::`.
 */
export function scope6(address: Address): number {
  if (address.a >>> 24 === 0xff) return (address.a >>> 16) & 15;
  if (address.a >>> 22 === 0x3fa) return SCOPE6_LINK_LOCAL;
  if (address.a >>> 22 === 0x3fb) return SCOPE6_SITE_LOCAL;
  if (isUnspecified(address)) return -1;
  return isLoopback(address) ? SCOPE6_LINK_LOCAL : SCOPE6_GLOBAL;
}

/** rt6_need_strict(): addresses that mean something else on each link. */
export function needsInterface(address: Address): boolean {
  return address.a >>> 22 === 0x3fa || address.a >>> 24 === 0xff || (address.family === 6 && isLoopback(address));
}

/** The default policy table (net/ipv6/addrlabel.c); `ip addrlabel` is in no dump. */
export function addressLabel(address: Address): number {
  const { a, b, c, d } = address;
  if (a === 0 && b === 0) {
    if (c === 0) return d === 1 ? 0 : 3;
    if (c === 0xffff) return 4;
  }
  if (a >>> 25 === 0xfc >>> 1) return 5;
  if (a === 0x20010000) return 6;
  if (a >>> 4 === 0x2001001) return 7;
  if (a >>> 16 === 0x2002) return 2;
  if (a >>> 22 === 0x3fb) return 11;
  return a >>> 16 === 0x3ffe ? 12 : 1;
}
