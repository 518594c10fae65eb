import type { Origin } from "../../model/origin.ts";

/**
 * A rule as Felix renders it, before it becomes a line for iptables-restore: the fragments are in Felix's own spelling
 * (`--in-interface cali+`, `--jump MARK --set-mark 0/0xf0000`), because that is what its rule hash is made of
 * (felix/iptables/{match_builder,actions}.go).
 */
export interface FelixRule {
  /** What it is for, in Felix's words. */
  readonly comments: readonly string[];
  /** Match fragments in order, one space between two; the empty string matches everything. */
  readonly match: string;
  /** `--jump ACCEPT`; the empty string for a rule that only carries a comment. */
  readonly action: string;
  /** The resource field that caused it; none for rules that are always there. */
  readonly origin?: Origin;
}

/** A chain that Felix owns whole. */
export interface FelixChain {
  readonly name: string;
  readonly rules: readonly FelixRule[];
}

/** Rules that Felix puts before (insert) or behind (append) what others have in a chain of the kernel. */
export interface FelixHook {
  readonly chain: "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";
  readonly mode: "insert" | "append";
  readonly rules: readonly FelixRule[];
}

/** What Felix programs into one table of one address family. */
export interface FelixTable {
  readonly name: "raw" | "mangle" | "nat" | "filter";
  readonly hooks: readonly FelixHook[];
  readonly chains: readonly FelixChain[];
}

/** A rule without comments. */
export function felixRule(match: string, action: string): FelixRule {
  return { comments: [], match, action };
}

/** A rule with the sentence that Felix writes beside it. */
export function commentedRule(comment: string, match: string, action: string): FelixRule {
  return { comments: [comment], match, action };
}

const LONGEST_COMMENT = 256;

/** Felix's escaping (felix/iptables/renderer.go, escapeComment): what iptables-restore might misread becomes `_`. */
function escapedComment(comment: string): string {
  return comment.replace(/[^\w @%+=:,./-]/g, "_").slice(0, LONGEST_COMMENT);
}

/** The rule's text behind `-A CHAIN` and the hash comment. */
export function felixRuleText(rule: FelixRule): string {
  const comments = rule.comments.map((comment) => `-m comment --comment "${escapedComment(comment)}"`);
  return [...comments, rule.match, rule.action].filter((part) => part !== "").join(" ");
}
