import { emptyMatchStates } from "../../linux/netfilter/match-state.ts";
import type { Origin } from "../../model/origin.ts";
import type { Counters, Match, Rule, Target } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { RuleReading } from "./rule-reading.ts";

/** What a line `-A CHAIN …` was read as, wherever it stood. */
export interface KnownRule {
  readonly chain: string;
  readonly rules: readonly Rule[];
}

/**
 * Rules by the texts of their lines: the nodes of a cluster have most of their rules in common, and each is read once. Bounded: a text
 * that comes when there is no more room is read like the others, and forgotten.
 */
export interface KnownRules {
  readonly family: { readonly [F in Family]: Map<string, KnownRule> };
}

/** So many texts are remembered for each family: those of the first nodes, which the others have too, or nobody has. */
const REMEMBERED = 30_000;

export function knownRules(): KnownRules {
  return { family: { 4: new Map(), 6: new Map() } };
}

/** Matches whose state belongs to their options' object, so that every rule must have its own; so has the template of `-j CT`. */
const STATEFUL: ReadonlySet<string> = new Set(Object.keys(emptyMatchStates()));

/** Whether a rule of another place can have the same parts. */
function isShareable({ matches, target }: Rule): boolean {
  if (target?.kind === "extension") {
    if (target.call.name === "unmodelled") return false;
    if (target.call.name === "CT" && !target.call.options.notrack) return false;
  }
  return matches.every(isPlain);
}

function isPlain(match: Match): boolean {
  if (match.name === "statistic") return match.options.mode === "random";
  return match.name !== "unmodelled" && !STATEFUL.has(match.name);
}

/** Remembers what a line was read as, unless something was odd about it, or it says its own counters (`-c`). */
export function rememberRule(
  known: KnownRules,
  family: Family,
  text: string,
  chain: string,
  counters: Counters | null,
  reading: RuleReading,
): void {
  const texts = known.family[family];
  if (texts.size >= REMEMBERED || reading.problems.length > 0) return;
  if (reading.rules.every((rule) => rule.counters === counters && isShareable(rule)))
    texts.set(text, { chain, rules: reading.rules });
}

/** Whether the names of chains mean the same here as where the rule was read. */
export function meansTheSame({ rules }: KnownRule, isChain: (name: string) => boolean): boolean {
  const target = rules[0]?.target ?? null;
  return target === null || isChain(targetName(target)) === (target.kind === "jump" || target.kind === "goto");
}

function targetName(target: Target): string {
  switch (target.kind) {
    case "verdict":
      return target.verdict;
    case "jump":
    case "goto":
      return target.chain;
    case "extension":
      return target.call.name;
  }
}

/** The rule as it stands in another place. */
export function ruleAgain(known: Rule, counters: Counters | null, origin: Origin): Rule {
  // written out, so that all rules have one shape
  return {
    source: known.source,
    destination: known.destination,
    inInterface: known.inInterface,
    outInterface: known.outInterface,
    protocol: known.protocol,
    fragment: known.fragment,
    matches: known.matches,
    target: known.target,
    counters,
    origin,
  };
}
