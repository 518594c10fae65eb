import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { type FelixChain, type FelixRule, felixRule } from "./felix-rule.ts";
import { type FelixSettings, isSince } from "./felix-settings.ts";
import { type Direction, type LoggedOwner, nflogRule, rulePrefix } from "./flow-logs.ts";
import { marked, setMark } from "./mark-rules.ts";
import { splitRule } from "./match-blocks.ts";
import type { PolicyRule } from "./policy-rule.ts";
import { ruleMatch } from "./rule-match.ts";
import { ruleOfFamily } from "./rule-of-family.ts";

/** What the flow logs call the rules of a chain; null: packets that are not tracked are not logged. */
export interface LoggedChain {
  readonly owner: LoggedOwner;
  readonly direction: Direction;
  readonly id: string;
}

function actionRules(
  rule: PolicyRule,
  match: string,
  settings: FelixSettings,
  logged: LoggedChain | null,
  index: number,
): readonly FelixRule[] {
  const { marks, filterDenyAction: deny } = settings;
  const log = (action: "allow" | "deny" | "pass", wanted: string): readonly FelixRule[] =>
    logged === null || !settings.flowLogs
      ? []
      : [nflogRule(wanted, logged.direction, rulePrefix(action, logged.owner, logged.direction, index, logged.id))];
  switch (rule.action) {
    case "allow":
      return [
        felixRule(match, setMark(marks.accept)),
        ...log("allow", marked(marks.accept)),
        felixRule(marked(marks.accept), "--jump RETURN"),
      ];
    case "pass":
      return [
        felixRule(match, setMark(marks.pass)),
        ...log("pass", marked(marks.pass)),
        felixRule(marked(marks.pass), "--jump RETURN"),
      ];
    case "deny":
      return marks.drop === 0
        ? [felixRule(match, `--jump ${deny}`)]
        : [
            felixRule(match, setMark(marks.drop)),
            ...log("deny", marked(marks.drop)),
            felixRule(marked(marks.drop), `--jump ${deny}`),
          ];
    case "log":
      return [felixRule(match, `--jump LOG --log-prefix "${settings.logPrefix}: " --log-level 5`)];
  }
}

function renderRule(
  rule: PolicyRule,
  settings: FelixSettings,
  logged: LoggedChain | null,
  index: number,
): readonly FelixRule[] {
  const ours = ruleOfFamily(rule, settings.family, isSince(settings.band, "v3.32"));
  if (ours === null) return [];
  const { blocks, main } = splitRule(ours, settings.family, settings.marks);
  const whole = ruleMatch(main, settings.family);
  const match =
    blocks.length === 0 ? whole : [whole, marked(settings.marks.scratch0)].filter((part) => part !== "").join(" ");
  const comments = rule.annotations.map(([key, value]) => `${key}=${value}`);
  const origin = rule.origin === undefined ? {} : { origin: rule.origin };
  return [...blocks, ...actionRules(main, match, settings, logged, index)].map((rendered) => ({
    ...rendered,
    comments,
    ...origin,
  }));
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
  logged: LoggedChain | null = null,
): FelixChain {
  const rendered = rules.flatMap((rule, i) => renderRule(rule, settings, logged, i));
  while (rendered.at(-1)?.action === "--jump RETURN") rendered.pop();
  const [first = { ...felixRule("", ""), origin }, ...rest] = rendered;
  return { name, rules: [{ ...first, comments: [...first.comments, comment] }, ...rest] };
}
