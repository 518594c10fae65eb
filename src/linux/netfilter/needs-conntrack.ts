import { BUILT_IN_CHAINS, type ChainTable, type Match, type Rule, type Ruleset } from "../../model/ruleset.ts";
import type { Damage } from "./damaged-rule.ts";
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
 * Extensions without a model that do not (measured, as the lists above: test/kernel/facts/conntrack-runs.test.ts). Of others nobody can tell.
 */
const UNMODELLED_WITHOUT: ReadonlySet<string> = new Set(["rateest", "srh"]);

/** Whether something has connection tracking run; `perhaps`: it holds what podpath does not model, or a rule that was cut off. */
export type ConntrackNeed = "no" | "perhaps" | "yes";

/** What all of them need together. */
export function strongestNeed<T>(things: Iterable<T>, needOf: (thing: T) => ConntrackNeed): ConntrackNeed {
  let strongest: ConntrackNeed = "no";
  for (const thing of things) {
    const need = needOf(thing);
    if (need === "yes") return need;
    if (need === "perhaps") strongest = need;
  }
  return strongest;
}

/**
 * Conntrack, and with it every nat chain, runs in a namespace only while some loaded rule needs it, whether or not
 * that rule is ever reached (measured: kernel.md K1).
 */
export function conntrackNeed(ruleset: Ruleset): ConntrackNeed {
  // what is left to look at is made only for this, where nodes share chains
  for (const { name, chains } of ruleset.tables.values()) {
    const needs = BUILT_IN_CHAINS[name].some((hook) =>
      chains.get(hook)?.rules.some((rule) => ruleConntrackNeed(rule) === "yes"),
    );
    if (needs) return "yes";
  }
  return strongestNeed(ruleset.tables.values(), tableConntrackNeed);
}

/** Whether a rule of the table needs it; a chain of type nat of nft's own has rules that do, or translates nothing. */
export function tableConntrackNeed(table: ChainTable): ConntrackNeed {
  const known = remembered.get(table.chains);
  if (known !== undefined) return known;
  return strongestNeed(table.chains.values(), ({ rules }) => strongestNeed(rules, ruleConntrackNeed));
}

/** Of chains whose rules are read when somebody looks at them. */
const remembered = new WeakMap<ChainTable["chains"], ConntrackNeed>();

/** Says of chains what `tableConntrackNeed` would find out by reading them all. */
export function rememberConntrackNeed(chains: ChainTable["chains"], need: ConntrackNeed): void {
  remembered.set(chains, need);
}

/** Whether the rule, wherever it stands, has connection tracking run. */
export function ruleConntrackNeed(rule: Rule): ConntrackNeed {
  if (isRefused(rule)) return "no";
  const { matches, target } = rule;
  const need = strongestNeed(matches, matchNeed);
  if (need === "yes" || target?.kind !== "extension") return need;
  const { call } = target;
  switch (call.name) {
    case "CT":
      return call.options.notrack ? need : "yes";
    case "nft":
      return ASKING_STATEMENT.test(call.options.text) ? "yes" : need;
    case "unmodelled":
      return isKnownWithout(call.options) ? need : "perhaps";
    default:
      return TARGETS.has(call.name) ? "yes" : need;
  }
}

function isKnownWithout({ extension, damage }: { readonly extension: string; readonly damage?: Damage }): boolean {
  return damage === undefined && UNMODELLED_WITHOUT.has(extension);
}

/** Words of native nft rules that call it too (net/netfilter/nft_ct.c, nft_nat.c, nft_masq.c, nft_redir.c, nft_synproxy.c, nft_flow_offload.c). */
const ASKING_STATEMENT = /\b(?:ct|[ds]nat|masquerade|redirect|synproxy|flow add)\b/;

function matchNeed(match: Match): ConntrackNeed {
  if (MATCHES.has(match.name)) return "yes";
  if (match.name === "unmodelled") return isKnownWithout(match.options) ? "no" : "perhaps";
  if (match.name !== "nft") return "no";
  return asksConntrack(match.options) ? "yes" : "no";
}

function asksConntrack(options: Extract<Match, { readonly name: "nft" }>["options"]): boolean {
  switch (options.kind) {
    case "lookup":
      return options.lookup.keys.some(({ of }) => of.startsWith("ct "));
    case "bits":
      return options.of.startsWith("ct ");
    case "statement":
      return TARGETS.has(options.call.name);
    case "unmodelled":
      return ASKING_STATEMENT.test(options.text);
    case "memo":
      return false;
  }
}
