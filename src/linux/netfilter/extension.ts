import type { Matches, Rule, Ruleset, Targets } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import type { Hook, TargetVerdict } from "./verdict.ts";

/** How one option of an extension is written. */
export interface OptionSpec {
  /** Values that follow the option. `optional`: one value, unless the next word starts with `-` or ends the rule. */
  readonly values: 0 | 1 | 2 | "optional";
  /** Whether `!` may stand before it. */
  readonly negatable: boolean;
  /** Other spellings, without dashes: `destination-port` for `dport`. */
  readonly aliases?: readonly string[];
}

/** An option as written in a rule; `name` is the canonical spelling without dashes. */
export interface GivenOption {
  readonly name: string;
  readonly invert: boolean;
  readonly values: readonly string[];
}

/** The rest of the rule that an extension may need. */
export interface RuleContext {
  readonly family: Family;
  /** Number of `-p`, null when absent, negated or 0. */
  readonly protocol: number | null;
}

/** Either the options, or what is wrong with them in words. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/**
 * What a match becomes in a compiled rule. The frequent tests have an instruction of their own; the rest is a call.
 * A `never` match cannot hold (a set that is known to be empty).
 */
export type CompiledMatch =
  | { readonly kind: "always" }
  | { readonly kind: "never" }
  | { readonly kind: "sport" | "dport"; readonly first: number; readonly last: number; readonly invert: boolean }
  | { readonly kind: "mark"; readonly value: number; readonly mask: number; readonly invert: boolean }
  | { readonly kind: "ctstate"; readonly bits: number; readonly invert: boolean }
  /** A draw of `draws.ts`, by its number. */
  | { readonly kind: "random"; readonly draw: number; readonly invert: boolean }
  | { readonly kind: "call"; readonly test: MatchFunction };

/** Whether the packet matches; may ask `runtime.services.choose`. Negation is the function's own business. */
export type MatchFunction = (skb: Skb, runtime: HostRuntime, hook: Hook) => boolean;

/** Whose implementation of a match runs: a few differ between the two. */
export type Backend = Ruleset["backend"];

export interface MatchExtension<K extends keyof Matches> {
  readonly options: Readonly<Record<string, OptionSpec>>;
  parse(given: readonly GivenOption[], context: RuleContext): Parsed<Matches[K]>;
  /** The words after `-m name`, spelled as iptables-save spells them. */
  print(options: Matches[K], context: RuleContext): readonly string[];
  /** Several tests are joined by AND. `rule` names the place for state and unknowns. */
  compile(options: Matches[K], rule: Rule, family: Family, backend: Backend): CompiledMatch | readonly CompiledMatch[];
}

/** What the target does with the packet; XT_CONTINUE for those that only change or note something. */
export type TargetFunction = (skb: Skb, runtime: HostRuntime, hook: Hook) => TargetVerdict;

/** DNAT to one IPv4 address (uint32) and one port (-1: it stays), of which a node has thousands: numbers in the rule. */
export interface FixedDnat {
  readonly address: number;
  readonly port: number;
}

export interface TargetExtension<K extends keyof Targets> {
  readonly options: Readonly<Record<string, OptionSpec>>;
  parse(given: readonly GivenOption[], context: RuleContext): Parsed<Targets[K]>;
  /** The words after `-j NAME`. */
  print(options: Targets[K], context: RuleContext): readonly string[];
  compile(options: Targets[K], rule: Rule, family: Family): TargetFunction;
  /** What may stand in a compiled rule instead of a call; null or absent: only a call will do. */
  instruction?(options: Targets[K]): FixedDnat | null;
}

export type MatchTable = { readonly [K in keyof Matches]: MatchExtension<K> };
export type TargetTable = { readonly [K in keyof Targets]: TargetExtension<K> };
