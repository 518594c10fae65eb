import { reasonOnHost } from "../linux/drop-reason-by-kernel.ts";
import { append } from "../model/append.ts";
import type { ConntrackRecord } from "../model/conntrack-record.ts";
import type { Network } from "../model/network.ts";
import { formatSource, sourceOf } from "../model/origin.ts";
import { type Address, formatAddress, isUnspecified, sameAddress } from "../net/address.ts";
import { describePacket, type Packet } from "../net/packet.ts";
import { prefixContains } from "../net/prefix.ts";
import type { RulePlace, TraceStep } from "../trace/step.ts";
import { ownerOf } from "./address-names.ts";
import { fallbackFact } from "./fallback-fact.ts";
import { type HookSummary, summariseHook } from "./hook-summary.ts";
import type { Ink } from "./ink.ts";
import { plural } from "./plural.ts";
import { citeRoute, isSupposed, routeText, SUPPOSED } from "./route-text.ts";
import { type CitedRule, citeRule, rulePlace, ruleText } from "./rule-text.ts";
import type { Visit, VisitPart } from "./visit.ts";
import { columns, paragraph } from "./wrap.ts";

export interface VisitStyle {
  readonly ink: Ink;
  /** Every rule that was evaluated. */
  readonly verbose: boolean;
}

const LABEL = 12;
const INDENT = " ".repeat(4 + LABEL);

/** A labelled entry of a block; `mark` stands in the margin of what matters. */
function entry(style: VisitStyle, label: string, text: string, tone: "plain" | "bad" | "good" = "plain"): string[] {
  const { ink } = style;
  const mark = tone === "bad" ? "✗" : tone === "good" ? "✓" : " ";
  const colour = tone === "bad" ? ink.bad : tone === "good" ? ink.good : (line: string): string => line;
  const padded = label.padEnd(LABEL - 1);
  const first = `  ${colour(mark)} ${tone === "plain" ? ink.faint(padded) : colour(padded)} `;
  return paragraph(text, INDENT, first, tone === "bad" ? (line) => ink.bad(ink.strong(line)) : colour).slice();
}

function note(style: VisitStyle, text: string): readonly string[] {
  return paragraph(text, INDENT, INDENT, style.ink.faint);
}

/** One host's block: what happened there, line by line. */
export function visitLines(network: Network, visit: Visit, style: VisitStyle): readonly string[] {
  const { ink } = style;
  const lines = [`  ${ink.strong(ink.name(visit.host))}`];
  let nextHop: Address | null = null;
  let decided = false;
  for (const part of visit.parts) {
    if (part.kind === "hook") {
      const summary = summariseHook(part.hook, part.steps);
      decided ||= summary.decision?.final === true;
      if (style.verbose) append(lines, everyStep(network, part, style));
      else lines.push(...part.steps.flatMap((step) => (step.kind === "choice" ? choiceLines(step, style) : [])));
      lines.push(...hookLines(network, summary, style));
      continue;
    }
    const { step } = part;
    if (step.kind === "route" && step.result.kind === "unicast") nextHop = step.result.nextHop;
    if ((step.kind === "drop" || step.kind === "reject") && decided) continue;
    lines.push(...stepLines(network, visit.host, step, nextHop, style));
  }
  return lines;
}

function hookLines(network: Network, summary: HookSummary, style: VisitStyle): readonly string[] {
  const lines: string[] = [];
  const { decision, ctState } = summary;
  const final = decision?.final === true;
  if (!final && (summary.matched > 0 || ctState === "INVALID")) {
    const state = ctState === null || ctState === "-" ? "" : `${ctState}; `;
    const accepted = decision === null ? "passed" : `accepted by ${acceptedBy(decision.place)}`;
    lines.push(...entry(style, summary.hook, `${state}${plural(summary.matched, "rule")} matched, ${accepted}`));
    if (decision !== null && decision.place.index > 0) {
      lines.push(...note(style, citeRule(network, citedPlace(decision.place))));
    }
  }
  for (const step of summary.notable)
    lines.push(
      ...entry(style, step.place.table, ruleText(citedPlace(step.place))),
      ...ruleNote(network, step.place, style),
    );
  for (const { step, rule } of summary.rewrites) {
    const what = step.manip === "DNAT" ? "destination" : "source";
    lines.push(...entry(style, rule === null ? "NAT" : step.manip, `${what} ${step.from} becomes ${step.to}`));
    if (rule === null) {
      if (step.dumped !== null) lines.push(...note(style, dumpedConnection(network, step.dumped)));
      continue;
    }
    lines.push(...note(style, ruleText(citedPlace(rule.place))), ...ruleNote(network, rule.place, style));
  }
  if (decision !== null && final) {
    const { place } = decision;
    const path = decision.path.length > 1 ? `${decision.path.join(" → ")}: ` : "";
    const text = `${path}${verdictWords(decision.verdict)} by ${rulePlace(place.table, place.chain.name, place.index)}`;
    lines.push(...entry(style, summary.hook, text, "bad"));
    lines.push(...paragraph(ruleText(citedPlace(place)), INDENT, INDENT, style.ink.bad));
    lines.push(...note(style, `${citeRule(network, citedPlace(place))}${policyNote(summary)}`));
  }
  return lines;
}

/** Where a connection was dumped, and whether it leads to a pod that is gone. */
function dumpedConnection(network: Network, { original, reply, origin }: ConntrackRecord): string {
  const place = formatSource(sourceOf(network.origins, origin)) || "as an earlier packet was";
  const receiver = reply.src;
  const isStale =
    !sameAddress(original.dst, receiver) &&
    network.pools.some((pool) => prefixContains(pool, receiver)) &&
    [...network.endpoints.keys()].some((name) => name.startsWith("pod/")) &&
    ownerOf(network, receiver) === null;
  const stale = `; no pod has ${formatAddress(receiver)}: the connection is stale [connection-to-dead-endpoint]`;
  return isStale ? `${place}${stale}` : place;
}

function ruleNote(network: Network, place: RulePlace, style: VisitStyle): readonly string[] {
  return note(style, citeRule(network, citedPlace(place)));
}

/** That a policy decides means that no rule before it did. */
function policyNote(summary: HookSummary): string {
  if (summary.decision?.place.index !== 0) return "";
  return `; of its ${plural(summary.decision.place.chain.rules.length, "rule")} none decided`;
}

function acceptedBy(place: RulePlace): string {
  return rulePlace(place.table, place.chain.name, place.index);
}

function citedPlace(place: RulePlace): CitedRule {
  return { family: place.family, chain: place.chain, rule: place.rule };
}

function verdictWords(verdict: string): string {
  if (verdict.startsWith("REJECT")) return "rejected";
  if (verdict.startsWith("DROP")) return "dropped";
  return verdict;
}

/** Every rule that was evaluated, in order, each with its verdict and line. */
function everyStep(
  network: Network,
  part: VisitPart & { readonly kind: "hook" },
  style: VisitStyle,
): readonly string[] {
  return part.steps.flatMap((step) => {
    if (step.kind === "choice") return choiceLines(step, style);
    if (step.kind !== "rule" && step.kind !== "policy") return [];
    const cited = citedPlace(step.place);
    const missed = step.kind === "rule" && !step.matched;
    const verdict = missed ? "no match" : step.verdict.replace(/^(jump|goto) .*$/, "$1");
    const colour = missed ? style.ink.faint : stops(step) ? style.ink.bad : style.ink.good;
    const head = `${step.place.table} ${ruleText(cited)}`;
    return [
      ...paragraph(
        head,
        `${INDENT}  `,
        `      ${colour(verdict.slice(0, LABEL - 1).padEnd(LABEL - 2))}`,
        missed ? style.ink.faint : undefined,
      ),
      ...paragraph(citeRule(network, cited), `${INDENT}  `, `${INDENT}  `, style.ink.faint),
    ];
  });
}

function stops(step: { readonly verdict: string }): boolean {
  return /^(?:DROP|REJECT)/.test(step.verdict);
}

function withReason(text: string, reason: string | null): string {
  return reason === null ? text : `${text} (${reason})`;
}

function stepLines(
  network: Network,
  host: string,
  step: TraceStep,
  nextHop: Address | null,
  style: VisitStyle,
): readonly string[] {
  switch (step.kind) {
    case "receive":
      return entry(style, "in", `${step.interface}: ${describePacket(step.packet)}`);
    case "conntrack":
      return style.verbose || step.state === "INVALID" ? entry(style, "conntrack", step.state) : [];
    case "route":
      return routeLines(network, host, step, style);
    case "neighbour":
      return style.verbose ? entry(style, "neighbour", `${formatAddress(step.address)}: ${step.text}`) : [];
    case "encapsulate":
      return entry(style, "wrap", `by ${step.interface} into ${outerPacket(step.packet)}`);
    case "decapsulate":
      return entry(style, "unwrap", `by ${step.interface}: ${describePacket(step.packet)}`);
    case "transmit":
      return entry(style, "out", `${step.interface}${nextHop === null ? "" : `, to ${next(network, nextHop)}`}`);
    case "fragment":
      return entry(style, "cut", `into ${step.lengths.length} fragments for ${step.interface}`);
    case "reassemble":
      return entry(style, "joined", `${step.pieces} fragments are one packet again`);
    case "deliver":
      return entry(style, "delivered", describePacket(step.packet), "good");
    case "drop":
      return entry(style, "dropped", withReason(step.text, reasonOnHost(network, host, step.reason)), "bad");
    case "reject":
      return entry(style, "rejected", step.text, "bad");
    case "choice":
      return choiceLines(step, style);
    default:
      return [];
  }
}

/** What an unknown was taken for stands at the head of its branch: here only for `--verbose`. */
function choiceLines(step: TraceStep & { readonly kind: "choice" }, style: VisitStyle): readonly string[] {
  if (step.probability === 0 && !style.verbose) return [];
  return entry(style, "choice", `${step.question} → ${step.label}`);
}

/** A next hop, named when it is another machine's own address. */
function next(network: Network, address: Address): string {
  const owner = ownerOf(network, address);
  const text = formatAddress(address);
  return owner === null || columns(owner.name) > 40 ? text : `${text} (${owner.name})`;
}

function routeLines(
  network: Network,
  host: string,
  step: TraceStep & { readonly kind: "route" },
  style: VisitStyle,
): readonly string[] {
  const { result, destination } = step;
  if (result.kind === "error") {
    const what =
      result.route === null
        ? `no route to ${formatAddress(destination)} (${result.errno})`
        : `${routeText(result.route)} (${result.errno})`;
    return [
      ...entry(style, "route", what, "bad"),
      ...(result.route === null ? [] : note(style, citeRoute(network, result.route))),
    ];
  }
  if (result.route === null || (result.kind === "local" && !style.verbose)) return [];
  const lines = entry(style, "route", routeText(result.route));
  lines.push(...note(style, isSupposed(network, host, result.route) ? SUPPOSED : citeRoute(network, result.route)));
  if (result.kind === "unicast" && result.learnt !== undefined) {
    const { gateway, taughtBy } = result.learnt;
    lines.push(...note(style, `by ${next(network, gateway)}, as a redirect of ${next(network, taughtBy)} told`));
  }
  const fact = fallbackFact(network, host, step);
  if (fact !== null)
    lines.push(...paragraph(fact, INDENT, `  ${style.ink.doubtful("!")}${INDENT.slice(3)}`, style.ink.doubtful));
  return lines;
}

/** The outer source of a tunnel without a local address is that of the route, which is looked up next. */
function outerPacket(packet: Packet): string {
  const text = describePacket(packet);
  return isUnspecified(packet.src) ? text.replace(formatAddress(packet.src), "(by route)") : text;
}
