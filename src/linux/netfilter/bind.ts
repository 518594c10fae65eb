import type { Ruleset, Table, TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type BoundChain, programOf } from "./program.ts";
import type { HookName } from "./verdict.ts";

/** A table of one host, ready to run: its chains at the hooks, with every jump resolved by name. */
export interface BoundTable {
  readonly name: TableName;
  readonly backend: "legacy" | "nft";
  readonly hooks: Readonly<Partial<Record<HookName, BoundChain>>>;
}

const bound = new WeakMap<Table, BoundTable>();

/** Joins the chains of a table, once per table object; chains themselves are compiled once however many tables share them. */
export function bindTable(table: Table, family: Family, backend: Ruleset["backend"]): BoundTable {
  const known = bound.get(table);
  if (known !== undefined && known.backend === backend) return known;
  const chains = new Map<string, BoundChain>();
  for (const chain of table.chains.values()) {
    const program = programOf(chain, family, backend);
    const { count, code, tests, calls, patterns, selectors } = program;
    chains.set(chain.name, {
      count,
      code,
      jumps: [],
      tests,
      calls,
      program,
      table: table.name,
      backend,
      patterns,
      selectors,
    });
  }
  for (const chain of chains.values()) {
    chain.jumps = chain.program.jumps.map((name) => chains.get(name) ?? null);
  }
  const hooks: Partial<Record<HookName, BoundChain>> = {};
  for (const name of ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] as const) {
    const chain = chains.get(name);
    if (chain !== undefined && chain.program.chain.policy !== null) hooks[name] = chain;
  }
  const result: BoundTable = { name: table.name, backend, hooks };
  bound.set(table, result);
  return result;
}
