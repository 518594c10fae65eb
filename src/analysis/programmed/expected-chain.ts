import type { Origin } from "../../model/origin.ts";
import type { RestoreRule, RestoreTable } from "../../model/restore-table.ts";
import type { TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type ComparedRule, comparedRestoreRule } from "./compared-rule.ts";
import type { Program, ProgrammedNode } from "./programmed-cluster.ts";

/** A rule that ought to be in a chain. */
export interface ExpectedRule {
  readonly compared: ComparedRule;
  readonly origin: Origin;
  readonly program: Program;
}

/** The rules that programs ought to have written into a chain, their own or one of the kernel's; null: none owns or uses it. */
export function expectedChain(
  node: ProgrammedNode,
  family: Family,
  table: TableName,
  name: string,
): readonly ExpectedRule[] | null {
  let found = false;
  const rules: ExpectedRule[] = [];
  for (const one of node.tables) {
    if (one.family !== family) continue;
    for (const restore of one.tables) {
      if (restore.name !== table) continue;
      const chains = chainsOf(restore);
      const written = chains.get(name);
      if (written === undefined) continue;
      found = true;
      for (const rule of written.rules) {
        for (const compared of comparedRestoreRule(rule, family, table, (word) => chains.has(word))) {
          rules.push({ compared, origin: rule.origin, program: one.program });
        }
      }
    }
  }
  return found ? rules : null;
}

/** Rules of one chain; those of a program's own chain may be written when they are asked for. */
interface WrittenRules {
  readonly rules: readonly RestoreRule[];
}

const indexed = new WeakMap<RestoreTable, ReadonlyMap<string, WrittenRules>>();

/** The rules of a table by chain; what is inserted into a chain of the kernel comes before what is appended. */
export function chainsOf(table: RestoreTable): ReadonlyMap<string, WrittenRules> {
  const before = indexed.get(table);
  if (before !== undefined) return before;
  const chains = new Map<string, WrittenRules>();
  for (const mode of ["insert", "append"] as const) {
    for (const hook of table.hooks) {
      if (hook.mode !== mode) continue;
      chains.set(hook.chain, { rules: [...(chains.get(hook.chain)?.rules ?? []), ...hook.rules] });
    }
  }
  for (const chain of table.chains) chains.set(chain.name, chain);
  indexed.set(table, chains);
  return chains;
}
