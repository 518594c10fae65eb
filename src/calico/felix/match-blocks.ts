import { type FelixRule, felixRule } from "./felix-rule.ts";
import { formatMark, type MarkBits } from "./mark-bits.ts";
import { clearMark, setMark, unmarked } from "./mark-rules.ts";
import type { PolicyRule, PolicyRuleSide } from "./policy-rule.ts";
import { formatPorts, splitPorts } from "./port-lists.ts";
import { netMatch, portSetMatch, portsMatch } from "./rule-match.ts";

/** A policy rule split into what needs rules of its own and what fits the main one. */
export interface SplitRule {
  /** Set scratch0 when all of their blocks hold; none when the main rule can say everything. */
  readonly blocks: readonly FelixRule[];
  readonly main: PolicyRule;
}

const SIDES = ["source", "destination"] as const;

/** The port alternatives of a side that one rule cannot say; none when it can. */
function portAlternatives(rule: PolicyRule, side: (typeof SIDES)[number], family: 4 | 6): readonly string[] {
  const { ports, namedPortSets } = rule[side];
  const groups = splitPorts(ports);
  if (groups.length + namedPortSets.length <= 1) return [];
  const protocol = rule.protocol === null ? "" : `-p ${rule.protocol} `;
  return [
    ...groups.map((group) => `${protocol}${portsMatch(side, formatPorts(group))}`),
    ...namedPortSets.map((id) => portSetMatch(side, id, family)),
  ];
}

/**
 * Splits a rule that asks more than one iptables rule can say: alternatives of ports or networks, and networks that are
 * excluded beside others (felix/rules/policy.go, ProtoRuleToIptablesRules and matchBlockBuilder). Upstream does not clear
 * scratch1 between blocks, so that from the third positive block on only the second one's result counts; packets meet
 * what upstream writes, and so does this.
 */
export function splitRule(rule: PolicyRule, family: 4 | 6, marks: MarkBits): SplitRule {
  const positive: (readonly string[])[] = [];
  let { source, destination } = rule;
  const update = (side: (typeof SIDES)[number], change: Partial<PolicyRuleSide>): void => {
    if (side === "source") source = { ...source, ...change };
    else destination = { ...destination, ...change };
  };
  for (const side of SIDES) {
    const alternatives = portAlternatives(rule, side, family);
    if (alternatives.length === 0) continue;
    positive.push(alternatives);
    update(side, { ports: [], namedPortSets: [] });
  }
  for (const side of SIDES) {
    const { nets } = rule[side];
    if (nets.length <= 1) continue;
    positive.push(nets.map((net) => netMatch(side, net)));
    update(side, { nets: [] });
  }
  const negative: string[] = [];
  for (const side of SIDES) {
    const { nets, notNets } = side === "source" ? source : destination;
    if (nets.length + notNets.length <= 1) continue;
    negative.push(...notNets.map((net) => netMatch(side, net)));
    update(side, { notNets: [] });
  }
  if (positive.length === 0 && negative.length === 0) return { blocks: [], main: rule };

  const scratch = (marks.scratch0 | marks.scratch1) >>> 0;
  const initially = positive.length === 0 ? formatMark(marks.scratch0) : "0";
  const blocks: FelixRule[] = [felixRule("", `--jump MARK --set-mark ${initially}/${formatMark(scratch)}`)];
  for (const [i, alternatives] of positive.entries()) {
    const bit = i === 0 ? marks.scratch0 : marks.scratch1;
    blocks.push(...alternatives.map((match) => felixRule(match, setMark(bit))));
    if (i > 0) blocks.push({ ...clearMark(marks.scratch0), match: unmarked(marks.scratch1) });
  }
  blocks.push(...negative.map((match) => ({ ...clearMark(marks.scratch0), match })));
  return { blocks, main: { ...rule, source, destination } };
}
