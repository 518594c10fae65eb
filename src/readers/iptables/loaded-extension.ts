import type { OptionSpec, Parsed, RuleContext } from "../../linux/netfilter/extension.ts";
import { isModelledMatch, matchExtension } from "../../linux/netfilter/matches/table.ts";
import { optionName, readOptions } from "../../linux/netfilter/option-words.ts";
import { isModelledTarget, targetExtension } from "../../linux/netfilter/targets/table.ts";
import type { Match, Matches, TargetCall, Targets } from "../../model/ruleset.ts";
import { matchKey, type SharedParts } from "./shared-parts.ts";

/** An extension a rule has loaded so far, and the words that are its own. */
export interface LoadedExtension {
  readonly kind: "match" | "target";
  readonly name: string;
  /** Null for extensions podpath does not model. */
  readonly specs: Readonly<Record<string, OptionSpec>> | null;
  readonly column: number;
  readonly words: string[];
  /** Names of the options it was given. */
  readonly given: string[];
  /** It got a word that it does not know. */
  broken: boolean;
}

/** Other names under which libxtables loads a match. */
const MATCH_ALIASES: ReadonlyMap<string, string> = new Map([["icmpv6", "icmp6"]]);

/** What `-m NAME` loads. */
export function loadedMatch(name: string, column: number): LoadedExtension {
  const known = MATCH_ALIASES.get(name) ?? name;
  return loaded("match", known, isModelledMatch(known) ? matchExtension(known).options : null, column);
}

/** What `-j NAME` loads where NAME is an extension. */
export function loadedTarget(name: string, column: number): LoadedExtension {
  return loaded("target", name, isModelledTarget(name) ? targetExtension(name).options : null, column);
}

/** An extension whose words are kept, not understood. */
export function unreadTarget(name: string, column: number): LoadedExtension {
  return loaded("target", name, null, column);
}

function loaded(
  kind: LoadedExtension["kind"],
  name: string,
  specs: LoadedExtension["specs"],
  column: number,
): LoadedExtension {
  return { kind, name, specs, column, words: [], given: [], broken: false };
}

/** Matches that `-p` loads when one of their options is used without `-m` (iptables/xshared.c load_proto). */
const IMPLICIT_MATCHES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [33, "dccp"],
  [50, "esp"],
  [51, "ah"],
  [58, "icmp6"],
  [132, "sctp"],
  [135, "mh"],
]);

/** The match that `-p` implies, or null. */
export function implicitMatch(protocol: number): string | null {
  return IMPLICIT_MATCHES.get(protocol) ?? null;
}

/** The option of an extension that a spelling means: its name, or what getopt_long takes for an abbreviation of one option only. */
export function optionMeant(extension: LoadedExtension, spelling: string): string | null {
  const { specs } = extension;
  if (specs === null) return null;
  const exact = optionName(specs, spelling);
  if (exact !== null || spelling === "") return exact;
  const fitting = Object.keys(specs).filter((name) => name.startsWith(spelling));
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

/** The option of exactly that name; null for an extension that no longer reads its words. */
export function optionNamed(extension: LoadedExtension, spelling: string): string | null {
  const { specs, broken } = extension;
  return specs === null || broken ? null : optionName(specs, spelling);
}

/**
 * The match that the words of an extension make, one object for equal ones; what is wrong with the words; null for an extension that is
 * not modelled, or got words that it does not know.
 */
export function matchOf(loaded: LoadedExtension, context: RuleContext, shared: SharedParts): Parsed<Match> | null {
  const { name, words } = loaded;
  if (loaded.specs === null || loaded.broken || !isModelledMatch(name)) return null;
  const key = matchKey(name, words, context);
  const known = key === null ? undefined : shared.matches.get(key);
  if (known !== undefined) return { value: known };
  const parsed = parseMatch(name, words, context);
  if (key !== null && "value" in parsed) shared.matches.set(key, parsed.value);
  return parsed;
}

/** The same for a target. */
export function targetCallOf(loaded: LoadedExtension, context: RuleContext): Parsed<TargetCall> | null {
  const { name, words } = loaded;
  return loaded.specs === null || loaded.broken || !isModelledTarget(name) ? null : parseTarget(name, words, context);
}

function parseMatch<K extends keyof Matches>(
  name: K,
  words: readonly string[],
  context: RuleContext,
): Parsed<Match<K>> {
  const extension = matchExtension(name);
  const options = readOptions(extension.options, words);
  if ("problem" in options) return options;
  const parsed = extension.parse(options.given, context);
  return "problem" in parsed ? parsed : { value: { name, options: parsed.value } };
}

function parseTarget<K extends keyof Targets>(
  name: K,
  words: readonly string[],
  context: RuleContext,
): Parsed<TargetCall<K>> {
  const extension = targetExtension(name);
  const options = readOptions(extension.options, words);
  if ("problem" in options) return options;
  const parsed = extension.parse(options.given, context);
  return "problem" in parsed ? parsed : { value: { name, options: parsed.value } };
}
