import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { type FelixChain, type FelixRule, felixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { marked, setMark } from "./mark-rules.ts";
import { splitRule } from "./match-blocks.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { ruleMatch } from "./rule-match.ts";
import { ruleOfFamily } from "./rule-of-family.ts";

function actionRules(rule: PolicyRule, match: string, settings: FelixSettings): readonly FelixRule[] {
  const { marks, filterDenyAction: deny } = settings;
  switch (rule.action) {
    case "allow":
      return [felixRule(match, setMark(marks.accept)), felixRule(marked(marks.accept), "--jump RETURN")];
    case "pass":
      return [felixRule(match, setMark(marks.pass)), felixRule(marked(marks.pass), "--jump RETURN")];
    case "deny":
      return marks.drop === 0
        ? [felixRule(match, `--jump ${deny}`)]
        : [felixRule(match, setMark(marks.drop)), felixRule(marked(marks.drop), `--jump ${deny}`)];
    case "log":
      return [felixRule(match, `--jump LOG --log-prefix "${settings.logPrefix}: " --log-level 5`)];
  }
}

function renderRule(rule: PolicyRule, settings: FelixSettings): readonly FelixRule[] {
  const ours = ruleOfFamily(rule, settings.family, isSince(settings.band, "v3.32"));
  if (ours === null) return [];
  const { blocks, main } = splitRule(ours, settings.family, settings.marks);
  const whole = ruleMatch(main, settings.family);
  const match =
    blocks.length === 0 ? whole : [whole, marked(settings.marks.scratch0)].filter((part) => part !== "").join(" ");
  const comments = rule.annotations.map(([key, value]) => `${key}=${value}`);
  const origin = rule.origin === undefined ? {} : { origin: rule.origin };
  return [...blocks, ...actionRules(main, match, settings)].map((rendered) => ({ ...rendered, comments, ...origin }));
}

/**
 * The chain of a policy's or profile's rules in one direction (felix/rules/policy.go, ProtoRulesToIptablesRules). Returns
 * at the end are left out, as they change nothing, and a chain without rules keeps one for its comment.
 */
export function policyChain(
  name: string,
  comment: string,
  rules: readonly PolicyRule[],
  settings: FelixSettings,
  origin: Origin = NO_ORIGIN,
): FelixChain {
  const rendered = rules.flatMap((rule) => renderRule(rule, settings));
  while (rendered.at(-1)?.action === "--jump RETURN") rendered.pop();
  const [first = { ...felixRule("", ""), origin }, ...rest] = rendered;
  return { name, rules: [{ ...first, comments: [...first.comments, comment] }, ...rest] };
}
