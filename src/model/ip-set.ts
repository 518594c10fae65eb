import type { Address, Family } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import { layering } from "./layered-list.ts";
import type { Origin } from "./origin.ts";

/** One dimension of a set member. */
export type SetElement =
  | { readonly kind: "net"; readonly prefix: Prefix }
  | { readonly kind: "range"; readonly first: Address; readonly last: Address }
  | { readonly kind: "port"; readonly protocol: number | null; readonly first: number; readonly last: number }
  | { readonly kind: "icmp"; readonly protocol: number; readonly type: number; readonly code: number }
  | { readonly kind: "mac"; readonly mac: string }
  /** `wildcard`: the name is the start of one. */
  | { readonly kind: "interface"; readonly name: string; readonly physdev: boolean; readonly wildcard?: boolean }
  | { readonly kind: "mark"; readonly mark: number }
  /** A member of a list:set. */
  | { readonly kind: "set"; readonly name: string };

/** What `-j SET --map-set` gives to packets (`skbinfo`). */
export interface SetSkbInfo {
  readonly mark: { readonly value: number; readonly mask: number };
  /** `major:minor` in hexadecimal, as printed; null when absent. */
  readonly priority: string | null;
  readonly queue: number | null;
}

export interface SetMember {
  readonly elements: readonly SetElement[];
  readonly nomatch: boolean;
  /** Seconds left when dumped; null for a permanent member, 0 too. */
  readonly timeout: number | null;
  /** Of sets with `counters`, when dumped. */
  readonly counters?: { readonly packets: number; readonly bytes: number };
  readonly comment?: string;
  readonly skbInfo?: SetSkbInfo;
  readonly origin: Origin;
}

export interface IpSet {
  readonly name: string;
  /** `hash:net`, `hash:ip,port`, `list:set`, … */
  readonly type: string;
  /** Null for types without one (bitmap:port, list:set). */
  readonly family: Family | null;
  /** Options of the create line as written, without name, type and family: `hashsize 1024 maxelem 65536`. */
  readonly header: string;
  readonly members: readonly SetMember[];
  /** False when the dump says that members are missing. */
  readonly complete: boolean;
  readonly origin: Origin;
}

/** Members, each another one than the others, of a set that has most of them in common with those of other hosts (`IpSet.members`). */
export const layeredMembers = layering<SetMember>();
