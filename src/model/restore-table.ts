import type { Leads } from "./leads.ts";
import type { Likeness } from "./likeness.ts";
import type { Origin } from "./origin.ts";
import type { TableName } from "./ruleset.ts";

/** A rule as a program writes it for iptables-restore: all of its line behind `-A CHAIN`. */
export interface RestoreRule {
  readonly text: string;
  /** The resource field that caused it; NO_ORIGIN for rules that are always there. */
  readonly origin: Origin;
}

/** Rules of which each begins with a comment that takes long to make: a hash of its rule and of all before it. */
export interface CommentedRules {
  /** Without that comment. */
  readonly rests: readonly RestoreRule[];
  /** The text of the comment of one of them, by its index. */
  commentOf(index: number): string;
}

/** Such rules with all of their lines. */
export function withComments({ rests, commentOf }: CommentedRules): readonly RestoreRule[] {
  return rests.map(({ text, origin }, i) => ({
    text: `-m comment --comment "${commentOf(i)}"${text === "" ? "" : ` ${text}`}`,
    origin,
  }));
}

/** A chain that a program owns whole. Equal chains of many nodes are one object: what is made of it is made once. */
export interface RestoreChain {
  readonly name: string;
  readonly rules: readonly RestoreRule[];
  /** The same rules, for those who need no comments. */
  readonly commented?: () => CommentedRules;
  /** The same object for all chains whose rules differ in nothing but the chain's own name and the hashes that are made of it. */
  readonly likeness?: Likeness;
  /** What its rules jump to, in their order, where that is known without them: they ask no set, and no resource made them. */
  readonly leads?: Leads;
}

/** Rules that a program puts before (insert) or behind (append) what others have in a chain of the kernel. */
export interface RestoreHook {
  readonly chain: "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING";
  readonly mode: "insert" | "append";
  readonly rules: readonly RestoreRule[];
}

/** What one program (Felix, kube-proxy) programs into one table of one address family. */
export interface RestoreTable {
  readonly name: TableName;
  readonly hooks: readonly RestoreHook[];
  /** All of them; a large table makes them when somebody looks. */
  readonly chains: readonly RestoreChain[];
  /**
   * A chain that some rule of the table leads to, made without the others. Absent: the table is small, and is found by its chains.
   */
  readonly find?: (name: string) => RestoreChain | undefined;
}
