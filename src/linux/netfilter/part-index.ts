import type { IpSet } from "../../model/ip-set.ts";
import { membersAtOf } from "../../model/members-at.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { buildIndex, type SetIndex } from "./set-index.ts";

/** Addresses that are looked up one by one before the whole set is compiled: from then on that is cheaper. */
const FEW = 64;

const parts = new WeakMap<IpSet, Map<number | string, SetIndex>>();

/**
 * The index of the members that may hold an address, of a set that can tell them without making the others: a packet asks about one
 * address of the thousands that a set of pods holds. Null where the whole set has to be compiled.
 */
export function partIndexOf(set: IpSet, address: Address): SetIndex | null {
  const find = membersAtOf(set);
  if (find === null || set.family !== address.family || /\b(?:timeout|counters)\b/.test(set.header)) return null;
  const known = parts.get(set) ?? new Map<number | string, SetIndex>();
  parts.set(set, known);
  const key = address.family === 4 ? address.a : formatAddress(address);
  const found = known.get(key);
  if (found !== undefined) return found;
  const members = known.size < FEW ? find(address) : null;
  if (members === null) return null;
  const { name, type, family, header, complete, origin } = set;
  const index = buildIndex({ name, type, family, header, members, complete, origin });
  if (index !== null) known.set(key, index);
  return index;
}
