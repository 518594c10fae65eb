import { sha224 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { base64url } from "../base64url.ts";
import { canonicalSelector, type Selector } from "../selector/selector.ts";

const LONGEST_SET_NAME = 31;

/** What the kernel calls the set with this id: `cali40` or `cali60` and the id, cut to fit (felix/ipsets). */
export function ipSetName(id: string, family: 4 | 6): string {
  return `cali${family}0${id}`.slice(0, LONGEST_SET_NAME);
}

/** The id of the set of endpoints and network sets that a selector chooses (libcalico-go/lib/selector, UniqueID). */
export function selectorSetID(selector: Selector): string {
  return `s:${base64url(sha224(utf8ToBytes(`s:${canonicalSelector(selector)}`)))}`;
}
