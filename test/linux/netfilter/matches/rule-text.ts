import type { GivenOption, RuleContext } from "../../../../src/linux/netfilter/extension.ts";
import { isModelledMatch, matchExtension } from "../../../../src/linux/netfilter/matches/table.ts";
import { readOptions } from "../../../../src/linux/netfilter/option-words.ts";
import { type Chain, type Match, type Matches, rule } from "../../../../src/model/ruleset.ts";
import type { Family } from "../../../../src/net/address.ts";
import { ICMP, ICMPV6, parseProtocol } from "../../../../src/net/protocol.ts";

/** A match of a rule's text: its extension and the words that follow the name. */
interface MatchText {
  readonly extension: string;
  readonly words: readonly string[];
}

/** Splits a rule at blanks outside quotes and takes the backslashes out, as iptables-restore does. */
function words(text: string): string[] {
  const found = text.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
  return found.map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word));
}

function implied(protocol: string): string {
  if (parseProtocol(protocol) === ICMPV6) return "icmp6";
  return parseProtocol(protocol) === ICMP ? "icmp" : protocol;
}

/** The matches of a rule that has only `-p`, matches, and options that belong to the match before them. */
export function splitRule(text: string): { readonly protocol: string | null; readonly matches: readonly MatchText[] } {
  let protocol: string | null = null;
  const matches: { extension: string; words: string[] }[] = [];
  const list = words(text);
  for (let at = 0; at < list.length; at++) {
    const word = list[at] ?? "";
    if (word === "-A") at++;
    else if (word === "-p") protocol = list[++at] ?? "";
    else if (word === "-m") matches.push({ extension: list[++at] ?? "", words: [] });
    else {
      if (matches.length === 0) matches.push({ extension: implied(protocol ?? ""), words: [] });
      matches.at(-1)?.words.push(word);
    }
  }
  return { protocol, matches };
}

export function contextOf(protocol: string | null, family: Family): RuleContext {
  return { family, protocol: protocol === null ? null : parseProtocol(protocol) };
}

function reprintWith<K extends keyof Matches>(
  name: K,
  given: readonly GivenOption[],
  context: RuleContext,
): readonly string[] | string {
  const extension = matchExtension(name);
  const parsed = extension.parse(given, context);
  return "problem" in parsed ? parsed.problem : extension.print(parsed.value, context);
}

/** The words a match prints after it was parsed, or what is wrong with it. */
export function reprint(match: MatchText, context: RuleContext): readonly string[] | string {
  const { extension: name } = match;
  if (!isModelledMatch(name)) return `no extension ${name}`;
  const read = readOptions(matchExtension(name).options, match.words);
  return "problem" in read ? read.problem : reprintWith(name, read.given, context);
}

function quote(word: string): string {
  return /[\s"'\\]/.test(word) || word === "" ? `"${word.replaceAll(/["'\\]/g, "\\$&")}"` : word;
}

/** The rule as iptables-save would print it, or what is wrong with it. */
export function reprintRule(text: string, family: Family): string {
  const { protocol, matches } = splitRule(text);
  const context = contextOf(protocol, family);
  const printed: string[] = [];
  const number = context.protocol;
  if (protocol !== null) printed.push("-p", number === ICMPV6 ? "ipv6-icmp" : protocol);
  for (const match of matches) {
    const result = reprint(match, context);
    if (typeof result === "string") return `problem: ${result}`;
    printed.push("-m", match.extension, ...result.map(quote));
  }
  return printed.join(" ");
}

function matchOf<K extends keyof Matches>(name: K, given: readonly GivenOption[], context: RuleContext): Match<K> {
  const parsed = matchExtension(name).parse(given, context);
  if ("problem" in parsed) throw new Error(parsed.problem);
  return { name, options: parsed.value };
}

/** A chain of one rule for each text, each with its protocol and matches. */
export function chainOf(texts: readonly string[], family: Family): Chain {
  const rules = texts.map((text) => {
    const { protocol, matches } = splitRule(text);
    const context = contextOf(protocol, family);
    return rule({
      protocol: context.protocol === null ? null : { number: context.protocol, invert: false },
      matches: matches.map(({ extension, words: given }) => {
        if (!isModelledMatch(extension)) throw new Error(`no extension ${extension}`);
        const read = readOptions(matchExtension(extension).options, given);
        if ("problem" in read) throw new Error(read.problem);
        return matchOf(extension, read.given, context);
      }),
    });
  });
  return { name: "T", policy: null, rules, counters: null, origin: 0 };
}
