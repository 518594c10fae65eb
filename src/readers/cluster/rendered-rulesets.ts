import { tellLeads } from "../../model/leads.ts";
import { tellLikeness } from "../../model/likeness.ts";
import { numberOf } from "../../model/object-number.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import type { RestoreChain, RestoreHook, RestoreRule, RestoreTable } from "../../model/restore-table.ts";
import {
  BUILT_IN_CHAINS,
  type Chain,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { readRuleText } from "../iptables/rule.ts";
import type { RuleScope } from "../iptables/rule-reading.ts";
import { type SharedParts, sharedParts } from "../iptables/shared-parts.ts";
import { readCommentedRules } from "./commented-rules.ts";
import { partlyLazyMap } from "./lazy-map.ts";

const TABLES: readonly TableName[] = ["raw", "mangle", "nat", "filter", "security"];

/** What the programs of a node write, in the order in which their rules stand in front: Felix, then kube-proxy. */
export type Programs = readonly { readonly ipv4: readonly RestoreTable[]; readonly ipv6: readonly RestoreTable[] }[];

/**
 * The rules of a node as iptables-save would show them: in the kernel's chains what the programs insert, the first one's on
 * top; the machine's own rules; what they append, the first one's last. Felix keeps its jumps on top and its own last rules at the
 * end (felix/iptables/table.go); kube-proxy puts its jumps in front once. All use the backend of the machine's iptables, which its own
 * rules tell; nft where there are none.
 */
export function renderedRulesets(
  programs: Programs,
  own: readonly Ruleset[],
  shared: SharedTables = sharedTables(),
): readonly Ruleset[] {
  const backend =
    own.some((ruleset) => ruleset.backend === "legacy") && !own.some((one) => one.backend === "nft") ? "legacy" : "nft";
  const others = own.filter((ruleset) => ruleset.backend !== backend);
  const rendered = ([4, 6] as const).map((family): Ruleset => {
    const machine = own.find((ruleset) => ruleset.family === family && ruleset.backend === backend);
    const tables = new Map<TableName, Table>();
    for (const name of TABLES) {
      const written = programs.flatMap(
        ({ ipv4, ipv6 }) => (family === 4 ? ipv4 : ipv6).find((one) => one.name === name) ?? [],
      );
      const table = tableOf(name, written, machine?.tables.get(name), family, shared);
      if (table !== null) tables.set(name, table);
    }
    return { family, backend, tables };
  });
  return [...rendered, ...others];
}

/** What a table is made of: equal texts, equal tables. */
function partsOf(written: readonly RestoreTable[], machine: Table | undefined): string {
  const ofTables = written.map((table) => {
    // programs that share the chains of a large table share the table too
    const parts = table.find !== undefined ? [table] : [...table.hooks.map(hookKey), ...table.chains];
    return parts.map((part) => (typeof part === "string" ? part : numberOf(part))).join(" ");
  });
  return [machine === undefined ? 0 : numberOf(machine), ...ofTables].join("|");
}

function hookKey({ chain, mode, rules }: RestoreHook): string {
  return `${chain} ${mode} ${rules.map(({ text }) => text).join("\n")}`;
}

/** What the nodes of one cluster have in common. */
export interface SharedTables {
  /** By their parts: they are bound once however many nodes have them. */
  readonly tables: Map<string, Table>;
  /** The kernel's chains of tables that differ elsewhere, by their parts: they are compiled once. */
  readonly builtIn: Map<string, Chain>;
  /** Of rules. */
  readonly parts: SharedParts;
}

export function sharedTables(): SharedTables {
  return { tables: new Map(), builtIn: new Map(), parts: sharedParts() };
}

function tableOf(
  name: TableName,
  written: readonly RestoreTable[],
  machine: Table | undefined,
  family: Family,
  shared: SharedTables,
): Table | null {
  if (written.length === 0) return machine ?? null;
  const key = `${family} ${name} ${partsOf(written, machine)}`;
  const known = shared.tables.get(key);
  if (known !== undefined) return known;
  const scope = { family, isChain, counters: null, shared: shared.parts };
  const made = joined(name, written, machine, scope, shared.builtIn);
  shared.tables.set(key, made);
  return made;
}

/** A chain of the kernel with what the programs insert and append there. */
function builtInChain(name: string, hooks: readonly RestoreHook[][], own: Chain | undefined, scope: Scope): Chain {
  const rules = (mode: RestoreHook["mode"], ofTables: readonly RestoreHook[][]): readonly Rule[] =>
    ofTables.flatMap((ofTable) => ofTable.flatMap((hook) => (hook.mode === mode ? hookRules(hook, scope) : [])));
  return {
    name,
    policy: own?.policy ?? "ACCEPT",
    rules: [...rules("insert", hooks), ...(own?.rules ?? []), ...rules("append", [...hooks].reverse())],
    counters: null,
    origin: own?.origin ?? NO_ORIGIN,
  };
}

function joined(
  name: TableName,
  written: readonly RestoreTable[],
  machine: Table | undefined,
  scope: Scope,
  builtIn: SharedTables["builtIn"],
): Table {
  const chains = new Map<string, Chain>();
  for (const chain of BUILT_IN_CHAINS[name]) {
    const own = machine?.chains.get(chain);
    const hooks = written.map((table) => table.hooks.filter((hook) => hook.chain === chain));
    const parts = hooks.map((ofTable) => ofTable.map(numberOf).join(" ")).join("|");
    const key = `${scope.family} ${name} ${chain} ${own === undefined ? 0 : numberOf(own)}|${parts}`;
    const made = builtIn.get(key) ?? builtInChain(chain, hooks, own, scope);
    builtIn.set(key, made);
    chains.set(chain, made);
  }
  for (const [chain, own] of machine?.chains ?? []) if (!chains.has(chain)) chains.set(chain, own);
  const all = (): ReadonlyMap<string, Chain> => {
    const every = new Map(chains);
    for (const table of written) for (const chain of table.chains) every.set(chain.name, chainOf(chain, scope));
    return every;
  };
  // where the machine itself names a program's chain, it may be one that no rule of the program leads to
  if (machine !== undefined && namesPrograms(machine)) return { name, chains: all() };
  const find = (chain: string): Chain | undefined => {
    if (!isChain(chain)) return undefined;
    for (const table of written) {
      const found = table.find === undefined ? chainNamed(table, chain) : table.find(chain);
      if (found !== undefined) return chainOf(found, scope);
    }
    return undefined;
  };
  return { name, chains: partlyLazyMap(chains, all, find) };
}

function namesPrograms({ chains }: Table): boolean {
  return [...chains].some(
    ([name, { rules }]) =>
      isChain(name) ||
      rules.some(({ target }) => (target?.kind === "jump" || target?.kind === "goto") && isChain(target.chain)),
  );
}

const byName = new WeakMap<RestoreTable, ReadonlyMap<string, RestoreChain>>();

function chainNamed(table: RestoreTable, name: string): RestoreChain | undefined {
  const known = byName.get(table) ?? new Map(table.chains.map((chain) => [chain.name, chain]));
  byName.set(table, known);
  return known.get(name);
}

/** Chains and hooks that many nodes have are parsed once. */
const parsedChains: Readonly<Record<Family, WeakMap<RestoreChain, Chain>>> = { 4: new WeakMap(), 6: new WeakMap() };
const parsedHooks: Readonly<Record<Family, WeakMap<RestoreHook, readonly Rule[]>>> = {
  4: new WeakMap(),
  6: new WeakMap(),
};

function hookRules(hook: RestoreHook, scope: Scope): readonly Rule[] {
  const known = parsedHooks[scope.family].get(hook);
  if (known !== undefined) return known;
  const rules = rulesOf(hook.rules, scope);
  parsedHooks[scope.family].set(hook, rules);
  return rules;
}

/** The rules are read when somebody looks at them: no packet meets most chains of a large cluster. */
function chainOf(chain: RestoreChain, scope: Scope): Chain {
  const known = parsedChains[scope.family].get(chain);
  if (known !== undefined) return known;
  let rules: readonly Rule[] | null = null;
  const made: Chain = {
    name: chain.name,
    policy: null,
    get rules() {
      rules ??=
        chain.commented === undefined ? rulesOf(chain.rules, scope) : readCommentedRules(chain.commented(), scope);
      return rules;
    },
    counters: null,
    origin: NO_ORIGIN,
  };
  if (chain.likeness !== undefined) tellLikeness(made, chain.likeness);
  if (chain.leads !== undefined) tellLeads(made, chain.leads);
  parsedChains[scope.family].set(chain, made);
  return made;
}

/** Programs jump to their own chains only: what is no verdict and no extension is one. */
const isChain = (name: string): boolean => /^(?:cali|KUBE|CNI)-/.test(name);

/** What the rules of all chains are read with. */
type Scope = Omit<RuleScope, "origin"> & { readonly shared: SharedParts };

function rulesOf(rules: readonly RestoreRule[], scope: Scope): readonly Rule[] {
  return rules.flatMap(({ text, origin }) => readRuleText(text, { ...scope, origin }).rules);
}
