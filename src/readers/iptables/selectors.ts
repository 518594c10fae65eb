import type { AddressSelector } from "../../model/ruleset.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../../net/address.ts";
import { addressBits, maskAddress, maskLength, netmask } from "../../net/prefix.ts";

/** Reading and printing of the addresses of `-s` and `-d`. */

/**
 * `address[/length|/mask]`. IPv4 networks may leave out trailing zeros (`10.0/16`). Null when malformed, of the other
 * family, or a host name.
 */
export function parseSelector(text: string, family: Family, invert: boolean): AddressSelector | null {
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const address = parseAddress(family === 4 && /^\d{1,3}(?:\.\d{1,3}){0,2}$/.test(host) ? padded(host) : host);
  if (address?.family !== family) return null;
  const mask = slash < 0 ? sharedMask(family, addressBits(family)) : parseMask(text.slice(slash + 1), family);
  return mask === null ? null : { address: maskAddress(address, mask), mask, invert };
}

const masks: Readonly<Record<Family, Address[]>> = { 4: [], 6: [] };

/** One object for all rules with a mask of this length. */
function sharedMask(family: Family, length: number): Address {
  const known = masks[family][length] ?? netmask(family, length);
  masks[family][length] = known;
  return known;
}

function padded(host: string): string {
  return host + ".0".repeat(4 - host.split(".").length);
}

function parseMask(text: string, family: Family): Address | null {
  if (/^\d{1,3}$/.test(text)) {
    const length = Number(text);
    return length <= addressBits(family) ? sharedMask(family, length) : null;
  }
  const mask = parseAddress(text);
  return mask?.family === family ? mask : null;
}

/** True for `0.0.0.0/0` and `::/0`, which select everything. */
export function selectsAll(selector: AddressSelector): boolean {
  const { a, b, c, d } = selector.mask;
  return !selector.invert && (a | b | c | d) === 0;
}

/** `address/length`, or `address/mask` where the mask has holes. */
export function formatSelector(selector: AddressSelector): string {
  const length = maskLength(selector.mask);
  return `${networkText(selector.address)}/${length ?? networkText(selector.mask)}`;
}

/** As inet_ntop() of glibc prints it: IPv4-mapped and IPv4-compatible addresses end in dotted form. */
function networkText(address: Address): string {
  const { a, b, c, d } = address;
  if (address.family === 4 || a !== 0 || b !== 0) return formatAddress(address);
  const dotted = formatAddress({ family: 4, a: d, b: 0, c: 0, d: 0 });
  if (c === 0xffff) return `::ffff:${dotted}`;
  return c === 0 && d > 0xffff ? `::${dotted}` : formatAddress(address);
}
