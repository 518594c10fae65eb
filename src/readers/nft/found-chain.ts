import type { NftBaseChain } from "../../model/nft-base-chain.ts";

/** A base chain with the line it stands on, from 1. */
export interface FoundChain extends Omit<NftBaseChain, "origin"> {
  readonly line: number;
}

const FAMILIES: ReadonlySet<string> = new Set(["ip", "ip6", "inet", "netdev", "bridge", "arp"]);

export function isChainFamily(family: string): family is NftBaseChain["family"] {
  return FAMILIES.has(family);
}
