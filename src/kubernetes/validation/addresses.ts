import { type Address, type Family, isLinkLocal, isLoopback, isUnspecified, parseAddress } from "../../net/address.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";
import { complain, type Field } from "../field.ts";
import { isAbsent, peekText } from "./peek.ts";

/** The API server takes decimal parts with zeros before them (k8s.io/utils/net, ParseIPSloppy). */
function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/(^|[.:])0+(?=\d+(?:[./]|$))/g, "$1") : text;
}

/** An IPv4 address behind `::ffff:` is one to Go. */
function unmapped(address: Address): Address {
  const isMapped = address.family === 6 && address.a === 0 && address.b === 0 && address.c === 0xffff;
  return isMapped ? { family: 4, a: address.d, b: 0, c: 0, d: 0 } : address;
}

/** An address as the API server reads it. */
function asAddress(text: string): Address | null {
  const address = parseAddress(withoutZeros(text));
  return address === null ? null : unmapped(address);
}

/** A network as the API server reads it; its host bits do not matter, and its length is a number. */
export function asNetwork(text: string): Prefix | null {
  return /\/\d{1,3}$/.test(text) ? parsePrefix(withoutZeros(text)) : null;
}

/** Complains of a text that is no address, or of another family than it must be. */
export function checkAddress(field: Field, family: Family | null = null): Address | null {
  const written = peekText(field);
  if (written === null) {
    if (isAbsent(field)) complain(field, "an IP address");
    return null;
  }
  const address = asAddress(written);
  if (address !== null && (family === null || address.family === family)) return address;
  complain(field, family === null ? "an IP address" : `an IPv${family} address`);
  return null;
}

/** Complains of a text that is no network. */
export function checkNetwork(field: Field): Prefix | null {
  const written = peekText(field);
  if (written === null) return null;
  const network = asNetwork(written);
  if (network === null) complain(field, "a network with its length, such as 10.0.0.0/8 or fd00::/64");
  return network;
}

/** 224.0.0.0/24, or ff02::/16 with any flags (Go's IsLinkLocalMulticast). */
function isLinkLocalMulticast({ family, a }: Address): boolean {
  return family === 4 ? a >>> 8 === 0xe00000 : a >>> 24 === 0xff && ((a >>> 16) & 0x0f) === 2;
}

/** Addresses that no endpoint and no external address may be (pkg/apis/core/validation, ValidateNonSpecialIP). */
export function checkNotSpecial(field: Field, address: Address): void {
  const kind = isUnspecified(address)
    ? "unspecified"
    : isLoopback(address)
      ? "the machine's own (127.0.0.0/8, ::1)"
      : isLinkLocal(address)
        ? "link-local (169.254.0.0/16, fe80::/10)"
        : isLinkLocalMulticast(address)
          ? "link-local multicast (224.0.0.0/24, ff02::/16)"
          : null;
  if (kind !== null) complain(field, `an address of another machine; this one is ${kind}`);
}
