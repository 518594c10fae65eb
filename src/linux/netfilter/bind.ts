import type { ChainTable, Ruleset, Table, TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type BoundChain, chainAt, NOWHERE, placeOf, type TableImage, tableImage } from "./table-image.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** A table of one host, ready to run: its chains at the hooks. */
export interface BoundTable {
  readonly name: TableName;
  readonly backend: "legacy" | "nft";
  readonly hooks: Readonly<Partial<Record<HookName, BoundChain>>>;
}

const bound = new WeakMap<Table, BoundTable>();

/**
 * Makes a table ready, once per table object. Its built-in chains are compiled here, the others when a packet first comes to one; a
 * chain is compiled once however many tables share it.
 */
export function bindTable(table: Table, family: Family, backend: Ruleset["backend"]): BoundTable {
  const known = bound.get(table);
  if (known !== undefined && known.backend === backend) return known;
  const image = tableImage(table, family, backend);
  const hooks: Partial<Record<HookName, BoundChain>> = {};
  for (const name of HOOK_NAMES) {
    const policy = table.chains.get(name)?.policy ?? null;
    if (policy !== null) hooks[name] = chainAt(image, placeOf(image, name));
  }
  const result: BoundTable = { name: table.name, backend, hooks };
  bound.set(table, result);
  return result;
}

const images = new WeakMap<ChainTable, TableImage>();

/** The base chain of a table of nft's own, ready to run: all base chains of a table share its other chains. Null where it has none of that name. */
export function bindNftChain(table: ChainTable, name: string, family: Family): BoundChain | null {
  const image = images.get(table) ?? tableImage(table, family, "nft");
  images.set(table, image);
  const place = placeOf(image, name);
  return place === NOWHERE ? null : chainAt(image, place);
}
