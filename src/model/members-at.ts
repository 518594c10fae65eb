import type { Address } from "../net/address.ts";
import type { IpSet, SetMember } from "./ip-set.ts";

/** The members that begin with a network that holds the address, all of them; null: only all members of the set tell. */
export type MembersAt = (address: Address) => readonly SetMember[] | null;

const known = new WeakMap<IpSet, MembersAt>();

/** Tells of a set whose members are made when somebody asks for them how to find those at an address without making the others. */
export function findMembersBy(set: IpSet, find: MembersAt): void {
  known.set(set, find);
}

/** Null where nobody told. */
export function membersAtOf(set: IpSet): MembersAt | null {
  return known.get(set) ?? null;
}
