import type { Counters } from "../../model/ruleset.ts";
import { MATCH_PHRASES, type Phrase } from "./match-phrases.ts";
import { TARGET_PHRASES } from "./target-phrases.ts";

/** Which columns a listing has, by its heading: `num` with --line-numbers, counters and interfaces with -v. */
export interface ListColumns {
  readonly number: boolean;
  readonly verbose: boolean;
}

/** A rule of `iptables -L`, in the words of iptables-save. */
export interface ListedRule {
  /** What stands after `-A CHAIN`. */
  readonly words: string;
  readonly counters: Counters | null;
  /** The counters are rounded (`113M`). */
  readonly rounded: boolean;
  /** What the listing does not tell of this rule, or podpath cannot read in it; null when all of it is known. */
  readonly missing: string | null;
}

const HEADING =
  /^\s*(num\s+)?(?:(pkts\s+bytes)\s+)?target\s+prot(?:\s+opt)?\s+(?:in\s+out\s+)?source\s+destination\s*$/;

/** The columns that a heading announces; null for any other line. */
export function listColumns(line: string): ListColumns | null {
  const heading = HEADING.exec(line);
  return heading === null ? null : { number: heading[1] !== undefined, verbose: heading[2] !== undefined };
}

/** `all`, `tcp`, `6`, `!udp`. */
const PROTOCOL =
  /^!?(?:all|\d{1,3}|tcp|udp|udplite|icmp|ipv6-icmp|icmpv6|esp|ah|sctp|dccp|gre|igmp|ipencap|ipv6|ospf|vrrp|pim|mh|mobility-header|ipcomp|l2tp)$/;
const OPTION = /^(?:--|-f|!f)$/;
const COUNTER = /^(\d+)([KMGTP]?)$/;
const UNITS: Readonly<Record<string, number>> = { "": 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 };

/** Without -v a listing has no interfaces. */
export const NO_INTERFACES = "which interfaces it is for: iptables -L without -v leaves them out";

/** Reads a row. Null when the line is none: a heading, a wrapped piece, something else. */
export function listedRule(line: string, columns: ListColumns): ListedRule | null {
  const tokens = [...line.matchAll(/\S+/g)];
  let at = 0;
  const word = (offset = 0): string => tokens[at + offset]?.[0] ?? "";
  if (columns.number) {
    if (!/^\d+$/.test(word())) return null;
    at++;
  }
  let counters: Counters | null = null;
  let rounded = false;
  if (columns.verbose) {
    const packets = COUNTER.exec(word());
    const bytes = COUNTER.exec(word(1));
    if (packets === null || bytes === null) return null;
    counters = { packets: amount(packets), bytes: amount(bytes) };
    rounded = packets[2] !== "" || bytes[2] !== "";
    at += 2;
  }
  // a rule without a target has nothing there
  const hasTarget = !(PROTOCOL.test(word()) && (OPTION.test(word(1)) || !PROTOCOL.test(word(1))));
  const target = hasTarget ? word() : "";
  if (hasTarget) at++;
  const protocol = word();
  if (!PROTOCOL.test(protocol)) return null;
  at++;
  // ip6tables before 1.8.8 leaves the column empty
  const option = OPTION.test(word()) ? word() : "--";
  if (OPTION.test(word())) at++;
  const devices = columns.verbose ? [word(), word(1)] : ["*", "*"];
  if (columns.verbose) at += 2;
  const [source, destination] = [word(), word(1)];
  if (source === "" || destination === "") return null;
  at += 2;
  const start = tokens[at]?.index;
  const extras = translated(start === undefined ? "" : line.slice(start).trim(), target);
  const words = [
    ...selector("-s", source),
    ...selector("-d", destination),
    ...device("-i", devices[0] ?? ""),
    ...device("-o", devices[1] ?? ""),
    ...(protocol === "all" || protocol === "0" ? [] : [`${negated(protocol)}-p ${plain(protocol)}`]),
    ...(option === "--" ? [] : [option === "!f" ? "! -f" : "-f"]),
    ...extras.matches,
    ...(target === "" ? [] : [`${extras.goto ? "-g" : "-j"} ${target}`]),
    ...(extras.target === "" ? [] : [extras.target]),
  ];
  const missing = [
    ...(columns.verbose ? [] : [NO_INTERFACES]),
    ...(extras.rest === "" ? [] : [`what "${extras.rest}" means`]),
  ];
  return { words: words.join(" "), counters, rounded, missing: missing.length === 0 ? null : missing.join(", and ") };
}

function amount([, digits = "0", unit = ""]: readonly string[]): number {
  return Number(digits) * (UNITS[unit] ?? 1);
}

function negated(text: string): string {
  return text.startsWith("!") ? "! " : "";
}

function plain(text: string): string {
  return text.replace(/^!/, "");
}

/** `anywhere` and `localhost` are how listings without -n print addresses. */
function selector(option: string, text: string): readonly string[] {
  const address = plain(text);
  if (/^(?:anywhere|0\.0\.0\.0\/0|::\/0)$/.test(address)) return text.startsWith("!") ? [`! ${option} ${address}`] : [];
  return [`${negated(text)}${option} ${address === "localhost" ? "127.0.0.1" : address}`];
}

function device(option: string, text: string): readonly string[] {
  return text === "*" || text === "any" ? [] : [`${negated(text)}${option} ${plain(text)}`];
}

interface Extras {
  readonly goto: boolean;
  readonly matches: readonly string[];
  readonly target: string;
  /** What nobody can read. */
  readonly rest: string;
}

/** What stands after the addresses: matches in their order, then the target's options. */
function translated(text: string, target: string): Extras {
  const goto = text.startsWith("[goto]");
  let rest = goto ? text.slice("[goto]".length).trimStart() : text;
  const matches: string[] = [];
  const ends = TARGET_PHRASES.get(target) ?? [];
  for (;;) {
    const end = reading(ends, rest);
    if (end !== null) return { goto, matches, target: end.words, rest: "" };
    const found = reading(MATCH_PHRASES, rest);
    if (found === null) return { goto, matches, target: "", rest };
    matches.push(found.words);
    rest = rest.slice(found.length).trimStart();
  }
}

function reading(phrases: readonly Phrase[], text: string): { readonly words: string; readonly length: number } | null {
  if (text === "" && phrases === MATCH_PHRASES) return null;
  for (const { pattern, words } of phrases) {
    const found = pattern.exec(text);
    const said = found === null ? null : words(found);
    if (found !== null && said !== null && (found[0].length > 0 || text === ""))
      return { words: said, length: found[0].length };
  }
  return null;
}
