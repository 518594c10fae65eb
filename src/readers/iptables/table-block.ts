import { append } from "../../model/append.ts";
import { misspelt } from "../../model/nearest.ts";
import { type Origin, type OriginTable, originAt } from "../../model/origin.ts";
import {
  BUILT_IN_CHAINS,
  type Chain,
  type Counters,
  type Match,
  type Rule,
  type Table,
  type TableName,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { DumpFindings } from "../dump-findings.ts";
import { quote } from "../dump-text.ts";
import { type KnownRule, type KnownRules, meansTheSame, rememberRule, ruleAgain } from "./known-rules.ts";
import { reportChainName } from "./refusals.ts";
import { readRule } from "./rule.ts";
import { MISSING, type RuleProblem, type RuleReading } from "./rule-reading.ts";
import type { SharedParts } from "./shared-parts.ts";
import { splitWords, type Word } from "./words.ts";
import { type Continuation, joinedLines } from "./wrapped-line.ts";

export interface ChainLine {
  readonly name: string;
  /** `-` for user-defined chains, null when only `iptables -S` named it. */
  readonly policy: string | null;
  readonly counters: Counters | null;
  readonly line: number;
}

export interface RuleLine {
  /** From `-A` on. */
  readonly text: string;
  /** Column at which `text` starts, from 1. */
  readonly column: number;
  readonly counters: Counters | null;
  readonly line: number;
  /** Pieces broken off its end; null when it stands on one line. */
  continuations: Continuation[] | null;
  /** The end of the line is missing. */
  readonly cut: boolean;
  /** Lines were left out after this one. */
  gapAfter: boolean;
  /** Of a rule of which something is not known: what. Null where all of it is. Absent: the line is as iptables-save prints it. */
  readonly missing?: string | null;
}

/** The lines from `*table` to `COMMIT`, or of one `iptables -S`. */
export interface TableBlock {
  readonly table: TableName;
  readonly family: Family;
  readonly backend: "legacy" | "nft";
  readonly line: number;
  readonly chains: ChainLine[];
  readonly rules: RuleLine[];
  /** Lines were left out before the first rule. */
  gapBefore: boolean;
}

interface ChainDraft {
  readonly name: string;
  readonly policy: Chain["policy"];
  readonly counters: Counters | null;
  readonly origin: Origin;
  readonly rules: Rule[];
}

/** Where a block's findings and origins go. */
export interface BlockContext {
  readonly findings: DumpFindings;
  readonly origins: OriginTable;
  /** Number of the file in the table of origins. */
  readonly file: number;
  readonly shared: SharedParts;
  /** Rules of other dumps, where several are read. */
  readonly known?: KnownRules;
  /** User-defined chains of the table that are read another time. */
  readonly declared?: ReadonlySet<string>;
}

/** Makes the table of a block; damaged lines become findings and rules whose effect is unknown. */
export function readBlock(block: TableBlock, context: BlockContext): Table {
  return new BlockReader(block, context).read();
}

class BlockReader {
  private readonly chains = new Map<string, ChainDraft>();
  /** Their names in the order declared. */
  private readonly order: string[] = [];
  /** Chains before this one have had their gaps: rules come in the order of chains. */
  private gapsFrom = 0;
  private hintsLeft = 20;
  /** Names of chains that only rules tell of. */
  private readonly undeclared = new Set<string>();
  private readonly builtIn: ReadonlySet<string>;
  private readonly block: TableBlock;
  private readonly context: BlockContext;

  constructor(block: TableBlock, context: BlockContext) {
    this.block = block;
    this.context = context;
    this.builtIn = new Set(BUILT_IN_CHAINS[block.table]);
  }

  read(): Table {
    for (const line of this.block.chains) this.declare(line);
    const { rules } = this.block;
    const known = this.context.known?.family[this.block.family] ?? null;
    const again = known === null ? null : rules.map((rule) => (isWhole(rule) ? (known.get(rule.text) ?? null) : null));
    const owners = rules.map(({ text }, index) => again?.[index]?.chain ?? chainOf(text));
    for (const name of owners) if (name !== null && !this.chains.has(name)) this.undeclared.add(name);
    if (this.block.gapBefore) this.markGap(null, owners[0] ?? null, this.block.line);
    for (const [index, rule] of rules.entries()) {
      this.addRule(rule, owners[index] ?? null, again?.[index] ?? null);
      if (rule.gapAfter) this.markGap(owners[index] ?? null, owners[index + 1] ?? null, rule.line);
    }
    return { name: this.block.table, chains: this.chains };
  }

  private declare({ name, policy, counters, line }: ChainLine): void {
    const { findings } = this.context;
    if (this.chains.has(name)) {
      findings.add("repeated-chain", "warning", line, `Chain ${name} is declared twice; the first line counts.`);
      return;
    }
    let kept: Chain["policy"] = null;
    if (this.builtIn.has(name)) {
      kept = policy === "DROP" ? "DROP" : "ACCEPT";
      if (policy !== "ACCEPT" && policy !== "DROP") {
        findings.add(
          "bad-policy",
          "warning",
          line,
          `Chain ${name} has the policy "${policy ?? ""}"; ACCEPT is assumed.`,
          {
            expected: "ACCEPT or DROP",
          },
        );
      }
    } else if (policy !== "-" && policy !== null) {
      findings.add(
        "bad-policy",
        "warning",
        line,
        `Chain ${name} is not built into table ${this.block.table} and cannot have the policy ${policy}.`,
        { expected: "-" },
      );
    }
    reportChainName({ name, policy, counters, line }, this.block, this.context);
    this.order.push(name);
    this.chains.set(name, { name, policy: kept, counters, origin: this.originOf(line), rules: [] });
  }

  private addRule(line: RuleLine, name: string | null, again: KnownRule | null): void {
    if (again !== null && meansTheSame(again, this.isChain)) {
      const origin = this.originOf(line.line);
      const chain = this.chains.get(again.chain) ?? this.declareImplicitly(again.chain, line);
      for (const rule of again.rules) chain.rules.push(ruleAgain(rule, line.counters, origin));
      return;
    }
    if (name === null) {
      this.context.findings.add("bad-rule", "warning", line.line, "No chain after -A.", {
        column: line.column,
        expected: "-A CHAIN",
      });
      return;
    }
    const { reading: read, words } = this.bestReading(line);
    const reading =
      line.missing == null ? read : { ...read, rules: read.rules.map((rule) => this.doubted(rule, line)) };
    const chain = this.chains.get(name) ?? this.declareImplicitly(name, line);
    for (const problem of reading.problems) this.report(problem, line);
    if (words[0]?.text === "-I" || words[0]?.text === "--insert") {
      chain.rules.splice(insertPosition(words, chain.rules.length), 0, ...reading.rules);
      return;
    }
    append(chain.rules, reading.rules);
    const { known } = this.context;
    if (known !== undefined && isWhole(line) && words[1]?.text === name)
      rememberRule(known, this.block.family, line.text, name, line.counters, reading);
  }

  /**
   * Puts a rule that nobody knows into every chain that lines left out may belong to: iptables-save prints the rules
   * chain by chain, in the order of the chains' own lines. Null stands for the first and for the last chain.
   */
  private markGap(after: string | null, before: string | null, line: number): void {
    const from = after === null ? 0 : this.order.indexOf(after, this.gapsFrom);
    const to = before === null ? this.order.length - 1 : this.order.indexOf(before, this.gapsFrom);
    const affected = from >= 0 && from <= to ? this.order.slice(from, to + 1) : [after, before];
    if (from >= 0 && from <= to) this.gapsFrom = from;
    for (const name of affected) {
      const gap = this.readWords([{ text: MISSING, column: 1, quoted: false }], null, line);
      if (name !== null) this.chains.get(name)?.rules.push(...gap.rules);
    }
  }

  private declareImplicitly(name: string, line: RuleLine): ChainDraft {
    const builtIn = this.builtIn.has(name);
    const like = builtIn ? null : this.likeChain(name);
    this.context.findings.add(
      "undeclared-chain",
      "warning",
      line.line,
      builtIn
        ? `Chain ${name} has no line with its policy; ACCEPT is assumed.`
        : `Chain ${name} is not declared in table ${this.block.table}.`,
      {
        expected: `:${name} ${builtIn ? "ACCEPT" : "-"} [0:0]`,
        advice: like === null ? "Collect the whole table again." : `Did you mean ${like}?`,
      },
    );
    const chain: ChainDraft = {
      name,
      policy: builtIn ? "ACCEPT" : null,
      counters: null,
      origin: this.originOf(line.line),
      rules: [],
    };
    this.order.push(name);
    this.chains.set(name, chain);
    return chain;
  }

  /** The rule's words; for a wrapped rule, those of the joined line with the fewest problems. */
  private bestReading(line: RuleLine): { readonly reading: RuleReading; readonly words: readonly Word[] } {
    const split = splitWords(line.text);
    const alone = { words: split.words, reading: this.readLine(line, split.words) };
    if (line.continuations === null) return alone;
    const { findings } = this.context;
    const pieces = line.continuations.map(({ text }) => text);
    let best: { readonly words: readonly Word[]; readonly reading: RuleReading } | null = null;
    for (const text of joinedLines(line.text, pieces)) {
      const { words } = splitWords(text);
      const reading = this.readLine(line, words);
      if (best === null || wrongs(reading) < wrongs(best.reading)) best = { words, reading };
    }
    if (best !== null && (wrongs(best.reading) <= wrongs(alone.reading) || split.openQuote)) {
      findings.add(
        "wrapped-line",
        "info",
        line.line,
        `This rule was broken into ${pieces.length + 1} lines; they were joined.`,
      );
      return best;
    }
    for (const { line: number, text } of line.continuations) unknownLine(findings, number, text);
    return alone;
  }

  private readLine(line: RuleLine, words: readonly Word[]): RuleReading {
    const inserted = words[0]?.text === "-I" || words[0]?.text === "--insert";
    const rest = words.slice(inserted && /^\d+$/.test(words[2]?.text ?? "") ? 3 : 2);
    return this.readWords(
      line.cut ? [...rest, { text: MISSING, column: line.text.length, quoted: false }] : rest,
      line.counters,
      line.line,
    );
  }

  /** The rule with a match that nobody can tell, tried last. */
  private doubted(rule: Rule, { line, missing }: RuleLine): Rule {
    const damage = { line, lost: false, missing: missing ?? "" };
    const doubt: Match = { name: "unmodelled", options: { extension: "", arguments: [MISSING], damage } };
    return { ...rule, matches: [...rule.matches, doubt] };
  }

  private readonly isChain = (name: string): boolean => {
    const chain = this.chains.get(name);
    if (chain !== undefined) return chain.policy === null;
    if (this.context.declared?.has(name) === true) return true;
    return this.undeclared.has(name) && !this.builtIn.has(name);
  };

  /** A few times: a dump without its chains has thousands of names that are like many others. */
  private readonly likeChain = (name: string): string | null => {
    if (this.hintsLeft-- <= 0) return null;
    return misspelt(name, this.chains.keys());
  };

  private readWords(words: readonly Word[], counters: Counters | null, line: number): RuleReading {
    return readRule(words, {
      family: this.block.family,
      shared: this.context.shared,
      isChain: this.isChain,
      likeChain: this.likeChain,
      counters,
      origin: this.originOf(line),
      line,
    });
  }

  private report(problem: RuleProblem, line: RuleLine): void {
    const { findings } = this.context;
    const { code, severity, message, column, expected, advice } = problem;
    if (severity === "info") {
      findings.once(code, severity, line.line, message);
      return;
    }
    findings.add(code, severity, line.line, message, {
      // columns of a translated rule are not those of its line
      ...(column === 0 || line.missing !== undefined ? {} : { column: column + line.column - 1 }),
      ...(expected === undefined ? {} : { expected }),
      ...(advice === undefined ? {} : { advice }),
    });
  }

  private originOf(line: number): Origin {
    return originAt(this.context.origins, this.context.file, line);
  }
}

/** Whether all of a rule stands on its line, as iptables-save prints it. */
function isWhole({ continuations, cut, missing }: RuleLine): boolean {
  return continuations === null && !cut && missing === undefined;
}

/** The word after `-A`. */
function chainOf(text: string): string | null {
  return /^\S+\s+([^\s"]+)/.exec(text)?.[1] ?? null;
}

/** `-I CHAIN [number]`: from 1, at the head without one. */
function insertPosition(words: readonly Word[], length: number): number {
  const number = /^\d+$/.test(words[2]?.text ?? "") ? Number(words[2]?.text) : 1;
  return Math.min(Math.max(0, number - 1), length);
}

function wrongs(reading: RuleReading): number {
  return reading.problems.filter((problem) => problem.severity !== "info").length;
}

/** A line that no reader understands. */
export function unknownLine(findings: DumpFindings, line: number, text: string): void {
  findings.add("unknown-line", "warning", line, `Not a line of iptables-save: ${quote(text)}.`, {
    expected: "*table, :CHAIN POLICY [packets:bytes], -A CHAIN …, COMMIT or # comment",
  });
}
