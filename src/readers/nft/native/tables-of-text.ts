import { append } from "../../../model/append.ts";
import type { DumpLine } from "../../dump-text.ts";
import { isChainFamily } from "../found-chain.ts";
import { listed, type NativeChain, type NativeSet, type NativeTable, unquoted } from "./native-table.ts";

/** Something between braces that is no rule: its heading, and what stands in it. */
interface Block {
  readonly heading: string;
  readonly line: number;
  readonly statements: { readonly text: string; readonly line: number }[];
}

const TABLE = /^table (?:(\S+) )?(\S+)$/;
/** `define ADMIN = 10.9.9.0/24`, in a file that nft reads. */
const DEFINE = /^\s*define ([A-Za-z]\w*) = ([^#]+)/;
const CHAIN = /^chain (\S+)$/;
const SET = /^(?:set|map) (\S+)$/;
/** What opens a block; any other brace belongs to a statement. */
const OPENS = /^(?:table|chain|set|map|flowtable|counter|quota|limit|secmark|synproxy|ct \w+)(?: \S+){1,2}$/;
/** What stands in a chain and is no rule. */
const NO_RULE = /^(?:type \S+ hook |policy |comment |flags )/;

/**
 * The tables that `wanted` names, of `nft list ruleset`, or of a file that nft reads: one statement on a line or several behind
 * semicolons, sets over many lines.
 */
export function tablesOfText(
  lines: readonly DumpLine[],
  wanted: (family: string, name: string) => boolean,
): readonly NativeTable[] {
  const tables: NativeTable[] = [];
  let table: { readonly family: string; readonly name: string; readonly blocks: Block[] } | null = null;
  let block: Block | null = null;
  let text = "";
  let start = 0;
  let inside = 0;
  const statement = (): void => {
    const said = text.trim();
    text = "";
    if (said !== "" && block !== null) block.statements.push({ text: said.replace(/\s+/g, " "), line: start });
  };
  const defined = new Map<string, string>();
  for (const { number, text: written } of lines) {
    const definition = DEFINE.exec(written);
    if (definition !== null) defined.set(definition[1] ?? "", (definition[2] ?? "").trim());
    if (table === null && !/^\s*table /.test(written)) continue;
    const line = written.replace(/\$([A-Za-z]\w*)/g, (whole, name: string) => defined.get(name) ?? whole);
    for (const [piece = ""] of line.matchAll(/"[^"]*"|#.*|[{};]|[^"#{};]+/g)) {
      // nft before 1.0 prints what it has no words for as a comment
      if (piece.startsWith("#") && !/^# (?:xt_|match |target )/.test(piece)) break;
      if (inside > 0 || !/^[{};]$/.test(piece)) {
        if (text.trim() === "") start = number;
        text += piece;
        if (piece === "{") inside++;
        if (piece === "}") inside--;
        continue;
      }
      if (piece === "{") {
        const heading = text.trim().replace(/\s+/g, " ");
        const found = TABLE.exec(heading);
        if (table === null && found !== null) {
          table = { family: found[1] ?? "ip", name: unquoted(found[2] ?? ""), blocks: [] };
          text = "";
        } else if (table !== null && block === null && OPENS.test(heading)) {
          block = { heading, line: number, statements: [] };
          table.blocks.push(block);
          text = "";
        } else {
          text += piece;
          inside++;
        }
        continue;
      }
      statement();
      if (piece === ";") continue;
      if (block !== null) block = null;
      else if (table !== null) {
        if (wanted(table.family, table.name)) append(tables, tableOf(table));
        table = null;
      }
    }
    if (inside > 0) text += " ";
    else statement();
  }
  // a dump that was cut: what is there is there
  if (table !== null && wanted(table.family, table.name)) append(tables, tableOf(table));
  return tables;
}

function tableOf(table: {
  readonly family: string;
  readonly name: string;
  readonly blocks: readonly Block[];
}): readonly NativeTable[] {
  const { family, name, blocks } = table;
  if (!isChainFamily(family)) return [];
  const chains: NativeChain[] = [];
  const sets = new Map<string, NativeSet>();
  for (const { heading, line, statements } of blocks) {
    const chain = CHAIN.exec(heading);
    const set = SET.exec(heading);
    if (chain !== null) {
      const rules = statements.filter(({ text }) => !NO_RULE.test(text));
      chains.push({ name: unquoted(chain[1] ?? ""), line, rules });
    } else if (set !== null) {
      const texts = statements.map(({ text }) => text);
      const elements = texts.flatMap((one) => /^elements = \{(.*)\}$/.exec(one)?.[1] ?? []);
      sets.set(set[1] ?? "", {
        elements: elements.flatMap(listed),
        isDynamic: texts.some((one) => /^flags .*\b(?:dynamic|timeout)\b|^timeout /.test(one)),
      });
    }
  }
  return [{ family, name, chains, sets }];
}
