import type { ChainTable, Rule, Ruleset } from "../../model/ruleset.ts";
import { isRefused } from "./refused-rules.ts";

/**
 * Whether a loaded rule has fragments put together before any rule sees them, as connection tracking has it too: `-j TPROXY` and
 * `-m socket` call nf_defrag_ipv4_enable() and nf_defrag_ipv6_enable() (net/netfilter/xt_TPROXY.c, xt_socket.c; measured:
 * test/kernel/regressions/tproxy-joins-fragments6.json).
 */
export function needsDefragmentation({ tables }: Ruleset): boolean {
  return [...tables.values()].some(tableNeedsDefragmentation);
}

/** The same of a table of nft's own, where `tproxy` does it and `socket` does not (tried: docs/lab-notes/kernel-fuzz.md). */
export function tableNeedsDefragmentation({ chains }: ChainTable): boolean {
  for (const { rules } of chains.values()) if (rules.some(asksForWholes)) return true;
  return false;
}

function asksForWholes(rule: Rule): boolean {
  if (isRefused(rule)) return false;
  if (rule.target?.kind === "extension") {
    const { call } = rule.target;
    if (call.name === "TPROXY" || (call.name === "nft" && /\btproxy\b/.test(call.options.text))) return true;
  }
  return rule.matches.some(
    (match) =>
      match.name === "socket" ||
      (match.name === "nft" && match.options.kind === "unmodelled" && /\btproxy\b/.test(match.options.text)),
  );
}
