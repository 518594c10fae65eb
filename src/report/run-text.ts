import { consequencesOf, decisiveJourney, isDelivered } from "../analysis/journeys.ts";
import type { PlayedProbe, ScenarioRun } from "../analysis/run-scenario.ts";
import type { Network } from "../model/network.ts";
import { type Answer, type Branch, commonResult } from "../trace/result.ts";
import { askedProbe } from "./asked.ts";
import { countedTexts } from "./counted-texts.ts";
import { describeEnd, kindWords } from "./ending-text.ts";
import { fallbackFacts } from "./fallback-fact.ts";
import { findingText } from "./finding-text.ts";
import { groundLines } from "./ground-text.ts";
import type { Ink } from "./ink.ts";
import { markdownLines } from "./markdown-text.ts";
import { plural } from "./plural.ts";
import { probeCounts } from "./probe-counts.ts";
import { pingMatrix } from "./probe-matrix.ts";
import { silentGatewayFacts } from "./silent-gateway-fact.ts";
import { fixLines, seconds, timelineLines } from "./timeline-text.ts";
import { traceText } from "./trace-text.ts";
import { columns, paragraph, WIDTH } from "./wrap.ts";

export interface RunStyle {
  readonly ink: Ink;
  /** Neither the lesson nor why a packet died. */
  readonly hideAnswer: boolean;
  /** Show the first probe that was not answered hop by hop. */
  readonly traced: boolean;
}

/** Probes shown one by one: the first ones are what a scenario is about. */
export const HEADLINE_PROBES = 6;
/** Failures told in full. */
const FULL_FAILURES = 10;

/** A played scenario for people. */
export function runText(run: ScenarioRun, style: RunStyle): string {
  const { scenario } = run;
  const { ink } = style;
  const lines = [
    ...paragraph(scenario.title ?? scenario.name, "", "", ink.strong),
    ink.faint("═".repeat(WIDTH)),
    ...(scenario.symptom === null ? [] : [...markdownLines(scenario.symptom, "", WIDTH), ""]),
    ...unplayedLines(run, style),
    ...timelineLines(scenario, ink),
    ...probeLines(run, style),
    ...expectationLines(run, style),
    ...(style.hideAnswer ? [] : fixLines(run, ink)),
    ...firstTrace(run, style),
    ...groundLines({ unknowns: [], assumptions: assumptionsOf(run) }, ink, false),
    ...lessonLines(run, style),
  ];
  return `${lines.join("\n")}\n`;
}

/** Of all probes, each once. */
function assumptionsOf(run: ScenarioRun): Answer["assumptions"] {
  const all = run.probes.flatMap((played) => played.answer?.assumptions ?? []);
  return [...new Map(all.map((item) => [`${item.host} ${item.part} ${item.detail}`, item])).values()];
}

function unplayedLines(run: ScenarioRun, { ink }: RunStyle): readonly string[] {
  const lines = run.scenario.unplayed.flatMap(({ count }) =>
    paragraph(`${plural(count, "reachability expectation")} not checked by this version.`, "  ", `${ink.faint("·")} `),
  );
  return lines.length > 0 ? [...lines, ""] : [];
}

/** How many probes, from the first, are shown one by one. */
function shownProbes({ probes }: ScenarioRun): number {
  return probes.length <= 2 * HEADLINE_PROBES ? probes.length : HEADLINE_PROBES;
}

function unaskedLines(played: PlayedProbe, ink: Ink): readonly string[] {
  return played.findings.flatMap((finding) =>
    paragraph(`${played.probe.name}: ${findingText(finding)}`, "    ", `  ${ink.bad("✗")} `),
  );
}

function probeLines(run: ScenarioRun, style: RunStyle): readonly string[] {
  const { ink } = style;
  const { probes } = run;
  if (probes.length === 0) return ["The scenario asks nothing."];
  const shown = probes.slice(0, shownProbes(run));
  const few = shown.length === probes.length;
  const lines = [ink.strong(few ? "Probes" : `Probes (the first ${shown.length} of ${probes.length})`)];
  for (const played of shown) lines.push(...oneProbe(played, style));
  if (few) return lines;
  lines.push("", ink.strong(`All ${probes.length} probes`), ...probeCounts(probes, ink));
  const matrix = pingMatrix(probes, ink);
  if (matrix !== null) lines.push("", ink.strong("Who pings whom (row to column)"), ...matrix);
  return lines;
}

function oneProbe(played: PlayedProbe, { ink, hideAnswer }: RunStyle): readonly string[] {
  const { answer, prepared, probe } = played;
  if (answer === null || prepared === null) return unaskedLines(played, ink);
  const result = commonResult(answer);
  const colour = result === "answered" ? ink.good : result === null ? ink.doubtful : ink.bad;
  const word = result ?? (answer.certainty === "uncertain" ? "uncertain" : "by chance");
  const { what } = askedProbe(prepared);
  const when = probe.at === null ? "" : `at ${seconds(probe.at)}, `;
  const head = `${when}${what}: ${probe.probe.from} → ${probe.probe.to}`;
  const gap = " ".repeat(Math.max(1, WIDTH - 4 - columns(head) - columns(word)));
  const lines =
    columns(head) + columns(word) + 5 <= WIDTH
      ? [`    ${head}${gap}${colour(word)}`]
      : [...paragraph(head, "      ", "    "), `      ${colour(word)}`];
  if (hideAnswer) return lines;
  for (const { message, code } of played.findings)
    lines.push(...paragraph(`${message} [${code}]`, "      ", "      ", ink.faint));
  if (result === "answered") return lines;
  const [end = "", ...others] = new Set(answer.branches.map((branch) => whyLost(answer.network, branch)));
  const more =
    others.length === 0 ? "" : ` (or ${plural(others.length, "other end")}, by chance or by what is unknown)`;
  return [...lines, ...paragraph(`${end}${more}`, "      ", "      ", ink.faint)];
}

/** Where a request ended, and where its error did when that never arrived. */
function whyLost(network: Network, branch: Branch): string {
  const journey = decisiveJourney(branch.run);
  if (journey === null) return "nothing was sent";
  const silent = consequencesOf(branch.run, journey).filter((answer) => !isDelivered(answer));
  const facts = fallbackFacts(network, branch.run.steps.get(journey.id) ?? []);
  const gateways = silentGatewayFacts(network, branch.run, [journey, ...silent]);
  const lost = countedTexts(silent.map((answer) => `its ${kindWords(answer)} ${describeEnd(network, answer)}`));
  return [describeEnd(network, journey), ...lost, ...facts, ...gateways].join("; ");
}

function expectationLines(run: ScenarioRun, style: RunStyle): readonly string[] {
  const { ink } = style;
  const by = (verdict: PlayedProbe["verdict"]): readonly PlayedProbe[] =>
    run.probes.filter((played) => played.verdict === verdict);
  const failed = by("failed");
  const unknown = by("unknown");
  const lines: string[] = ["", ...summaryLines(run, ink)];
  for (const played of failed.slice(0, FULL_FAILURES)) lines.push(...failureLines(run, played, style));
  if (failed.length > FULL_FAILURES) lines.push(`  … and ${failed.length - FULL_FAILURES} more: --json tells all.`);
  for (const played of unknown.slice(0, FULL_FAILURES)) {
    lines.push(
      ...paragraph(`${played.probe.name}: it depends on something unknown`, "    ", `  ${ink.doubtful("?")} `),
    );
    const unknowns = played.answer?.unknowns ?? [];
    for (const { question, command } of unknowns) {
      lines.push(...paragraph(`${question}${command === null ? "" : ` (${command})`}`, "    ", "    ", ink.faint));
    }
  }
  if (unknown.length > FULL_FAILURES) lines.push(`  … and ${unknown.length - FULL_FAILURES} more of these.`);
  // those among the first probes were told there
  const untold = run.probes.slice(shownProbes(run)).filter((played) => played.verdict === "not-asked");
  for (const played of untold.slice(0, FULL_FAILURES)) lines.push(...unaskedLines(played, ink));
  if (untold.length > FULL_FAILURES) lines.push(`  … and ${untold.length - FULL_FAILURES} more of these.`);
  return lines;
}

/** What became of all probes, in one sentence. */
function summaryLines({ probes, scenario }: ScenarioRun, ink: Ink): readonly string[] {
  const count = (verdict: PlayedProbe["verdict"]): number =>
    probes.filter((played) => played.verdict === verdict).length;
  const silent = count("no-expectation");
  const { leftOut } = scenario;
  const total = probes.length + leftOut;
  if (silent === total) return [];
  const [held, failed, unknown, unasked] = [count("held"), count("failed"), count("unknown"), count("not-asked")];
  const rest = [
    [failed, "gave something else"],
    [unknown, `${unknown === 1 ? "depends" : "depend"} on something unknown`],
    [unasked, "could not be asked"],
    [leftOut, `${leftOut === 1 ? "was" : "were"} left out, being wrongly written`],
    [silent, `${silent === 1 ? "has" : "have"} no expectation that can be judged`],
  ].flatMap(([number, words]) => (number === 0 ? [] : [`${number} ${words}`]));
  const bad = failed > 0 || unasked > 0 || leftOut > 0;
  const good = !bad && unknown === 0;
  const colour = good ? ink.good : bad ? ink.bad : ink.doubtful;
  const text = `${held} of ${plural(total, "probe")} gave what the scenario expects${rest.length === 0 ? "" : `: ${rest.join("; ")}`}`;
  return paragraph(text, "  ", `${colour(good ? "✓" : bad ? "✗" : "?")} `, colour);
}

function failureLines(run: ScenarioRun, played: PlayedProbe, { ink, hideAnswer }: RunStyle): readonly string[] {
  const { name, line } = played.probe;
  const lines = [
    ...paragraph(name, "    ", `  ${ink.bad("✗")} `, ink.strong),
    ...(line === null ? [] : paragraph(`${run.scenario.file}:${line}`, "      ", "    ", ink.faint)),
  ];
  for (const comparison of played.comparisons) {
    if (comparison.judgement !== "fails") continue;
    const got = comparison.got.map((text) => text || "nothing").join(" or ");
    lines.push(
      ...paragraph(`expected ${comparison.field} ${comparison.expected || "nothing"}, got ${got}`, "      ", "    "),
    );
  }
  const [branch] = played.answer?.branches ?? [];
  const journey = branch === undefined ? null : decisiveJourney(branch.run);
  if (!hideAnswer && journey !== null) {
    lines.push(...paragraph(`the request ${describeEnd(run.network, journey)}`, "      ", "    ", ink.faint));
  }
  return lines;
}

/** The first probe that was not answered, hop by hop. */
function firstTrace(run: ScenarioRun, style: RunStyle): readonly string[] {
  if (style.hideAnswer || !style.traced) return [];
  const played = run.probes
    .slice(0, HEADLINE_PROBES)
    .find(({ answer, prepared }) => answer !== null && prepared !== null && commonResult(answer) !== "answered");
  if (played?.answer === null || played?.answer === undefined || played.prepared === null) return [];
  const title = `── ${played.probe.name}, hop by hop `;
  const text = traceText(askedProbe(played.prepared), played.answer, {
    ink: style.ink,
    verbose: false,
    grounds: false,
  });
  return ["", style.ink.strong(`${title}${"─".repeat(Math.max(0, WIDTH - columns(title)))}`), text.trimEnd()];
}

function lessonLines(run: ScenarioRun, { ink, hideAnswer }: RunStyle): readonly string[] {
  const { lesson } = run.scenario;
  if (lesson === null) return [];
  if (hideAnswer) return ["", ink.faint("The lesson is hidden (--hide-answer).")];
  return ["", ink.strong("Lesson"), ...markdownLines(lesson, "  ", WIDTH)];
}
