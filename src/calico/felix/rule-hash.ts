import { base64url } from "../base64url.ts";
import { ruleDigest } from "./rule-digest.ts";

/** The digest before a chain's first rule; `CHAIN*appends*` for rules that Felix appends to a chain of the kernel. */
export function digestOfChain(chain: string): Uint8Array {
  return ruleDigest(null, chain);
}

/**
 * The digest behind one more rule. It holds the rule's own text and all rules before it, so that a changed rule changes the hashes
 * behind it and none elsewhere (felix/iptables/renderer.go, RuleHashes).
 *
 * @param text the rule behind `-A CHAIN` and the hash comment, in Felix's spelling
 */
export function digestWithRule(before: Uint8Array, chain: string, text: string): Uint8Array {
  return ruleDigest(before, text === "" ? `-A ${chain} HASH` : `-A ${chain} HASH ${text}`);
}

/** What stands behind `cali:` in the comment of the rule with this digest. */
export function hashOfDigest(digest: Uint8Array): string {
  // sixteen digits are twelve bytes
  return base64url(digest.subarray(0, 12));
}

/** The `cali:` hashes of a chain's rules, in order; texts and chain as for `digestWithRule`. */
export function ruleHashes(chain: string, texts: readonly string[]): readonly string[] {
  let digest = digestOfChain(chain);
  return texts.map((text) => {
    digest = digestWithRule(digest, chain, text);
    return hashOfDigest(digest);
  });
}
