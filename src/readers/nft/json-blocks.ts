import { isTableName } from "../../model/ruleset.ts";
import type { DumpFindings } from "../dump-findings.ts";
import type { DumpLine } from "../dump-text.ts";
import type { TableBlock } from "../iptables/table-block.ts";
import { type JsonObject, jsonElements, numberField, objectField, objectsField, textField } from "../json-fields.ts";
import { isIptablesChain } from "./iptables-chains.ts";
import { jsonStatements } from "./json-statements.ts";
import { parsePriority } from "./priority.ts";
import { addRule } from "./rule-line.ts";

/** A table while its chains and rules come. */
interface OpenTable {
  readonly block: TableBlock;
  /** It has a base chain that iptables-nft would not make: it is somebody else's. */
  isNative: boolean;
}

/** The tables of iptables-nft in `nft -j list ruleset`. */
export function blocksOfJson(lines: readonly DumpLine[], findings: DumpFindings): readonly TableBlock[] {
  const tables = new Map<string, OpenTable>();
  for (const { object, line, raw } of jsonElements(lines, findings)) {
    const items = objectsField(object, "nftables");
    const isPretty = raw.includes("\n");
    const places = isPretty ? itemLines(raw, line) : [];
    let index = 0;
    for (const item of items) {
      const chain = objectField(item, "chain");
      const rule = objectField(item, "rule");
      const place = chain === null && rule === null ? line : (places[index++] ?? line);
      const open = openTable(chain ?? rule, place, tables);
      if (open === null) continue;
      if (chain !== null) addChain(chain, place, open);
      else if (rule !== null) {
        const name = textField(rule, "chain") ?? "";
        addRule(jsonStatements(objectsField(rule, "expr")), name, place, open.block, findings);
      }
    }
  }
  return [...tables.values()].filter(({ isNative }) => !isNative).map(({ block }) => block);
}

function openTable(item: JsonObject | null, line: number, tables: Map<string, OpenTable>): OpenTable | null {
  if (item === null) return null;
  const family = textField(item, "family");
  const table = textField(item, "table") ?? "";
  if ((family !== "ip" && family !== "ip6") || !isTableName(table)) return null;
  const key = `${family} ${table}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const open: OpenTable = {
    block: {
      table,
      family: family === "ip" ? 4 : 6,
      backend: "nft",
      line,
      chains: [],
      rules: [],
      gapBefore: false,
    },
    isNative: false,
  };
  tables.set(key, open);
  return open;
}

function addChain(chain: JsonObject, line: number, open: OpenTable): void {
  const { block } = open;
  const name = textField(chain, "name") ?? "";
  const hook = textField(chain, "hook");
  if (hook === null) {
    block.chains.push({ name, policy: null, counters: null, line });
    return;
  }
  const family = block.family === 4 ? "ip" : "ip6";
  const priority = numberSigned(chain, family);
  const type = textField(chain, "type") ?? "";
  if (priority === null || !isIptablesChain({ family, table: block.table, chain: name, type, hook, priority })) {
    open.isNative = true;
  }
  const policy = textField(chain, "policy") ?? "accept";
  block.chains.push({ name, policy: policy.toUpperCase(), counters: null, line });
}

function numberSigned(chain: JsonObject, family: "ip" | "ip6"): number | null {
  return numberField(chain, "prio") ?? parsePriority(textField(chain, "prio") ?? "", family);
}

/** Where chains and rules begin; in a rule, the chain is named by a text. */
export function itemLines(raw: string, first: number): readonly number[] {
  const lines: number[] = [];
  let line = first;
  let from = 0;
  for (const match of raw.matchAll(/"(?:chain|rule)"\s*:\s*\{/g)) {
    for (let at = raw.indexOf("\n", from); at >= 0 && at < match.index; at = raw.indexOf("\n", at + 1)) {
      line++;
      from = at + 1;
    }
    lines.push(line);
  }
  return lines;
}
