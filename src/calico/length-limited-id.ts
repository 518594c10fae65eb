import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { base64url } from "./base64url.ts";

/** The longest name of an iptables chain, without the closing NUL. */
export const LONGEST_CHAIN_NAME = 28;

/**
 * Prefix and suffix where they fit, else the prefix and a hash of the suffix
 * (libcalico-go/lib/hash/id.go, GetLengthLimitedID).
 */
export function lengthLimitedID(prefix: string, suffix: string, longest: number): string {
  const whole = prefix + suffix;
  // a suffix that fills the name exactly must not look like a hash
  if (whole.length < longest || (whole.length === longest && !suffix.startsWith("_"))) return whole;
  return `${prefix}_${base64url(sha256(utf8ToBytes(suffix))).slice(0, longest - 1 - prefix.length)}`;
}
