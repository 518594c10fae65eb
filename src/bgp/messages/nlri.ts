import { type Address, type Family, ipv4, ipv6 } from "../../net/address.ts";
import { addressBits, prefixOf } from "../../net/prefix.ts";
import type { Reader, Writer } from "./octets.ts";
import type { Nlri } from "./path-attributes.ts";

const word = ({ a, b, c, d }: Address, octet: number): number => [a, b, c, d][octet >> 2] ?? 0;

/** Writes the first octets of an address. */
export function writeAddress(out: Writer, address: Address, octets = addressBits(address.family) / 8): void {
  for (let octet = 0; octet < octets; octet++) out.u8((word(address, octet) >>> (24 - 8 * (octet & 3))) & 0xff);
}

/** Reads an address of which the first octets are there; null when they are not. */
export function readAddress(input: Reader, family: Family, octets = addressBits(family) / 8): Address | null {
  const words: [number, number, number, number] = [0, 0, 0, 0];
  const value = input.take(octets);
  if (value === null) return null;
  for (let octet = 0; octet < octets; octet++) {
    const index = octet >> 2;
    words[index] = ((words[index] ?? 0) | ((value.u8() ?? 0) << (24 - 8 * (octet & 3)))) >>> 0;
  }
  return family === 4 ? ipv4(words[0]) : ipv6(...words);
}

/** Destinations as UPDATE carries them (RFC 4271 section 4.3), with path identifiers where `addPath`. */
export function writeNlri(out: Writer, list: readonly Nlri[], addPath: boolean): void {
  for (const { prefix, pathId } of list) {
    if (addPath) out.u32(pathId ?? 0);
    out.u8(prefix.length);
    writeAddress(out, prefix.address, (prefix.length + 7) >> 3);
  }
}

/** Subcodes of UPDATE Message Error for destinations that are cut off, and that are longer than an address, as BIRD tells them. */
export type NlriError = 1 | 10;

/** Destinations to the end, or what is wrong with them. Bits beyond the length do not count. */
export function readNlri(input: Reader, family: Family, addPath: boolean): Nlri[] | NlriError {
  const list: Nlri[] = [];
  while (input.left > 0) {
    const pathId = addPath ? input.u32() : null;
    const length = input.u8();
    if ((addPath && pathId === null) || length === null) return 1;
    if (length > addressBits(family)) return 10;
    const address = readAddress(input, family, (length + 7) >> 3);
    if (address === null) return 1;
    list.push({ prefix: prefixOf(address, length), pathId });
  }
  return list;
}
