import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The longest symbol of BIRD 1.6 (SYM_MAX_LEN). */
const LONGEST_SYMBOL = 64;

/** Hexadecimal digits of the hash in a shortened name. */
const DIGITS = 16;

/**
 * `'bgp_NAME_importFilterV4'`: the function that a BGPFilter becomes. A name that is too long for BIRD ends in a hash of the whole
 * (confd/pkg/resource/template, TruncateAndHashName).
 */
export function filterFunctionName(filter: string, direction: "import" | "export", family: 4 | 6): string {
  const ending = `_${direction}FilterV${family}`;
  const most = LONGEST_SYMBOL - "bgp_".length - ending.length;
  if (filter.length <= most) return `'bgp_${filter}${ending}'`;
  const hash = bytesToHex(sha256(utf8ToBytes(filter)))
    .slice(0, DIGITS)
    .toUpperCase();
  return `'bgp_${filter.slice(0, most - DIGITS - 1)}_${hash}${ending}'`;
}

/**
 * The router id that CALICO_ROUTER_ID=hash makes of a node's name: the first four bytes of SHA-256, without the addresses of multicast and
 * beyond (confd/pkg/resource/template, HashToIPv4).
 */
export function hashedRouterId(node: string): string {
  const [first = 0, ...rest] = sha256(utf8ToBytes(node)).slice(0, 4);
  return [first > 223 ? first - 32 : first, ...rest].join(".");
}
