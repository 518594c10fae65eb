import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { BUILT_IN_CHAINS } from "../../model/ruleset.ts";

/** Where iptables-nft hooks each table (iptables/nft.c xtables_ipv4); `security` stands at 150 in 1.8.9, not at the kernel's 50. */
const PRIORITIES: Readonly<Record<string, readonly number[]>> = {
  raw: [-300],
  mangle: [-150],
  filter: [0],
  security: [150, 50],
};

function prioritiesOf(table: string, chain: string): readonly number[] {
  if (table === "nat") return chain === "PREROUTING" || chain === "OUTPUT" ? [-100] : [100];
  return PRIORITIES[table] ?? [];
}

function typeOf(table: string, chain: string): string {
  if (table === "nat") return "nat";
  return table === "mangle" && chain === "OUTPUT" ? "route" : "filter";
}

/**
 * Whether iptables-nft owns the base chain, so that iptables-nft-save shows its rules: a chain of the built-in name in
 * the table of the built-in name, of the same type and at the same place.
 */
export function isIptablesChain(chain: Omit<NftBaseChain, "ruleCount" | "origin" | "policy">): boolean {
  if (chain.family !== "ip" && chain.family !== "ip6") return false;
  const tables: Readonly<Record<string, readonly string[]>> = BUILT_IN_CHAINS;
  const chains = Object.hasOwn(tables, chain.table) ? tables[chain.table] : undefined;
  return (
    chains?.includes(chain.chain) === true &&
    chain.hook === chain.chain.toLowerCase() &&
    prioritiesOf(chain.table, chain.chain).includes(chain.priority) &&
    chain.type === typeOf(chain.table, chain.chain)
  );
}
