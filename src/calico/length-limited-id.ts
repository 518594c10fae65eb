import { sha256Words } from "../net/sha256-words.ts";
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
  return `${prefix}_${base64url(sha256(suffix)).slice(0, longest - 1 - prefix.length)}`;
}

function sha256(text: string): Uint8Array {
  const digest = new DataView(new ArrayBuffer(32));
  for (const [i, word] of sha256Words(text).entries()) digest.setInt32(i * 4, word);
  return new Uint8Array(digest.buffer);
}
