import type { Finding } from "../../model/finding.ts";
import { misspelt } from "../../model/nearest.ts";
import { type OriginTable, originFile } from "../../model/origin.ts";
import { BUILT_IN_CHAINS, isTableName, type Ruleset, type Table, type TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type DumpFindings, dumpFindings } from "../dump-findings.ts";
import { type DumpLine, dumpLines } from "../dump-text.ts";
import { type ListColumns, listColumns, listedRule, NO_INTERFACES } from "../iptables-list/row.ts";
import type { KnownRules } from "./known-rules.ts";
import { leaveOutRefused } from "./refusals.ts";
import { classify, type SaveLine } from "./save-line.ts";
import { sharedParts } from "./shared-parts.ts";
import { type RuleLine, readBlock, type TableBlock, unknownLine } from "./table-block.ts";
import { commandsIn, type TypedCommand } from "./typed-commands.ts";
import { splitWords } from "./words.ts";
import { MAX_CONTINUATIONS } from "./wrapped-line.ts";

export interface IptablesSaveInput {
  readonly text: string;
  /** Name for findings and origins. */
  readonly file: string;
  /** What the file name or the command says; a header in the text says it better. */
  readonly family: Family;
  readonly backend: "legacy" | "nft";
  /** Rules that other dumps told; grows with those of this one. */
  readonly known?: KnownRules;
}

/** A table of which rules may be missing. */
export interface IncompleteTable {
  readonly family: Family;
  readonly backend: "legacy" | "nft";
  readonly table: TableName;
}

export interface SaveNotes {
  /** The nft variant warned that legacy tables exist too, so that this dump is half of the rules. */
  readonly legacyTablesPresent: boolean;
  /** Cut off, with lines left out, or with rules that the tool could not show. */
  readonly incomplete: readonly IncompleteTable[];
  /** Read from `iptables -S` or a fragment: tables that are not here are not known to be empty. */
  readonly partial: boolean;
}

export interface IptablesSave {
  /**
   * One for each family and backend that the text holds, in the order met. A text without any table gives one ruleset
   * without tables, of the input's family and backend.
   */
  readonly rulesets: readonly Ruleset[];
  /** Of all rulesets. */
  readonly ruleCount: number;
  readonly findings: readonly Finding[];
  readonly notes: SaveNotes;
}

/** Chains of this name make a listing's table known, where its policies do not. */
const NAT_ONLY_ENDS: ReadonlySet<string> = new Set(["PREROUTING", "POSTROUTING"]);

/**
 * Reads the output of iptables-save or ip6tables-save, of `iptables -S` and, as far as it tells, of `iptables -L`, with or without `-c`, whole or damaged by pasting, several dumps
 * after one another included. A table that comes twice replaces the first, as `iptables-restore` without `--noflush`
 * does. Linear in the size of the text.
 */
export function readIptablesSave(input: IptablesSaveInput, origins: OriginTable): IptablesSave {
  return new SaveReader(input, origins).read();
}

class SaveReader {
  private readonly findings: DumpFindings;
  private readonly lines: readonly DumpLine[];
  /** Lines of which `dumpLines` says that others were left out there. */
  private readonly gaps: readonly number[];
  private nextGap = 0;
  private family: Family;
  private backend: "legacy" | "nft";
  /** A header said which family it is. */
  private familyIsCertain = false;
  private block: TableBlock | null = null;
  private blockIsListing = false;
  /** In a table that podpath does not know. */
  private ignoring = false;
  /** In the output of another tool, which one finding tells of. */
  private foreign = false;
  private lastRule: RuleLine | null = null;
  /** Commands of the prompts in a paste, which say whose table and family the listing below is. */
  private readonly commands: readonly TypedCommand[];
  private nextCommand = 0;
  /** The table that the command above the listing names; null where none does. */
  private typedTable: TableName | null = null;
  /** The chain whose rows follow, in the output of `iptables -L`, and its columns once their heading was met. */
  private listedChain: string | null = null;
  private columns: ListColumns = { number: false, verbose: false };
  /** The row above, which a terminal may have broken. */
  private lastRow: { readonly text: string; readonly pieces: number } | null = null;
  private legacyTablesPresent = false;
  private partial = false;
  private readonly incomplete: IncompleteTable[] = [];
  private readonly rulesets: { family: Family; backend: "legacy" | "nft"; tables: Map<TableName, Table> }[] = [];
  private readonly input: IptablesSaveInput;
  private readonly origins: OriginTable;
  private readonly file: number;
  private readonly shared = sharedParts();

  constructor(input: IptablesSaveInput, origins: OriginTable) {
    this.input = input;
    this.origins = origins;
    this.file = originFile(origins, input.file);
    this.family = input.family;
    this.backend = input.backend;
    const dump = dumpLines(input.text, input.file);
    this.lines = dump.lines;
    this.commands = commandsIn(input.text);
    this.findings = dumpFindings(input.file, dump.findings);
    this.gaps = dump.findings.flatMap(({ code, line }) =>
      code === "truncated-dump" && line !== undefined ? [line] : [],
    );
  }

  read(): IptablesSave {
    for (const line of this.lines) {
      this.passGaps(line.number);
      this.passCommands(line.number);
      const trimmed = line.text.trim();
      const text = trimmed.startsWith(">") ? trimmed.replace(/^(?:> ?)+/, "") : trimmed;
      this.readLine(classify(text), text, line.number);
    }
    this.passGaps(Number.POSITIVE_INFINITY);
    this.endBlock("end of the file");
    if (this.rulesets.length === 0) {
      this.rulesets.push({ family: this.family, backend: this.backend, tables: new Map() });
    }
    return {
      rulesets: this.rulesets,
      ruleCount: this.rulesets.reduce((sum, ruleset) => sum + countRules(ruleset), 0),
      findings: this.findings.list(),
      notes: {
        legacyTablesPresent: this.legacyTablesPresent,
        incomplete: this.incomplete,
        partial: this.partial,
      },
    };
  }

  private readLine(line: SaveLine, text: string, number: number): void {
    if (line.kind !== "other") {
      if (line.kind !== "rule") this.lastRule = null;
      this.foreign = line.kind === "nft-output" || (this.foreign && line.kind === "comment");
      if (line.kind !== "comment") this.listedChain = null;
    }
    switch (line.kind) {
      case "table":
        this.openTable(line.name, number);
        return;
      case "commit":
        if (this.block === null && !this.ignoring) unknownLine(this.findings, number, text);
        this.ignoring = false;
        this.endBlock(null);
        return;
      case "chain":
        if (this.ignoring) return;
        if (this.block === null) unknownLine(this.findings, number, text);
        else this.block.chains.push({ name: line.name, policy: line.policy, counters: line.counters, line: number });
        return;
      case "rule":
        this.addRule(line, number);
        return;
      case "listed-policy":
      case "listed-chain":
        this.addListed(line, number);
        return;
      case "header":
        this.family = line.family;
        this.familyIsCertain = true;
        if (line.backend !== null) this.backend = line.backend;
        return;
      case "legacy-tables-present":
        this.legacyTablesPresent = true;
        return;
      case "incompatible-table":
        this.noteIncompatible(line.table, number);
        return;
      case "comment":
        return;
      case "list-output":
        this.findings.once(
          "lossy-dump",
          "warning",
          number,
          "This is the output of iptables -L, which leaves out options of some extensions, and without -v the interfaces of every rule. Run iptables-save -c instead.",
        );
        this.addListed(line, number);
        this.listedChain = line.chain;
        return;
      case "nft-output":
        this.findings.once(
          "nft-ruleset",
          "error",
          number,
          "This is the output of nft list ruleset, which leaves out what iptables-nft cannot say in nft's words. Run iptables-nft-save -c instead, and give this text as nft-ruleset.txt.",
        );
        return;
      case "other":
        this.addOther(text, number);
    }
  }

  private openTable(name: string, number: number): void {
    this.endBlock(`*${name}`);
    if (!isTableName(name)) {
      this.ignoring = true;
      const like = misspelt(name, Object.keys(BUILT_IN_CHAINS));
      this.findings.add(
        "unknown-table",
        "warning",
        number,
        `Table "${name}" is not one of iptables; its lines are not read.`,
        {
          expected: Object.keys(BUILT_IN_CHAINS).join(", "),
          ...(like === null ? {} : { advice: `Did you mean ${like}?` }),
        },
      );
      return;
    }
    this.ignoring = false;
    this.openBlock(name, number);
  }

  private openBlock(table: TableName, line: number): TableBlock {
    const { family, backend } = this;
    const block: TableBlock = { table, family, backend, line, chains: [], rules: [], gapBefore: false };
    this.block = block;
    this.blockIsListing = false;
    return block;
  }

  private addRule(line: Extract<SaveLine, { readonly kind: "rule" }>, number: number): void {
    if (this.ignoring) return;
    const block = this.block ?? this.openListing(number);
    const cut = /[…\]]$/.test(line.text) && /(?:…|\[truncated\])$/i.test(line.text);
    const rule: RuleLine = {
      text: cut ? line.text.replace(/\s*(?:…|\[truncated\])$/i, "") : line.text,
      column: line.column,
      counters: line.counters,
      line: number,
      continuations: null,
      cut,
      gapAfter: false,
    };
    block.rules.push(rule);
    this.lastRule = rule;
    if (block.backend === "nft" && !cut && /^\S+\s+\S+$/.test(line.text)) {
      this.findings.add("bare-rule", "warning", number, "A rule without any match or target.", {
        advice:
          "iptables-nft-save prints rules like this that nft made and that it cannot show: compare nft list ruleset.",
      });
      this.noteIncomplete(block.table);
    }
  }

  /** A line of `iptables -S`, or a rule that stands alone. */
  private openListing(number: number): TableBlock {
    this.findings.once(
      "partial-rules",
      "warning",
      number,
      "Rules without *table and COMMIT, as iptables -S and -L print them: one table only, taken to be filter unless its chains or the command above say otherwise. Run iptables-save -c instead.",
    );
    this.partial = true;
    const block = this.openBlock("filter", number);
    this.blockIsListing = true;
    return block;
  }

  private addListed(
    line: Extract<SaveLine, { readonly kind: "listed-policy" | "listed-chain" | "list-output" }>,
    number: number,
  ): void {
    if (this.ignoring) return;
    const isBuiltIn = line.kind !== "listed-chain" && line.policy !== null;
    if (this.blockIsListing && isBuiltIn && startsListing(line.chain, this.block)) this.endBlock(null);
    const block = this.block ?? this.openListing(number);
    const policy = line.kind === "listed-chain" ? null : line.policy;
    const counters = line.kind === "listed-chain" ? null : line.counters;
    block.chains.push({ name: line.chain, policy, counters, line: number });
  }

  /** Before a line: what the prompts above it say about the listing that follows. */
  private passCommands(before: number): void {
    for (
      let command = this.commands[this.nextCommand];
      command !== undefined && command.line < before;
      command = this.commands[++this.nextCommand]
    ) {
      if (this.blockIsListing) this.endBlock(null);
      this.listedChain = null;
      this.typedTable = command.table;
      if (command.family !== this.family) {
        this.family = command.family;
        this.familyIsCertain = true;
      }
      if (command.backend !== null) this.backend = command.backend;
    }
  }

  /** A line below the heading of a chain, in the output of `iptables -L`. */
  private addRow(chain: string, text: string, number: number): void {
    const columns = listColumns(text);
    if (columns !== null) {
      this.columns = columns;
      this.lastRow = null;
      if (!columns.verbose) this.findings.once("no-interfaces-listed", "warning", number, NO_INTERFACES_LISTED);
      return;
    }
    const row = listedRule(text, this.columns);
    const block = this.block ?? this.openListing(number);
    if (row === null) {
      // a row that a terminal or a mail program broke goes on here
      const { lastRow } = this;
      const last = block.rules.pop();
      const joined = lastRow === null || lastRow.pieces >= MAX_CONTINUATIONS ? null : `${lastRow.text} ${text}`;
      const again = joined === null ? null : listedRule(joined, this.columns);
      if (last !== undefined && joined !== null && again !== null) {
        this.findings.add(
          "wrapped-line",
          "info",
          last.line,
          "This rule was broken into several lines; they were joined.",
        );
        this.lastRow = { text: joined, pieces: (lastRow?.pieces ?? 0) + 1 };
        block.rules.push({ ...last, text: `-A ${chain} ${again.words}`, missing: again.missing });
        return;
      }
      if (last !== undefined) block.rules.push(last);
      unknownLine(this.findings, number, text);
      return;
    }
    if (row.rounded) {
      this.findings.once(
        "rounded-counters",
        "info",
        number,
        "Counters are rounded here; iptables -L -x -v prints them in full.",
      );
    }
    if (row.missing !== null && row.missing !== NO_INTERFACES) {
      this.findings.add(
        "untold-options",
        "warning",
        number,
        `Whether this rule matches is unknown: the listing does not tell ${row.missing}.`,
        {
          advice: "Run iptables-save -c instead.",
        },
      );
    }
    const cut = /(?:…|\[truncated\])$/i.test(text);
    this.lastRow = { text, pieces: 0 };
    block.rules.push({
      text: `-A ${chain} ${row.words}`,
      column: 1,
      counters: row.counters,
      line: number,
      continuations: null,
      cut,
      gapAfter: false,
      missing: row.missing,
    });
  }

  private addOther(text: string, number: number): void {
    if (this.ignoring || this.foreign) return;
    if (this.listedChain !== null) {
      this.addRow(this.listedChain, text, number);
      return;
    }
    const rule = this.lastRule;
    if (rule === null || rule.gapAfter || (rule.continuations?.length ?? 0) >= MAX_CONTINUATIONS) {
      unknownLine(this.findings, number, text);
      return;
    }
    rule.continuations ??= [];
    rule.continuations.push({ line: number, text });
  }

  /** Marks the rule before each place where lines were left out. */
  private passGaps(before: number): void {
    for (let gap = this.gaps[this.nextGap]; gap !== undefined && gap < before; gap = this.gaps[++this.nextGap]) {
      if (this.block === null) continue;
      markGap(this.block);
      this.noteIncomplete(this.block.table);
    }
  }

  private noteIncomplete(table: TableName): void {
    const family = this.block === null ? this.family : this.block.family;
    const backend = this.block === null ? this.backend : this.block.backend;
    if (this.incomplete.some((item) => item.table === table && item.family === family && item.backend === backend))
      return;
    this.incomplete.push({ family, backend, table });
  }

  private noteIncompatible(table: string, number: number): void {
    this.findings.add(
      "incompatible-table",
      "warning",
      number,
      `Table ${table} has rules that iptables-nft-save cannot show: they were made by another version or by nft.`,
      { advice: "Collect with the iptables-nft-save of the program that made them, and nft -j list ruleset." },
    );
    if (isTableName(table)) this.noteIncomplete(table);
  }

  /** Ends the block at COMMIT (null), or where it has none. */
  private endBlock(without: string | null): void {
    const { block } = this;
    if (block === null) return;
    if (without !== null && !this.blockIsListing) this.reportMissingCommit(block, without);
    this.block = null;
    this.lastRule = null;
    this.place(this.identified(block));
  }

  private reportMissingCommit(block: TableBlock, without: string): void {
    const last = block.rules.at(-1) ?? block.chains.at(-1);
    this.findings.add(
      "missing-commit",
      "warning",
      last?.line ?? block.line,
      `Table ${block.table} has no COMMIT before ${without}: rules at its end may be missing.`,
      { expected: "COMMIT", advice: "Collect this file again." },
    );
    this.noteIncomplete(block.table);
    markGap(block);
    const rule = block.rules.at(-1);
    const atEnd = without === "end of the file" && !/[\n\r]$/.test(this.input.text);
    if (rule === undefined || !atEnd || rule.cut) return;
    // The file may end in the middle of a word, unless the rule ends with a whole verdict or chain.
    const words = splitWords(rule.text).words;
    const target = words.at(-1)?.text ?? "";
    const whole =
      (words.at(-2)?.text === "-j" || words.at(-2)?.text === "-g") &&
      (/^(?:ACCEPT|DROP|RETURN)$/.test(target) || block.chains.some(({ name }) => name === target));
    if (!whole) block.rules[block.rules.length - 1] = { ...rule, cut: true };
  }

  /** The block with the table and family that its own lines tell, where no header did. */
  private identified(block: TableBlock): TableBlock {
    const family = this.familyIsCertain ? block.family : familyOf(block);
    if (family !== block.family) {
      this.findings.add(
        "other-family",
        "info",
        block.line,
        `Table ${block.table} has IPv${family} addresses; it is read as a table of ip${family === 6 ? "6" : ""}tables.`,
      );
    }
    return { ...block, family, table: this.blockIsListing ? (this.typedTable ?? listedTable(block)) : block.table };
  }

  private place(block: TableBlock): void {
    const { family, backend } = block;
    let ruleset = this.rulesets.find((item) => item.family === family && item.backend === backend);
    if (ruleset === undefined) {
      ruleset = { family, backend, tables: new Map() };
      this.rulesets.push(ruleset);
    }
    if (ruleset.tables.has(block.table)) {
      this.findings.add(
        "repeated-table",
        "warning",
        block.line,
        `Table ${block.table} comes again; this one replaces the one before, as iptables-restore would have it.`,
        { advice: "Give one dump of one machine." },
      );
    }
    const { findings, origins, file, shared } = this;
    const { known } = this.input;
    const context = { findings, origins, file, shared, ...(known === undefined ? {} : { known }) };
    ruleset.tables.set(block.table, leaveOutRefused(readBlock(block, context), block, context));
  }
}

const NO_INTERFACES_LISTED =
  "Without -v iptables -L leaves out the interfaces of every rule: where they may matter, whether a rule matches is unknown. Run iptables-save -c instead.";

function countRules({ tables }: Pick<Ruleset, "tables">): number {
  let count = 0;
  for (const { chains } of tables.values()) for (const { rules } of chains.values()) count += rules.length;
  return count;
}

/** Lines may be missing after the last one read. */
function markGap(block: TableBlock): void {
  const last = block.rules.at(-1);
  if (last === undefined) block.gapBefore = true;
  else last.gapAfter = true;
}

/**
 * Whether a chain with a policy is the first of another table's listing: those of one table come first, in the order of the hooks, and
 * chains of users after them.
 */
function startsListing(chain: string, block: TableBlock | null): boolean {
  if (block === null) return false;
  const { chains } = block;
  const known = chains.some(({ name, policy }) => name === chain || policy === null);
  return known || (chain === "PREROUTING" && chains.length > 0);
}

/** The family of the addresses in `-s` and `-d`. */
function familyOf(block: TableBlock): Family {
  for (const { text } of block.rules) {
    const address = / -[sd] (\S+)/.exec(text)?.[1];
    if (address !== undefined) return address.includes(":") ? 6 : /^[\d./]+$/.test(address) ? 4 : block.family;
  }
  return block.family;
}

/** The table whose built-in chains are those of a listing; filter when several or none fit. */
function listedTable(block: TableBlock): TableName {
  const policies = block.chains.filter(({ policy }) => policy !== null).map(({ name }) => name);
  for (const [table, chains] of Object.entries(BUILT_IN_CHAINS)) {
    if (!isTableName(table) || table === "security") continue;
    if (policies.length === chains.length && chains.every((name) => policies.includes(name))) return table;
  }
  const ends = [...policies, ...block.rules.map(({ text }) => splitWords(text).words[1]?.text ?? "")];
  return ends.some((name) => NAT_ONLY_ENDS.has(name)) ? "nat" : "filter";
}
