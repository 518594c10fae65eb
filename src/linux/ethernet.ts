import type { Address } from "../net/address.ts";

/** The Ethernet broadcast address. */
export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";

/** is_multicast_ether_addr(): a group of receivers, all of them included. */
export function isGroupMac(mac: string): boolean {
  const digit = mac.charCodeAt(1);
  // 0 to 9, and a to f
  if (digit >= 48 && digit <= 57) return (digit & 1) === 1;
  if (digit >= 97 && digit <= 102) return (digit & 1) === 0;
  return (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
}

export function isZeroMac(mac: string): boolean {
  return mac === "00:00:00:00:00:00";
}

/** is_link_local_ether_addr(): 01:80:c2:00:00:0X, which no bridge passes on (IEEE 802.1D). */
export function isReservedMac(mac: string): boolean {
  return mac.startsWith("01:80:c2:00:00:0") && mac.length === 17;
}

/** The group address of an IP multicast: RFC 1112 section 6.4, RFC 2464 section 7. */
export function multicastMac(address: Address): string {
  const hex = (value: number): string => value.toString(16).padStart(2, "0");
  const low = address.family === 4 ? address.a & 0x7fffff : address.d;
  const octets = [(low >>> 16) & 255, (low >>> 8) & 255, low & 255].map(hex).join(":");
  return address.family === 4 ? `01:00:5e:${octets}` : `33:33:${hex((low >>> 24) & 255)}:${octets}`;
}
