import { sha224 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { base64url } from "../base64url.ts";

const HASH_LENGTH = 16;

/**
 * The `cali:` hashes of a chain's rules, in order. Each digests its own text and all rules before it, so that a changed
 * rule changes the hashes behind it and none elsewhere (felix/iptables/renderer.go, RuleHashes).
 *
 * @param chain the chain's name; `CHAIN*appends*` for rules that Felix appends to a chain of the kernel
 * @param texts each rule behind `-A CHAIN` and the hash comment, in Felix's spelling
 */
export function ruleHashes(chain: string, texts: readonly string[]): readonly string[] {
  let digest = sha224(utf8ToBytes(chain));
  return texts.map((text) => {
    digest = sha224(concatBytes(digest, utf8ToBytes(text === "" ? `-A ${chain} HASH` : `-A ${chain} HASH ${text}`)));
    return base64url(digest).slice(0, HASH_LENGTH);
  });
}
