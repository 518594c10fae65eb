import type { Network } from "../model/network.ts";
import { formatSource, type Source, sourceOf } from "../model/origin.ts";
import type { Chain, Rule } from "../model/ruleset.ts";
import type { Family } from "../net/address.ts";
import { printChainLine, printRuleLine } from "../readers/iptables/print.ts";
import { NO_BREAK } from "./wrap.ts";

/** A rule, or the policy of a chain when `rule` is null. */
export interface CitedRule {
  readonly family: Family;
  readonly chain: Chain;
  readonly rule: Rule | null;
}

/** As iptables-save prints it: `-A INPUT -p tcp -j ACCEPT`, or `:INPUT DROP [39:2340]`; of nft's own, in nft's words. */
export function ruleText(cited: CitedRule): string {
  const { chain, rule, family } = cited;
  if (rule?.nft !== undefined) return `chain ${chain.name}: ${rule.nft.text}`;
  if (rule === null && chain.nft !== undefined) return `chain ${chain.name} { ${chain.nft} }`;
  return rule === null ? printChainLine(chain) : printRuleLine(chain.name, rule, family);
}

export function ruleSource(network: Network, cited: CitedRule): Source | null {
  return sourceOf(network.origins, (cited.rule ?? cited.chain).origin);
}

/** File and line of a rule or field of a resource; of a declared cluster's rules that no resource asks for, who writes them. */
export function citeRule(network: Network, cited: CitedRule): string {
  return formatSource(ruleSource(network, cited)) || writer(cited);
}

/** Felix and kube-proxy write some rules whatever is declared. */
function writer({ chain, rule }: CitedRule): string {
  const comments =
    rule === null ? [] : rule.matches.flatMap((match) => (match.name === "comment" ? [match.options.text] : []));
  const isFelix = chain.name.startsWith("cali-") || comments.some((text) => text.startsWith("cali:"));
  if (isFelix) return "written by Felix on every node";
  if (chain.name.startsWith("KUBE-") || comments.some((text) => text.startsWith("kubernetes "))) {
    return "written by kube-proxy on every node";
  }
  return "not in a dump";
}

/** `filter INPUT rule 3`, `the policy of filter INPUT`. */
export function rulePlace(table: string, chain: string, index: number): string {
  return index === 0 ? `the policy of ${table} ${chain}` : `${table} ${chain} rule${NO_BREAK}${index}`;
}
