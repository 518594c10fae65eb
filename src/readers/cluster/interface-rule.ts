import type { Match, Rule } from "../../model/ruleset.ts";
import type { RuleScope } from "../iptables/rule-reading.ts";
import { chainTarget, type SharedParts } from "../iptables/shared-parts.ts";

/** An interface, whose name takes all fifteen characters in a cluster of Calico, and the chain of its endpoint. */
const FORM = /^--(in|out)-interface ([\w.-]{1,15}|[\w.-]{1,14}\+) --goto ([\w-]+)$/;

/**
 * Reads a rule by which Felix finds the chain of an endpoint, as `readRuleText` does, but sooner: a node has a hundred, and a packet that
 * comes to it has to wait for all of them. Null for rules of any other form.
 *
 * @param text what stands behind the comment
 */
export function readInterfaceRule(text: string, comment: Match, scope: RuleScope, shared: SharedParts): Rule | null {
  const found = FORM.exec(text);
  if (found === null) return null;
  const pattern = found[2] ?? "";
  const chain = found[3] ?? "";
  if (!scope.isChain(chain)) return null;
  const named = { pattern, invert: false };
  const isIn = found[1] === "in";
  return {
    source: null,
    destination: null,
    inInterface: isIn ? named : null,
    outInterface: isIn ? null : named,
    protocol: null,
    fragment: null,
    matches: [comment],
    target: chainTarget(shared, "goto", chain),
    counters: scope.counters,
    origin: scope.origin,
  };
}
