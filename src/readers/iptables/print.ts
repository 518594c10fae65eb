import type { RuleContext } from "../../linux/netfilter/extension.ts";
import { matchExtension } from "../../linux/netfilter/matches/table.ts";
import { targetExtension } from "../../linux/netfilter/targets/table.ts";
import type {
  Chain,
  Counters,
  Match,
  Matches,
  Rule,
  Ruleset,
  Table,
  Target,
  TargetCall,
  Targets,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { formatProtocol } from "../../net/protocol.ts";
import { isCoreOption } from "./core-options.ts";
import { formatSelector } from "./selectors.ts";
import { quoteString, saveString, saveWord } from "./words.ts";

/** Whether rules carry `[packets:bytes]`, as with `iptables-save -c`. */
export interface PrintOptions {
  readonly counters: boolean;
}

const PLAIN: PrintOptions = { counters: false };

/** Options whose value iptables prints with xtables_save_string; most others are printed bare. */
const SAVED_STRINGS: ReadonlySet<string> = new Set([
  "--comment",
  "--helper",
  "--led-trigger-id",
  "--log-prefix",
  "--nflog-prefix",
  "--path",
  "--ulog-prefix",
]);
/** Options whose value always stands in quotes. */
const QUOTED_STRINGS: ReadonlySet<string> = new Set(["--bytecode", "--hex-string", "--string", "--u32"]);

/** All tables as iptables-save prints them, without its `#` lines. */
export function printRuleset(ruleset: Ruleset, options: PrintOptions = PLAIN): string {
  return [...ruleset.tables.values()].map((table) => printTable(table, ruleset.family, options)).join("");
}

/** `*name`, the chains with policy and counters, the rules, `COMMIT`. */
export function printTable(table: Table, family: Family, options: PrintOptions = PLAIN): string {
  const chains = [...table.chains.values()];
  const rules = chains.flatMap((chain) => chain.rules.map((rule) => printRuleLine(chain.name, rule, family, options)));
  return [`*${table.name}`, ...chains.map(printChainLine), ...rules, "COMMIT", ""].join("\n");
}

/** `:INPUT ACCEPT [0:0]`. */
export function printChainLine(chain: Chain): string {
  return `:${chain.name} ${chain.policy ?? "-"} ${printCounters(chain.counters)}`;
}

/** `-A chain …`, after its counters when asked for. */
export function printRuleLine(chain: string, rule: Rule, family: Family, options: PrintOptions = PLAIN): string {
  const words = printRule(rule, family);
  const line = words === "" ? `-A ${chain}` : `-A ${chain} ${words}`;
  return options.counters ? `${printCounters(rule.counters)} ${line}` : line;
}

function printCounters(counters: Counters | null): string {
  return counters === null ? "[0:0]" : `[${counters.packets}:${counters.bytes}]`;
}

/**
 * The words of a rule after `-A chain`, in the order and spelling of iptables-save 1.8 (iptables/iptables.c
 * print_rule4): addresses, interfaces, protocol, fragment, matches as written, target.
 */
export function printRule(rule: Rule, family: Family): string {
  const words: string[] = [];
  const field = (invert: boolean, option: string, value?: string): void => {
    if (invert) words.push("!");
    words.push(option);
    if (value !== undefined) words.push(value);
  };
  if (rule.source !== null) field(rule.source.invert, "-s", formatSelector(rule.source));
  if (rule.destination !== null) field(rule.destination.invert, "-d", formatSelector(rule.destination));
  if (rule.inInterface !== null) field(rule.inInterface.invert, "-i", saveWord(rule.inInterface.pattern));
  if (rule.outInterface !== null) field(rule.outInterface.invert, "-o", saveWord(rule.outInterface.pattern));
  if (rule.protocol !== null) field(rule.protocol.invert, "-p", formatProtocol(rule.protocol.number));
  if (rule.fragment !== null) field(rule.fragment.invert, "-f");
  const context: RuleContext = {
    family,
    protocol: rule.protocol === null || rule.protocol.invert ? null : rule.protocol.number,
  };
  for (const match of rule.matches) printMatch(words, match, context);
  if (rule.target !== null) printTarget(words, rule.target, context);
  return words.join(" ");
}

function printMatch(words: string[], match: Match, context: RuleContext): void {
  // The rule stays as text, as it was written.
  if (match.name === "refused") return;
  if (match.name !== "unmodelled") {
    words.push("-m", match.name, ...spelled(optionsOfMatch(match, context)));
    return;
  }
  const { extension, arguments: own } = match.options;
  // Words of a damaged rule stand for themselves.
  if (extension === "") words.push(...own.map(saveWord));
  else words.push("-m", saveWord(extension), ...spelled(own).map(guarded));
}

function printTarget(words: string[], target: Target, context: RuleContext): void {
  switch (target.kind) {
    case "verdict":
      words.push("-j", target.verdict);
      return;
    case "jump":
      words.push("-j", target.chain);
      return;
    case "goto":
      words.push("-g", target.chain);
      return;
    case "extension": {
      const { call } = target;
      if (call.name === "unmodelled") {
        words.push("-j", saveWord(call.options.extension), ...spelled(call.options.arguments).map(guarded));
      } else words.push("-j", call.name, ...spelled(optionsOfTarget(call, context)));
    }
  }
}

function optionsOfMatch<K extends keyof Matches>(match: Match<K>, context: RuleContext): readonly string[] {
  return matchExtension<K>(match.name).print(match.options, context);
}

function optionsOfTarget<K extends keyof Targets>(call: TargetCall<K>, context: RuleContext): readonly string[] {
  return targetExtension<K>(call.name).print(call.options, context);
}

/** Words with the quotes iptables-save would give them. */
function spelled(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    const option = index === 0 ? "" : (words[index - 1] ?? "");
    if (SAVED_STRINGS.has(option)) return saveString(word);
    return QUOTED_STRINGS.has(option) ? quoteString(word) : saveWord(word);
  });
}

/** Quotes keep a value that looks like an option of iptables itself from being read as one. */
function guarded(word: string): string {
  return isCoreOption(word) ? `"${word}"` : word;
}
