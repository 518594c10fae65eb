import type { DumpFindings } from "../dump-findings.ts";
import { type DumpLine, quote } from "../dump-text.ts";
import { type FoundChain, isChainFamily } from "./found-chain.ts";
import { parsePriority } from "./priority.ts";

const TABLE = /^table (\S+) (\S+) \{/;
const CHAIN = /^chain (\S+) \{/;
const HOOK = /^type (\S+) hook (\S+)(?: devices? (?:= )?(\{[^}]*\}|\S+))? priority ([^;]+);/;
const POLICY = /\bpolicy (accept|drop);/;

/** What stands between tables in a file that nft reads. */
const OF_FILES = /^(?:flush ruleset|define \S+ = |(?:add|delete|destroy|flush) table )/;

/** No line that a person wrote is longer. */
const LONGEST = 8_000;

/** The statements of a line, as a person may write a chain: `chain input { type … priority 0; policy drop; accept; }`. */
function apart(line: DumpLine): readonly DumpLine[] {
  if (line.text.length > LONGEST || !/\b(?:table|chain) .*\{\s*[^\s#]/.test(line.text)) return [line];
  const text = line.text.replace(/\b((?:table|chain) [^{};]+\{)\s*/g, "$1\n").replace(/;\s*(?!policy |\s)/g, ";\n");
  return text.split("\n").map((piece) => ({ ...line, text: piece }));
}

/** A chain while its lines are read. */
interface ChainDraft {
  readonly name: string;
  readonly line: number;
  base: Pick<FoundChain, "type" | "hook" | "devices" | "priority" | "policy"> | null;
  ruleCount: number;
}

/**
 * Base chains in the output of `nft list ruleset`. Only braces, headings and the `type … hook …` lines are read: every
 * other statement that starts in a chain is a rule.
 */
export function chainsOfText(lines: readonly DumpLine[], findings: DumpFindings): readonly FoundChain[] {
  const found: FoundChain[] = [];
  let depth = 0;
  let table: { readonly family: string; readonly name: string; readonly line: number } | null = null;
  let chain: ChainDraft | null = null;
  for (const { number, text } of lines.flatMap(apart)) {
    const line = withoutComment(text.trim());
    if (depth === 0) {
      const heading = TABLE.exec(line);
      if (heading !== null) table = { family: heading[1] ?? "", name: unquoted(heading[2] ?? ""), line: number };
      else if (line !== "" && !OF_FILES.test(line)) {
        findings.add("unknown-line", "warning", number, `Not a line of nft list ruleset: ${quote(text)}.`, {
          expected: "table FAMILY NAME {",
        });
        continue;
      }
    } else if (depth === 1 && table !== null) {
      const heading = CHAIN.exec(line);
      if (heading !== null) chain = { name: unquoted(heading[1] ?? ""), line: number, base: null, ruleCount: 0 };
    } else if (depth === 2 && table !== null && chain !== null)
      readStatement(line, text, number, table.family, chain, findings);
    depth = Math.max(0, depth + braces(line));
    if (depth === 1 && chain !== null && table !== null) {
      if (chain.base !== null && isChainFamily(table.family)) {
        found.push({
          ...chain.base,
          family: table.family,
          table: table.name,
          chain: chain.name,
          ruleCount: chain.ruleCount,
          line: chain.line,
        });
      }
      chain = null;
    }
  }
  if (depth > 0) reportCut(found, table, chain, findings);
  return found;
}

function readStatement(
  line: string,
  text: string,
  number: number,
  family: string,
  chain: ChainDraft,
  findings: DumpFindings,
): void {
  if (line.startsWith("type ") && chain.base === null) {
    const hook = HOOK.exec(line);
    const priority = parsePriority(hook?.[4] ?? "", family);
    if (hook === null || priority === null) {
      findings.add(
        "bad-chain",
        "warning",
        number,
        `The place of chain ${chain.name} is not understood: ${quote(text)}.`,
        {
          expected: "type TYPE hook HOOK priority PRIORITY; policy POLICY;",
        },
      );
      return;
    }
    const policy = POLICY.exec(line)?.[1] === "drop" ? "drop" : "accept";
    const devices = hook[3]?.match(/[^\s{},"]+/g) ?? null;
    chain.base = {
      type: hook[1] ?? "",
      hook: hook[2] ?? "",
      ...(devices === null ? {} : { devices }),
      priority,
      policy,
    };
    return;
  }
  // Versions before 1.0 print rules of iptables-nft as comments: `# xt_set`.
  const commentedRule = /^# (?:xt_|match |target )/.test(text.trim());
  if ((line !== "" && !line.startsWith("}") && !line.startsWith("comment ")) || commentedRule) chain.ruleCount++;
}

/** A chain whose end is missing still stands at its hook. */
function reportCut(
  found: FoundChain[],
  table: { readonly family: string; readonly name: string; readonly line: number } | null,
  chain: ChainDraft | null,
  findings: DumpFindings,
): void {
  findings.add(
    "truncated-dump",
    "warning",
    table?.line ?? 0,
    `Table ${table?.name ?? ""} has no closing brace: its end is missing.`,
    {
      expected: "}",
      advice: "Collect this file again.",
    },
  );
  if (table === null || chain === null || chain.base === null || !isChainFamily(table.family)) return;
  const { base, name, ruleCount, line } = chain;
  found.push({ ...base, family: table.family, table: table.name, chain: name, ruleCount, line });
}

/** Opening less closing braces outside of quotes. */
function braces(line: string): number {
  let sum = 0;
  let quoted = false;
  for (const c of line) {
    if (c === '"') quoted = !quoted;
    else if (!quoted && c === "{") sum++;
    else if (!quoted && c === "}") sum--;
  }
  return sum;
}

function withoutComment(line: string): string {
  const hash = line.indexOf("#");
  if (hash < 0) return line;
  if (!line.slice(0, hash).includes('"')) return line.slice(0, hash).trimEnd();
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '"') quoted = !quoted;
    else if (line[i] === "#" && !quoted) return line.slice(0, i).trimEnd();
  }
  return line;
}

function unquoted(name: string): string {
  return name.startsWith('"') && name.endsWith('"') && name.length > 1 ? name.slice(1, -1) : name;
}
