import type { Host } from "../../model/host.ts";
import { BUILT_IN_CHAINS, type Chain, type Ruleset, type Table, type TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";

/** `iptables`, `ip6tables-legacy`, `iptables-nft-restore`: family and backend; null: the machine's own. */
export function programOf(name: string): { readonly family: Family; readonly backend: Ruleset["backend"] | null } {
  const backend = name.includes("-legacy") ? "legacy" : name.includes("-nft") ? "nft" : null;
  return { family: name.startsWith("ip6") ? 6 : 4, backend };
}

/**
 * The rules that a program works on: those of the backend that it names, else of the one in use; where both are, nft, which is
 * what `iptables` is on today's distributions.
 */
export function rulesetOf(host: Host, family: Family, backend: Ruleset["backend"] | null): Ruleset {
  const own = host.rulesets.filter((one) => one.family === family);
  const used = own.filter((one) => one.tables.size > 0);
  const chosen =
    backend ?? (used.some((one) => one.backend === "nft") || used.length === 0 ? "nft" : (used[0]?.backend ?? "nft"));
  return own.find((one) => one.backend === chosen) ?? { family, backend: chosen, tables: new Map() };
}

/** A table of the ruleset; one that was not in use has the kernel's chains, empty. */
export function tableOf(ruleset: Ruleset, name: TableName): Table {
  const known = ruleset.tables.get(name);
  const chains = BUILT_IN_CHAINS[name].map((chain): [string, Chain] => [
    chain,
    { name: chain, policy: "ACCEPT", rules: [], counters: null, origin: 0 },
  ]);
  return known ?? { name, chains: new Map(chains) };
}

/** The host with tables of one ruleset replaced. */
export function withTables(host: Host, ruleset: Ruleset, tables: readonly Table[]): Host {
  const changed: Ruleset = {
    ...ruleset,
    tables: new Map([...ruleset.tables, ...tables.map((one) => [one.name, one] as const)]),
  };
  const rulesets = host.rulesets.includes(ruleset)
    ? host.rulesets.map((one) => (one === ruleset ? changed : one))
    : [...host.rulesets, changed];
  return { ...host, rulesets };
}
