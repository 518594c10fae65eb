import type { Finding } from "../../model/finding.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { isJsonDump } from "../json-fields.ts";
import type { FoundChain } from "./found-chain.ts";
import { isIptablesChain } from "./iptables-chains.ts";
import { type ChainTables, chainTables } from "./native/chain-tables.ts";
import type { NativeTable } from "./native/native-table.ts";
import { tablesOfJson } from "./native/tables-of-json.ts";
import { tablesOfText } from "./native/tables-of-text.ts";
import { chainsOfJson } from "./ruleset-json.ts";
import { chainsOfText } from "./ruleset-text.ts";

export interface NftRuleset {
  /** Base chains that iptables-nft-save does not show, in the order of the dump. */
  readonly baseChains: readonly NftBaseChain[];
  readonly findings: readonly Finding[];
}

/**
 * Reads `nft list ruleset` or `nft -j list ruleset` as far as packets meet tables that nft itself made: firewalld, kube-proxy and
 * Calico in nftables mode, a hand-written firewall. Chains of iptables-nft are left to its own dump, which loses nothing.
 */
export function readNftBaseChains(
  input: { readonly text: string; readonly file: string },
  origins: OriginTable,
): NftRuleset {
  const { lines, findings: first } = dumpLines(input.text, input.file);
  const findings = dumpFindings(input.file, first);
  const file = originFile(origins, input.file);
  const isJson = isJsonDump(lines);
  const found = isJson ? chainsOfJson(lines, findings) : chainsOfText(lines, findings);
  const tables = (wanted: (family: string, name: string) => boolean): readonly NativeTable[] =>
    isJson ? tablesOfJson(lines, wanted) : tablesOfText(lines, wanted);
  const native = found.filter((chain) => !isIptablesChain(chain));
  const baseChains: NftBaseChain[] = [];
  for (const [name, bases] of byTable(native)) {
    const [{ line = 1 } = {}] = bases;
    const isModelled = bases.every(({ family }) => family === "inet" || family === "ip" || family === "ip6");
    const [table] = isModelled ? tables((family, wanted) => `${family} ${wanted}` === name) : [];
    const read = table === undefined ? null : chainTables(table, bases, origins, file);
    tell(name, line, read, findings);
    for (const { line: at, ...chain } of bases) {
      const origin = originAt(origins, file, at);
      baseChains.push(read === null ? { ...chain, origin } : { ...chain, tables: read.tables, origin });
    }
  }
  const command = isJson ? undefined : lines.find(({ text }) => COMMAND.test(text));
  if (command !== undefined) baseChains.push(...unreadChains(command, originAt(origins, file, command.number)));
  return { baseChains, findings: findings.list() };
}

/** What a file for `nft -f` may say besides its tables, and that makes rules: other files, and commands that change chains and sets. */
const COMMAND =
  /^\s*(?:include\s|(?:add|insert|create|replace|delete|destroy|flush)\s+(?:rule|chain|set|map|element)\b)/;

/** Rules that nobody read may stand at each hook of a filter. */
function unreadChains({ text }: { readonly text: string }, origin: NftBaseChain["origin"]): readonly NftBaseChain[] {
  return ["input", "forward", "output"].map((hook) => ({
    family: "inet",
    table: `made by ${quote(text.trim())} and the like`,
    chain: hook,
    type: "filter",
    hook,
    priority: 0,
    policy: "accept",
    ruleCount: 1,
    origin,
  }));
}

function byTable(chains: readonly FoundChain[]): ReadonlyMap<string, readonly FoundChain[]> {
  const tables = new Map<string, FoundChain[]>();
  for (const chain of chains) {
    const name = `${chain.family} ${chain.table}`;
    const known = tables.get(name);
    if (known === undefined) tables.set(name, [chain]);
    else known.push(chain);
  }
  return tables;
}

/** Says how much of a table of nft's own is modelled. */
function tell(name: string, line: number, read: ChainTables | null, findings: DumpFindings): void {
  const rules = (count: number): string => (count === 1 ? "one of its rules" : `${count} of its rules`);
  if (read === null) {
    const message = `Table ${name} belongs to nftables itself; its rules are not modelled.`;
    findings.add("native-nft-table", "info", line, message);
    return;
  }
  const [first] = read.unread;
  if (first === undefined) return;
  findings.add(
    "native-nft-table",
    "info",
    first.line,
    `Table ${name} belongs to nftables itself; ${rules(read.unread.length)} podpath does not model, the first of which is ${quote(first.text)}. Where a packet comes to one, the answer is uncertain.`,
  );
}
