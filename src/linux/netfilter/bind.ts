import type { Ruleset, Table, TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { programOf } from "./program.ts";
import { type BoundChain, chainAt, tableImage } from "./table-image.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** A table of one host, ready to run: its chains at the hooks. */
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
  const programs = [...table.chains.values()].map((chain) => programOf(chain, family, backend));
  const image = tableImage(table.name, backend, programs);
  const hooks: Partial<Record<HookName, BoundChain>> = {};
  for (const [number, { chain }] of programs.entries()) {
    const name = HOOK_NAMES.find((hook) => hook === chain.name);
    if (name !== undefined && chain.policy !== null) hooks[name] = chainAt(image, image.places[number] ?? 0);
  }
  const result: BoundTable = { name: table.name, backend, hooks };
  bound.set(table, result);
  return result;
}
