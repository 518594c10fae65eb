import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originFile } from "../../model/origin.ts";
import { BUILT_IN_CHAINS, isTableName, type Ruleset, type TableName } from "../../model/ruleset.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines } from "../dump-text.ts";
import { sharedParts } from "../iptables/shared-parts.ts";
import { readBlock, type TableBlock } from "../iptables/table-block.ts";
import { isJsonDump } from "../json-fields.ts";
import { isIptablesChain } from "./iptables-chains.ts";
import { blocksOfJson } from "./json-blocks.ts";
import { parsePriority } from "./priority.ts";
import { addRule } from "./rule-line.ts";

export interface NftIptablesRules {
  /** One for each family that has tables of iptables-nft. */
  readonly rulesets: readonly Ruleset[];
  readonly findings: readonly Finding[];
}

const TABLE = /^table (ip6?) (raw|mangle|nat|filter|security) \{/;
const CHAIN = /^\s+chain (\S+) \{/;
const HOOK = /^type (\w+) hook (\w+) priority ([^;]+);(?: policy (accept|drop);)?/;
/** Lines in a chain that are no rules. */
const OTHER = /^(?:\}|comment |policy )/;

/**
 * The rules of iptables-nft in `nft [-j] list ruleset`, where nobody dumped iptables-nft-save. Lossy: what nft cannot print leaves the rule
 * in doubt, and comments are not there. JSON says less than the text.
 */
export function readNftIptablesRules(text: string, file: string, origins: OriginTable): NftIptablesRules {
  // the base chains' reader tells what is odd about the text
  const { lines } = dumpLines(text, file);
  const findings = dumpFindings(file);
  const context = { findings, origins, file: originFile(origins, file), shared: sharedParts() };
  // the base chains' reader says what is wrong with JSON, too
  const blocks = isJsonDump(lines) ? blocksOfJson(lines, findings) : blocksOfText(lines, findings);
  const tables = blocks.map((block) => ({ family: block.family, name: block.table, table: readBlock(block, context) }));
  const rulesets = ([4, 6] as const).flatMap((family): Ruleset[] => {
    const own = tables.filter((one) => one.family === family);
    return own.length === 0
      ? []
      : [{ family, backend: "nft", tables: new Map(own.map(({ name, table }) => [name, table])) }];
  });
  if (rulesets.length > 0) {
    findings.add(
      "lossy-dump",
      "warning",
      lines[0]?.number ?? 1,
      "The rules of iptables-nft are taken from nft list ruleset, which leaves out comments and what nft has no words for. Collect iptables-nft-save -c instead.",
    );
  }
  return { rulesets, findings: findings.list() };
}

/** The tables of iptables-nft in the text. */
function blocksOfText(lines: readonly DumpLine[], findings: DumpFindings): readonly TableBlock[] {
  const blocks: TableBlock[] = [];
  let block: TableBlock | null = null;
  let chain: string | null = null;
  let isNative = false;
  const close = (): void => {
    if (block !== null && !isNative) blocks.push(block);
    block = null;
  };
  for (const { number, text: line } of lines) {
    const heading = TABLE.exec(line);
    const chainHeading = CHAIN.exec(line);
    if (/^(?:table |\})/.test(line)) {
      close();
      isNative = false;
      chain = null;
      const name = heading?.[2] ?? "";
      if (isTableName(name)) block = opened(heading?.[1] === "ip6" ? 6 : 4, name, number);
      continue;
    }
    if (block === null) continue;
    if (chainHeading !== null) {
      chain = (chainHeading[1] ?? "").replace(/^"(.*)"$/, "$1");
      block.chains.push({ name: chain, policy: null, counters: null, line: number });
      continue;
    }
    const statement = line.trim();
    if (chain === null || statement === "") continue;
    if (statement === "}") chain = null;
    else if (statement.startsWith("type ")) isNative = !placed(statement, chain, block) || isNative;
    else if (!OTHER.test(statement)) addRule(statement, chain, number, block, findings);
  }
  close();
  return blocks;
}

function opened(family: 4 | 6, table: TableName, line: number): TableBlock {
  return { table, family, backend: "nft", line, chains: [], rules: [], gapBefore: false };
}

/** Gives a built-in chain its policy; false for a chain that iptables-nft would not hook there: the table is somebody else's. */
function placed(statement: string, chain: string, block: TableBlock): boolean {
  const hook = HOOK.exec(statement);
  const last = block.chains.pop();
  const priority = parsePriority(hook?.[3] ?? "", "ip");
  const family = block.family === 6 ? "ip6" : "ip";
  if (hook === null || last === undefined || priority === null) return false;
  const [, type = "", name = "", , policy = "accept"] = hook;
  block.chains.push({ ...last, policy: policy.toUpperCase() });
  return (
    BUILT_IN_CHAINS[block.table].includes(chain) &&
    isIptablesChain({ family, table: block.table, chain, type, hook: name, priority })
  );
}
