import type { Rule } from "../../model/ruleset.ts";
import type { RuleScope } from "../iptables/rule-reading.ts";
import { chainTarget, type SharedParts } from "../iptables/shared-parts.ts";

/** An interface, and the chain of its endpoint, behind Felix's hash. */
const FORM = /^-m comment --comment "(cali:[\w-]{16})" --(in|out)-interface ([\w.-]{1,14}\+?) --goto ([\w-]+)$/;

/**
 * Reads a rule by which Felix finds the chain of an endpoint, as `readRuleText` does, but sooner: a node has a hundred, and a packet that
 * comes to it has to wait for all of them. Null for rules of any other form.
 */
export function readInterfaceRule(text: string, scope: RuleScope, shared: SharedParts): Rule | null {
  const [, comment = "", side, pattern = "", chain = ""] = FORM.exec(text) ?? [];
  if (side === undefined || !scope.isChain(chain)) return null;
  const named = { pattern, invert: false };
  return {
    source: null,
    destination: null,
    inInterface: side === "in" ? named : null,
    outInterface: side === "out" ? named : null,
    protocol: null,
    fragment: null,
    matches: [{ name: "comment", options: { text: comment } }],
    target: chainTarget(shared, "goto", chain),
    counters: scope.counters,
    origin: scope.origin,
  };
}
