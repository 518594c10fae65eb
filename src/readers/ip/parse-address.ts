import type { Address, Family } from "../../net/address.ts";
import { parseAddress, unspecified } from "../../net/address.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";

/** `default`, `all`, `any`, `0/0` of a family, or a prefix; null when it is none. */
export function parseDestination(text: string, family: Family): Prefix | null {
  if (text === "default" || text === "all" || text === "any" || text === "0/0") {
    return { address: unspecified(family), length: 0 };
  }
  return parsePrefix(text);
}

/** An address; null for `any`, `0.0.0.0` written as a word, and what is none. */
export function parseOptionalAddress(text: string | null): Address | null {
  return text === null || text === "any" ? null : parseAddress(text);
}
