import { BUILT_IN_CHAINS, type ChainTable, type Match, type Rule, type Ruleset } from "../../model/ruleset.ts";
import { isRefused } from "./refused-rules.ts";

/** Matches whose checkentry calls nf_ct_netns_get(). */
const MATCHES: ReadonlySet<string> = new Set([
  "conntrack",
  "state",
  "connmark",
  "connbytes",
  "connlabel",
  "connlimit",
  "cluster",
  "helper",
]);

/** Targets that do the same. `CT` with only `--notrack` does not, nor does NOTRACK. */
const TARGETS: ReadonlySet<string> = new Set([
  "CONNMARK",
  "DNAT",
  "SNAT",
  "MASQUERADE",
  "REDIRECT",
  "NETMAP",
  "CONNSECMARK",
  "SYNPROXY",
]);

/**
 * Conntrack, and with it every nat chain, runs in a namespace only while some loaded rule needs it, whether or not
 * that rule is ever reached (measured: kernel.md K1).
 */
export function needsConntrack(ruleset: Ruleset): boolean {
  // what is left to look at is made only for this, where nodes share chains
  for (const { name, chains } of ruleset.tables.values()) {
    if (BUILT_IN_CHAINS[name].some((hook) => chains.get(hook)?.rules.some(ruleNeedsConntrack) === true)) return true;
  }
  for (const table of ruleset.tables.values()) if (tableNeedsConntrack(table)) return true;
  return false;
}

/** Whether a rule of the table needs it; a chain of type nat of nft's own has rules that do, or translates nothing. */
export function tableNeedsConntrack(table: ChainTable): boolean {
  const known = remembered.get(table.chains);
  if (known !== undefined) return known;
  for (const chain of table.chains.values()) if (chain.rules.some(ruleNeedsConntrack)) return true;
  return false;
}

/** Of chains whose rules are read when somebody looks at them. */
const remembered = new WeakMap<ChainTable["chains"], boolean>();

/** Says of chains what `tableNeedsConntrack` would find out by reading them all. */
export function rememberConntrack(chains: ChainTable["chains"], needs: boolean): void {
  remembered.set(chains, needs);
}

/** Whether the rule, wherever it stands, has connection tracking run. */
export function ruleNeedsConntrack(rule: Rule): boolean {
  if (isRefused(rule)) return false;
  if (rule.matches.some((match) => MATCHES.has(match.name) || asksConntrack(match))) return true;
  if (rule.target?.kind !== "extension") return false;
  const { call } = rule.target;
  return call.name === "CT" ? !call.options.notrack : TARGETS.has(call.name);
}

/** `ct` expressions of native nft rules call it too (net/netfilter/nft_ct.c). */
function asksConntrack(match: Match): boolean {
  if (match.name !== "nft") return false;
  const { options } = match;
  switch (options.kind) {
    case "lookup":
      return options.lookup.keys.some(({ of }) => of.startsWith("ct "));
    case "bits":
      return options.of.startsWith("ct ");
    case "statement":
      return TARGETS.has(options.call.name);
    case "unmodelled":
      return /\bct\b/.test(options.text);
    case "memo":
      return false;
  }
}
