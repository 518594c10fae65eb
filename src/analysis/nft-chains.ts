import type { Host } from "../model/host.ts";
import type { Chain, ChainTable, Rule } from "../model/ruleset.ts";
import type { Family } from "../net/address.ts";

/** A chain of nft's own, as a person wrote it: with the rules of both families, each once. */
export interface NftChain {
  /** That of its table; IPv4 for `inet`. */
  readonly family: Family;
  /** `inet filter`. */
  readonly table: string;
  readonly chain: Chain;
}

const known = new WeakMap<Host, readonly NftChain[]>();

/**
 * The chains of the modelled tables of nft's own. In the model each family has its own, and a rule with a set may be several; a person
 * counts as `nft -a list chain` does.
 */
export function nftChainsOf(host: Host): readonly NftChain[] {
  const found = known.get(host) ?? collect(host);
  known.set(host, found);
  return found;
}

function collect(host: Host): readonly NftChain[] {
  const tables = new Map<string, Readonly<Record<Family, ChainTable>>>();
  for (const { family, table, tables: modelled } of host.nftBaseChains) {
    if (modelled !== undefined) tables.set(`${family} ${table}`, modelled);
  }
  return [...tables].flatMap(([table, both]) => {
    const family: Family = table.startsWith("ip6 ") ? 6 : 4;
    const names = new Set([...both[4].chains.keys(), ...both[6].chains.keys()]);
    return [...names].flatMap((name) => {
      const chains = [both[family].chains.get(name), both[family === 4 ? 6 : 4].chains.get(name)];
      const [chain] = chains.filter((one) => one !== undefined);
      if (chain === undefined) return [];
      return { family, table, chain: { ...chain, rules: asWritten(chains.flatMap((one) => one?.rules ?? [])) } };
    });
  });
}

/** One for each rule of nft's, in the order of their numbers; what stands for no rule of its own is left out. */
function asWritten(rules: readonly Rule[]): readonly Rule[] {
  const byIndex = new Map<number, Rule>();
  for (const rule of rules) {
    const index = rule.nft?.index;
    if (index !== undefined && !byIndex.has(index)) byIndex.set(index, rule);
  }
  return [...byIndex].sort(([x], [y]) => x - y).map(([, rule]) => rule);
}
