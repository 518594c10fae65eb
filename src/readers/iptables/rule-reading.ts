import type { Finding } from "../../model/finding.ts";
import type { Origin } from "../../model/origin.ts";
import type { Counters, Rule } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { SharedParts } from "./shared-parts.ts";

/** What a rule's words mean depends on. */
export interface RuleScope {
  readonly family: Family;
  /** What the rules of a dump have in common; a rule that is read alone shares nothing. */
  readonly shared?: SharedParts;
  /** Whether the table has a user-defined chain of that name. */
  isChain(name: string): boolean;
  /** The chain whose name this one is with a slip; null or absent: there is none. */
  likeChain?(name: string): string | null;
  /** `[packets:bytes]` before the rule; `-c` in the rule wins. */
  readonly counters: Counters | null;
  readonly origin: Origin;
  /** From 1; 0 when not known. */
  readonly line?: number;
}

/** What is odd about a rule; `column` counts from 1 in its line, 0 when no word is to blame. */
export interface RuleProblem extends Pick<Finding, "code" | "severity" | "message" | "expected" | "advice"> {
  readonly column: number;
}

/** Lists of addresses make several rules; a rule for the other family (`-4`, `-6`) makes none. */
export interface RuleReading {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
}

/** Stands for words that are missing: at the end of a rule that was cut off, and as a target nobody can know. */
export const MISSING = "…";
