import type { CommentedRules } from "../../model/restore-table.ts";
import type { Match, Rule } from "../../model/ruleset.ts";
import { readRuleText } from "../iptables/rule.ts";
import type { RuleScope } from "../iptables/rule-reading.ts";
import { keepsNothing, type SharedParts } from "../iptables/shared-parts.ts";
import { readInterfaceRule } from "./interface-rule.ts";

/** What the rules are read with; all of them have the same counters. */
type Scope = Omit<RuleScope, "origin"> & { readonly shared: SharedParts };

/**
 * Reads rules whose comments nobody has made yet, as `readRuleText` reads their whole lines. Endpoints and policies have most of their
 * rules in common but for the hash in front: what stands behind it is read once.
 */
export function readCommentedRules({ rests, commentOf }: CommentedRules, scope: Scope): readonly Rule[] {
  return rests.flatMap(({ text, origin }, index): readonly Rule[] => {
    const comment = laterComment(() => commentOf(index));
    const own = { ...scope, origin };
    const ofInterface = readInterfaceRule(text, comment, own, scope.shared);
    if (ofInterface !== null) return [ofInterface];
    const rest = restOf(text, own, scope.shared);
    if (rest !== null) return rest.map((rule) => ({ ...rule, matches: [comment, ...rule.matches], origin }));
    return readRuleText(`-m comment --comment "${commentOf(index)}" ${text}`, own).rules;
  });
}

function laterComment(make: () => string): Match<"comment"> {
  return {
    name: "comment",
    options: {
      get text() {
        return make();
      },
    },
  };
}

/** Null where something is wrong with the rule: what follows a comment may be taken for its options. */
function restOf(text: string, scope: RuleScope, shared: SharedParts): readonly Rule[] | null {
  const key = `${scope.family} ${text}`;
  const known = shared.rules.get(key);
  if (known !== undefined) return known;
  const { rules, problems } = readRuleText(text, scope);
  if (problems.length > 0) return null;
  if (rules.every(keepsNothing)) shared.rules.set(key, rules);
  return rules;
}
