import { isNodeCacheComment } from "../../kubernetes/node-local-dns/node-cache-on-node.ts";
import type { RestoreRule } from "../../model/restore-table.ts";
import type { Rule, TableName } from "../../model/ruleset.ts";
import { BUILT_IN_CHAINS } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { printRule } from "../../readers/iptables/print.ts";
import { readRuleText } from "../../readers/iptables/rule.ts";

/** A rule with the words by which it is compared. */
export interface ComparedRule {
  /** As iptables-save prints it behind `-A CHAIN`, without the comments of Felix and NodeLocal DNSCache and without accounting. */
  readonly text: string;
  /** The hash in Felix's comment; null for other rules. */
  readonly hash: string | null;
}

const HASH = /^cali:([A-Za-z0-9_-]{16})$/;

/** nfacct counts and matches always: whether kube-proxy writes it depends on the kernel's modules. */
const COUNTS_ONLY: ReadonlySet<string> = new Set(["nfacct"]);

export function comparedRule(rule: Rule, family: Family): ComparedRule {
  let hash: string | null = null;
  const matches = rule.matches.filter((match) => {
    if (match.name === "comment") {
      const found = HASH.exec(match.options.text)?.[1];
      // earlier releases of node-cache wrote none
      if (found === undefined) return !isNodeCacheComment(match.options.text);
      hash = found;
      return false;
    }
    return !COUNTS_ONLY.has(match.name);
  });
  const plain = matches.length === rule.matches.length ? rule : { ...rule, matches };
  const text = printRule({ ...plain, counters: null }, family);
  // one target, which each backend prints in its own words; and what old versions of iptables do not have
  const plainTarget = text.replace(/-j CT --notrack$/, "-j NOTRACK").replace(/ --random-fully$/, "");
  return { text: plainTarget, hash };
}

const parsed = new WeakMap<RestoreRule, readonly ComparedRule[]>();

/** What iptables-save prints of a rule that a program wrote; read once for all nodes that have the same object. */
export function comparedRestoreRule(
  rule: RestoreRule,
  family: Family,
  table: TableName,
  isChain: (name: string) => boolean,
): readonly ComparedRule[] {
  const before = parsed.get(rule);
  if (before !== undefined) return before;
  const known = (name: string): boolean => isChain(name) || BUILT_IN_CHAINS[table].includes(name);
  const { rules } = readRuleText(rule.text, { family, isChain: known, counters: null, origin: rule.origin });
  const compared = rules.map((one) => comparedRule(one, family));
  parsed.set(rule, compared);
  return compared;
}
