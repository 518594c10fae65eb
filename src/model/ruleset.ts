import type { Address, Family } from "../net/address.ts";
import type { Origin } from "./origin.ts";

/**
 * Match extensions by name. Empty here: each file of `linux/netfilter/matches/` augments it with the shape of its
 * own options, so that a rule's matches are one discriminated union and nothing is cast.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging, one member per extension file
export interface Matches {}

/** Target extensions by name; augmented by each file of `linux/netfilter/targets/`. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging, one member per extension file
export interface Targets {}

/** A match as it stands in a rule: the extension's name and its parsed options. */
export type Match<K extends keyof Matches = keyof Matches> = {
  [P in K]: { readonly name: P; readonly options: Matches[P] };
}[K];

/** A target extension as it stands in a rule. */
export type TargetCall<K extends keyof Targets = keyof Targets> = {
  [P in K]: { readonly name: P; readonly options: Targets[P] };
}[K];

export type Target =
  | { readonly kind: "verdict"; readonly verdict: "ACCEPT" | "DROP" | "RETURN" }
  | { readonly kind: "jump"; readonly chain: string }
  | { readonly kind: "goto"; readonly chain: string }
  | { readonly kind: "extension"; readonly call: TargetCall };

/** `-s`/`-d`: the mask need not be contiguous. */
export interface AddressSelector {
  readonly address: Address;
  readonly mask: Address;
  readonly invert: boolean;
}

/** `-i`/`-o`; a trailing `+` in the pattern matches any suffix. */
export interface InterfaceSelector {
  readonly pattern: string;
  readonly invert: boolean;
}

export interface Counters {
  readonly packets: number;
  readonly bytes: number;
}

export interface Rule {
  readonly source: AddressSelector | null;
  readonly destination: AddressSelector | null;
  readonly inInterface: InterfaceSelector | null;
  readonly outInterface: InterfaceSelector | null;
  /** `-p`; protocol 0 (any) is stored as null. */
  readonly protocol: { readonly number: number; readonly invert: boolean } | null;
  /** `-f`: second and further fragments. */
  readonly fragment: { readonly invert: boolean } | null;
  /** In the order written; comments are matches too. */
  readonly matches: readonly Match[];
  /** Null for a rule without `-j`: it counts and goes on. */
  readonly target: Target | null;
  readonly counters: Counters | null;
  readonly origin: Origin;
  /** Of a rule of nft's own: what it says. */
  readonly nft?: NftText;
}

/** How nft prints a rule that is modelled in iptables' terms. Several rules may stand for one of nft's: one for each member of a set. */
export interface NftText {
  /** `tcp dport { 22, 80 } accept`. */
  readonly text: string;
  /** From 1, in its chain. */
  readonly index: number;
}

/** A rule that matches everything and does nothing; give what differs. */
export function rule(fields: Partial<Rule>): Rule {
  return {
    source: null,
    destination: null,
    inInterface: null,
    outInterface: null,
    protocol: null,
    fragment: null,
    matches: [],
    target: null,
    counters: null,
    origin: 0,
    ...fields,
  };
}

export interface Chain {
  readonly name: string;
  /** Null for user-defined chains. */
  readonly policy: "ACCEPT" | "DROP" | null;
  readonly rules: readonly Rule[];
  readonly counters: Counters | null;
  readonly origin: Origin;
  /** Of a base chain of nft's own: `type filter hook input priority filter; policy drop;`. */
  readonly nft?: string;
}

export type TableName = "raw" | "mangle" | "nat" | "filter" | "security";

/** Chains that jump to each other. */
export interface ChainTable {
  /** `filter`; of a table of nft's own with its family: `inet filter`. */
  readonly name: string;
  /** By name, in the order declared. */
  readonly chains: ReadonlyMap<string, Chain>;
}

export interface Table extends ChainTable {
  readonly name: TableName;
}

/** All tables of one family in one backend. Legacy and nft rules both run, each on its own. */
export interface Ruleset {
  readonly family: Family;
  readonly backend: "legacy" | "nft";
  readonly tables: ReadonlyMap<TableName, Table>;
}

/** Chains that the kernel calls at its hooks, per table. */
export const BUILT_IN_CHAINS: Readonly<Record<TableName, readonly string[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
};

/** Whether the kernel has a table of that name (in iptables' words). */
export function isTableName(name: string): name is TableName {
  return Object.hasOwn(BUILT_IN_CHAINS, name);
}
