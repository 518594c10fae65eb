import { type Address, sameAddress } from "../../net/address.ts";
import { hashFourWords, scaleHash, swapBytes } from "../netfilter/matches/jenkins-hash.ts";
import type { Tuple } from "./connection.ts";
import type { NatRange } from "./nat-range.ts";

/**
 * find_best_ips_proto() (net/netfilter/nf_nat_core.c): of several addresses the kernel takes the one that a hash of
 * source, destination and zone names, without any secret; with `--persistent` of the source alone. As a little-endian
 * machine hashes.
 */
export function natAddress(tuple: Tuple, manip: "SNAT" | "DNAT", range: NatRange, zone: number): Address {
  const { addresses, netmap } = range;
  const own = manip === "SNAT" ? tuple.src : tuple.dst;
  if (addresses === null) return own;
  const { first, last } = addresses;
  if (netmap !== null) {
    const mix = (a: number, b: number, mask: number): number => ((a & mask) | (b & ~mask)) >>> 0;
    return {
      family: own.family,
      a: mix(first.a, own.a, netmap.a),
      b: mix(first.b, own.b, netmap.b),
      c: mix(first.c, own.c, netmap.c),
      d: mix(first.d, own.d, netmap.d),
    };
  }
  if (sameAddress(first, last)) return first;
  const destination = words(tuple.dst);
  const seed = range.persistent ? 0 : (destination.at(-1) ?? 0) ^ zone;
  const { src } = tuple;
  let hash = hashFourWords(swapBytes(src.a), swapBytes(src.b), swapBytes(src.c), swapBytes(src.d), seed);
  const [lowest, highest] = [numbers(first), numbers(last)];
  const chosen: number[] = [];
  let free = false;
  for (const [index, word] of destination.entries()) {
    const low = free ? 0 : (lowest[index] ?? 0);
    const count = free ? 0xffffffff : ((highest[index] ?? 0) - low + 1) >>> 0;
    const value = (low + scaleHash(hash, count)) >>> 0;
    chosen.push(value);
    if (value !== highest[index]) free = true;
    // DNAT has just written its choice over the destination that is mixed in here.
    if (!range.persistent) hash = (hash ^ (manip === "DNAT" ? swapBytes(value) : word)) >>> 0;
  }
  const [a = 0, b = 0, c = 0, d = 0] = chosen;
  return { family: first.family, a, b, c, d };
}

function numbers({ family, a, b, c, d }: Address): readonly number[] {
  return family === 4 ? [a] : [a, b, c, d];
}

/** As the kernel reads them: network order on a little-endian machine. */
function words(address: Address): readonly number[] {
  return numbers(address).map(swapBytes);
}
