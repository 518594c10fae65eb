import { dumpFindings } from "../../dump-findings.ts";
import type { DumpLine } from "../../dump-text.ts";
import { type JsonObject, jsonElements, objectField, objectsField, textField } from "../../json-fields.ts";
import { isChainFamily } from "../found-chain.ts";
import { itemLines } from "../json-blocks.ts";
import { jsonStatements, jsonWord } from "../json-statements.ts";
import type { NativeChain, NativeSet, NativeTable } from "./native-table.ts";

/** A table while its chains and sets come. */
interface OpenTable extends NativeTable {
  readonly chains: NativeChain[];
  readonly sets: Map<string, NativeSet>;
}

/** The tables that `wanted` names, of `nft -j list ruleset`; a rule is told as the text would have it. */
export function tablesOfJson(
  lines: readonly DumpLine[],
  wanted: (family: string, name: string) => boolean,
): readonly NativeTable[] {
  const tables = new Map<string, OpenTable>();
  // what is odd about the text was told by whoever looked for base chains
  for (const { object, line, raw } of jsonElements(lines, dumpFindings(""))) {
    const places = raw.includes("\n") ? itemLines(raw, line) : [];
    let index = 0;
    for (const item of objectsField(object, "nftables")) {
      const chain = objectField(item, "chain");
      const rule = objectField(item, "rule");
      const set = objectField(item, "set") ?? objectField(item, "map");
      const place = chain === null && rule === null ? line : (places[index++] ?? line);
      const own = chain ?? rule ?? set;
      const family = own === null ? "" : (textField(own, "family") ?? "");
      const name = own === null ? "" : (textField(own, "table") ?? "");
      if (own === null || !isChainFamily(family) || !wanted(family, name)) continue;
      const key = `${family} ${name}`;
      const table: OpenTable = tables.get(key) ?? { family, name, chains: [], sets: new Map() };
      tables.set(key, table);
      if (chain !== null) table.chains.push({ name: textField(chain, "name") ?? "", line: place, rules: [] });
      else if (set !== null) table.sets.set(textField(set, "name") ?? "", setOf(set));
      else if (rule !== null) {
        const into = table.chains.find((one) => one.name === textField(rule, "chain"));
        into?.rules.push({ text: jsonStatements(objectsField(rule, "expr")), line: place });
      }
    }
  }
  return [...tables.values()];
}

function setOf(set: JsonObject): NativeSet {
  const { elem, flags } = set;
  const named = Array.isArray(flags) ? flags : [flags];
  return {
    elements: Array.isArray(elem) ? elem.map((one) => jsonWord(one) ?? "?") : [],
    isDynamic: named.includes("dynamic") || named.includes("timeout") || "timeout" in set,
  };
}
