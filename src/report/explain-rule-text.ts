import type { Explanation, RuleGroup, SetGroup } from "../analysis/explain/explain-target.ts";
import type { ExplainedRule } from "../analysis/explain/explained-rule.ts";
import { formatSource, type Source } from "../model/origin.ts";
import type { Ink } from "./ink.ts";
import { plural } from "./plural.ts";

/** So many members of a set are shown. */
const MEMBERS = 20;
/** So many nodes are named. */
const NODES = 6;
/** So many chains that are like another one are named. */
const CHAINS = 4;

/** `podpath explain-rule` for people: each rule with the line it was read from and the field that made it. */
export function explainRuleText({ rules, sets }: Explanation, ink: Ink): string {
  const parts = [...rules.map((group) => ruleLines(group, ink)), ...sets.map((group) => setLines(group, ink))];
  return `${parts.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function nodesText(nodes: readonly string[]): string {
  const named = nodes.slice(0, NODES).join(", ");
  return nodes.length > NODES ? `${named} and ${nodes.length - NODES} more` : named;
}

function ruleLines({ nodes, family, table, chain, cause, rules, alike }: RuleGroup, ink: Ink): readonly string[] {
  const six = family === 6 ? " of IPv6" : "";
  const head = `${ink.strong(`${table} ${chain}`)}${six} on ${nodesText(nodes)}`;
  const lines = rules.flatMap((rule) => [
    `  ${String(rule.index).padStart(3)}  ${rule.text}`,
    ...placeLines(rule, ink),
  ]);
  const ofChain = cause === null ? [] : [`  of ${formatSource(cause)}`];
  return [head, ...ofChain, ...alikeLines(alike), ...(rules.length === 0 ? ["  no rules"] : lines)];
}

function alikeLines(alike: RuleGroup["alike"]): readonly string[] {
  if (alike.length === 0) return [];
  const nodes = [...new Set(alike.flatMap((one) => one.nodes))];
  const chains = plural(alike.length, "chain");
  const named = alike.slice(0, CHAINS).map(({ chain }) => chain);
  const rest = alike.length > CHAINS ? ", …" : "";
  return [
    `  and ${chains} of other devices with the same rules but for names and hashes, on ${nodesText(nodes)}:`,
    `  ${named.join(", ")}${rest}`,
  ];
}

function placeLines({ written, cause, owner }: ExplainedRule, ink: Ink): readonly string[] {
  const place = placeText(written);
  const who = owner ?? "nobody of the cluster";
  const why = cause === null ? "" : `, because of ${formatSource(cause)}`;
  return [ink.faint(`       ${place === "" ? "" : `${place}, `}written by ${who}${why}`)];
}

/** File and line of a dump; a resource is told as the reason. */
function placeText(source: Source | null): string {
  if (source?.file === undefined || source.resource !== undefined) return "";
  return source.line === undefined ? source.file : `${source.file}:${source.line}`;
}

function setLines({ nodes, set }: SetGroup, ink: Ink): readonly string[] {
  const shown = set.members.slice(0, MEMBERS);
  const width = Math.max(0, ...shown.map(({ text }) => text.length));
  const rest = set.members.length - shown.length;
  return [
    `${ink.strong(`set ${set.name}`)} (${set.type}, ${plural(set.members.length, "member")}) on ${nodesText(nodes)}`,
    ...shown.map(({ text, written, cause }) => {
      const why = cause === null ? placeText(written) : formatSource(cause);
      return `  ${text.padEnd(width)}  ${ink.faint(why)}`.trimEnd();
    }),
    ...(rest > 0 ? [`  … and ${rest} more`] : []),
    ...(set.usedBy.length === 0 ? [ink.faint("  asked by no rule")] : ["  asked by"]),
    ...set.usedBy.flatMap((rule) => [`    ${rule.table} ${rule.text}`, ...placeLines(rule, ink)]),
  ];
}
