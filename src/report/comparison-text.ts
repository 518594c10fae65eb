import type { HostSession } from "../analysis/bgp-evidence.ts";
import type {
  PolicyDifference,
  RouteDifference,
  RuleDifference,
  SessionDifference,
  SessionOpening,
  Side,
  SnapshotComparison,
} from "../analysis/compare-snapshots.ts";
import { decisiveJourney } from "../analysis/journeys.ts";
import type { Network } from "../model/network.ts";
import type { Chain } from "../model/ruleset.ts";
import { namedAddress } from "./address-names.ts";
import { askedProbe } from "./asked.ts";
import { decidingRule, describeEnd } from "./ending-text.ts";
import type { Ink } from "./ink.ts";
import { citeRoute, routeText } from "./route-text.ts";
import { citeRule, ruleText } from "./rule-text.ts";
import { traceText } from "./trace-text.ts";
import { columns, paragraph, WIDTH } from "./wrap.ts";

/** What differs between two snapshots, for people. */
export function comparisonText(comparison: SnapshotComparison, ink: Ink): string {
  const { first, second } = comparison;
  const title = `── What differs: ${first.name} and ${second.name} `;
  const lines = [
    ink.strong(`${title}${"─".repeat(Math.max(0, WIDTH - columns(title)))}`),
    ...hostLines(comparison, ink),
    ...routeLines(comparison, ink),
    ...sessionLines(comparison, ink),
    ...ruleLines(comparison, ink),
    ...openingLines(comparison, ink),
  ];
  if (lines.length === 1)
    lines.push("", "Nothing that decides where packets go: same routes, same rules, same BGP sessions.");
  return `${lines.join("\n")}\n`;
}

function nameOf(comparison: SnapshotComparison, side: Side): string {
  return comparison[side].name;
}

function networkOf(comparison: SnapshotComparison, side: Side): Network {
  return comparison[side].network;
}

const SIDES: readonly Side[] = ["first", "second"];

function hostLines(comparison: SnapshotComparison, ink: Ink): readonly string[] {
  const lines: string[] = [];
  const { hostsOnlyInFirst: first, hostsOnlyInSecond: second } = comparison;
  if (first.length > 0) lines.push(...paragraph(`only in ${comparison.first.name}: ${first.join(", ")}`, "  "));
  if (second.length > 0) lines.push(...paragraph(`only in ${comparison.second.name}: ${second.join(", ")}`, "  "));
  return lines.length === 0 ? [] : ["", ink.strong("Machines"), ...lines];
}

function routeLines(comparison: SnapshotComparison, ink: Ink): readonly string[] {
  const lines: string[] = [];
  for (const side of SIDES) {
    const own = comparison.routes.filter((difference) => difference.side === side);
    if (own.length === 0) continue;
    const other = side === "first" ? "second" : "first";
    lines.push("", ink.strong(`Routes in ${nameOf(comparison, side)}, missing in ${nameOf(comparison, other)}`));
    for (const [host, routes] of byHost(own)) {
      lines.push(`  ${ink.name(host)}`);
      for (const difference of routes) lines.push(...oneRoute(comparison, difference, ink));
    }
  }
  return lines;
}

function oneRoute(comparison: SnapshotComparison, difference: RouteDifference, ink: Ink): readonly string[] {
  const { route, pods, side } = difference;
  const shown = pods.length > 4 ? `${pods.slice(0, 3).join(", ")} and ${pods.length - 3} more` : pods.join(", ");
  return [
    ...paragraph(routeText(route), "      ", "    "),
    ...(pods.length === 0 ? [] : paragraph(`the way to ${shown}`, "      ", "      ", ink.faint)),
    ...paragraph(citeRoute(networkOf(comparison, side), route), "      ", "      ", ink.faint),
  ];
}

function byHost<T extends { readonly host: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.host, [...(groups.get(item.host) ?? []), item]);
  return groups;
}

function sessionLines(comparison: SnapshotComparison, ink: Ink): readonly string[] {
  if (comparison.sessions.length === 0) return [];
  const width = Math.max(...comparison.sessions.map((session) => columns(sessionName(comparison, session))));
  const [x, y] = [comparison.first.name, comparison.second.name];
  const column = Math.max(columns(x), 12) + 2;
  const lines = [
    "",
    ink.strong("BGP sessions (birdc show protocols)"),
    ink.faint(`  ${"".padEnd(width)}  ${x.padEnd(column)}${y}`),
  ];
  for (const session of comparison.sessions) {
    const first = infoOf(session.first).padEnd(column);
    const colour = (text: string, info: HostSession | null): string =>
      info?.state === "up" ? ink.good(text) : ink.bad(text);
    lines.push(
      `  ${sessionName(comparison, session).padEnd(width)}  ${colour(first, session.first)}${colour(infoOf(session.second), session.second)}`,
    );
  }
  return lines;
}

function sessionName(comparison: SnapshotComparison, session: SessionDifference): string {
  const neighbour = (session.first ?? session.second)?.peer ?? null;
  return `${session.host} → ${neighbour === null ? session.name : namedAddress(comparison.first.network, neighbour)}`;
}

function infoOf(session: HostSession | null): string {
  return session === null ? "no session" : session.info || session.state;
}

/** Policies and rules; hosts that differ in the same way come together. */
function ruleLines(comparison: SnapshotComparison, ink: Ink): readonly string[] {
  const lines: string[] = [];
  const policies = grouped(
    comparison.policies,
    (item) => `${item.family} ${item.table} ${policyWords(comparison, item)}`,
  );
  for (const group of policies) {
    const [first] = group;
    if (first === undefined) continue;
    lines.push(
      ...paragraph(`${group.map((item) => item.host).join(", ")}: ${policyWords(comparison, first)}`, "    ", "  "),
    );
    for (const item of group) lines.push(...policyPlaces(comparison, item, ink));
  }
  for (const side of SIDES) {
    const own = comparison.rules.filter((difference) => difference.side === side);
    const groups = grouped(own, (item) => `${item.table} ${ruleText(item)}`);
    if (groups.length === 0) continue;
    lines.push(`  only in ${nameOf(comparison, side)}:`);
    for (const group of groups.slice(0, MOST_RULES)) lines.push(...oneRule(comparison, group, ink));
    if (groups.length > MOST_RULES) lines.push(`    … and ${groups.length - MOST_RULES} more rules`);
  }
  return lines.length === 0 ? [] : ["", ink.strong("Rules"), ...lines];
}

/** Rules told one by one: more than these are another ruleset, not a difference. */
const MOST_RULES = 20;

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

function policyWords(comparison: SnapshotComparison, item: PolicyDifference): string {
  const name = (item.first ?? item.second)?.name ?? "";
  const word = (chain: Chain | null): string => chain?.policy ?? "no such chain";
  return `policy of ${item.table} ${name} is ${word(item.first)} in ${nameOf(comparison, "first")}, ${word(item.second)} in ${nameOf(comparison, "second")}`;
}

function policyPlaces(comparison: SnapshotComparison, item: PolicyDifference, ink: Ink): readonly string[] {
  return SIDES.flatMap((side) => {
    const chain = item[side];
    if (chain === null || chain.policy !== "DROP") return [];
    const cited = { family: item.family, chain, rule: null };
    return paragraph(`${ruleText(cited)}   ${citeRule(networkOf(comparison, side), cited)}`, "      ", "    ", ink.bad);
  });
}

function oneRule(comparison: SnapshotComparison, group: readonly RuleDifference[], ink: Ink): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const places = group.map((item) => citeRule(networkOf(comparison, item.side), item));
  return [
    ...paragraph(`${first.table}: ${ruleText(first)}`, "      ", "    "),
    ...paragraph(places.join(", "), "      ", "      ", ink.faint),
  ];
}

/** What happens to the packets that would open the sessions: one line each, the first one hop by hop. */
function openingLines(comparison: SnapshotComparison, ink: Ink): readonly string[] {
  const { openings } = comparison;
  const [first] = openings;
  if (first === undefined) return [];
  const lines = [
    "",
    ink.strong(`The SYN to tcp/179 that would open these sessions, in ${nameOf(comparison, first.side)}`),
  ];
  for (const opening of openings) lines.push(...oneOpening(comparison, opening, ink));
  const text = traceText(askedProbe(first.probe), first.answer, { ink, verbose: false, grounds: false });
  return [...lines, "", text.trimEnd()];
}

function oneOpening(comparison: SnapshotComparison, opening: SessionOpening, ink: Ink): readonly string[] {
  const lines = [`  ${ink.name(`${opening.from} → ${opening.to}`)}`];
  const [branch] = opening.answer.branches;
  const journey = branch === undefined ? null : decisiveJourney(branch.run);
  if (branch === undefined || journey === null) return lines;
  const answered = branch.run.report?.result === "answered";
  lines.push(
    ...paragraph(
      describeEnd(networkOf(comparison, opening.side), journey),
      "      ",
      `    ${answered ? ink.good("✓") : ink.bad("✗")} `,
    ),
  );
  const rule = decidingRule(journey);
  if (rule !== null) lines.push(...paragraph(ruleText(rule), "      ", "      ", ink.bad));
  return lines;
}
