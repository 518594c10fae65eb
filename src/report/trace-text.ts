import { consequencesOf, decisiveJourney, isDelivered, ownJourneys } from "../analysis/journeys.ts";
import type { Journey } from "../emulator/journey.ts";
import type { Network } from "../model/network.ts";
import type { Answer, Branch } from "../trace/result.ts";
import { commonResult } from "../trace/result.ts";
import type { Asked } from "./asked.ts";
import { conversationLines, type TraceStyle } from "./conversation-text.ts";
import { describeEnd, kindWords } from "./ending-text.ts";
import { fallbackFacts } from "./fallback-fact.ts";
import { groundLines } from "./ground-text.ts";
import { hopLines } from "./hops-text.ts";
import type { Ink } from "./ink.ts";
import { plural } from "./plural.ts";
import { outcomeTone, toned } from "./tone.ts";
import { columns, paragraph, WIDTH } from "./wrap.ts";

/** Branches told in full unless `verbose`. */
const FULL_BRANCHES = 3;

/** A trace for people, in lines of 80 columns. */
export function traceText(asked: Asked, answer: Answer, style: TraceStyle): string {
  const lines = [...headline(asked, answer, style.ink)];
  const several = answer.branches.length > 1;
  const [first] = answer.branches;
  answer.branches.forEach((branch, index) => {
    if (several) lines.push("", ...branchHead(answer, branch, index, style.ink));
    if (several && index >= FULL_BRANCHES && !style.verbose) return;
    const same =
      index === 0 || first === undefined || style.verbose ? null : onlyRewritten(answer.network, first, branch);
    lines.push(...(same === null ? branchLines(answer.network, branch, style) : paragraph(same, "  ", "  ")));
  });
  if (answer.branches.length > FULL_BRANCHES && !style.verbose) {
    lines.push(
      "",
      ...paragraph("Only the first branches are shown hop by hop: --verbose shows all.", "", "", style.ink.faint),
    );
  }
  if (style.grounds !== false) lines.push(...groundLines(answer, style.ink));
  return `${lines.join("\n")}\n`;
}

/** Who to whom, what came of it, and where it was decided. */
export function headline(asked: Asked, answer: Answer, ink: Ink): readonly string[] {
  const question = `${asked.what}: ${asked.from} → ${asked.to}`;
  const lines =
    columns(question) <= WIDTH
      ? [ink.strong(question)]
      : [ink.strong(`${asked.what}: ${asked.from}`), ink.strong(`  → ${asked.to}`)];
  return [...lines, ...verdictLines(answer, ink)];
}

function verdictLines(answer: Answer, ink: Ink): readonly string[] {
  const [first] = answer.branches;
  if (first === undefined) return [ink.bad("no answer")];
  if (answer.certainty === "certain") return branchVerdict(answer.network, first, ink);
  const common = commonResult(answer);
  if (answer.certainty === "uncertain") {
    const text = `uncertain: ${plural(answer.branches.length, "branch", "branches")} with different ends, because something is not known`;
    return paragraph(
      answer.truncated ? "uncertain: more branches than podpath follows" : text,
      "  ",
      ink.doubtful("? "),
      ink.doubtful,
    );
  }
  const text =
    common === null
      ? `it depends on chance: ${plural(answer.branches.length, "branch", "branches")} with different ends`
      : `${common} in each of ${plural(answer.branches.length, "branch", "branches")}`;
  return paragraph(text, "  ", toned(common === null ? "doubtful" : outcomeTone(first.run), ink)("• "));
}

function branchVerdict(network: Network, branch: Branch, ink: Ink): readonly string[] {
  const { run } = branch;
  const tone = outcomeTone(run);
  const colour = toned(tone, ink);
  const mark = tone === "good" ? "✓" : tone === "bad" ? "✗" : "•";
  const lines: string[] = [];
  const { report } = run;
  if (report !== null) {
    const words = report.text === "" ? "" : ` (${report.text})`;
    lines.push(...paragraph(`${report.result}${words}`, "  ", colour(`${mark} `), (line) => colour(ink.strong(line))));
  }
  const decisive = decisiveJourney(run);
  if (decisive === null) return lines;
  const isTraceroute = (report?.hops.length ?? 0) > 0;
  const subject = isTraceroute ? "the last probe" : "the request";
  const head = report === null ? colour(`${mark} `) : "  ";
  lines.push(
    ...paragraph(`${report === null ? "the packet" : subject} ${describeEnd(network, decisive)}`, "    ", head),
  );
  for (const answer of lost(run, decisive, tone === "good")) {
    lines.push(...paragraph(`its ${kindWords(answer)} ${describeEnd(network, answer)}`, "    ", "  "));
  }
  if (tone === "good") return lines;
  for (const fact of fallbackFacts(network, run.steps.get(decisive.id) ?? [])) {
    lines.push(...paragraph(fact, "    ", "  ", ink.doubtful));
  }
  return lines;
}

/** Answers that never arrived, where that matters. */
function lost(run: Branch["run"], journey: Journey, arrived: boolean): readonly Journey[] {
  if (arrived) return [];
  return consequencesOf(run, journey).filter((answer) => !isDelivered(answer));
}

function branchHead(answer: Answer, branch: Branch, index: number, ink: Ink): readonly string[] {
  const share = branch.probability < 1 ? `, probability ${percent(branch.probability)}` : "";
  const title = `Branch ${index + 1} of ${answer.branches.length}${share}`;
  return [
    ink.strong(`── ${title} ${"─".repeat(Math.max(0, WIDTH - 4 - columns(title)))}`),
    ...branch.conditions.flatMap((condition) => paragraph(`if ${condition}`, "   ", "   ", ink.doubtful)),
    ...(answer.certainty === "certain" ? [] : branchVerdict(answer.network, branch, ink)),
  ];
}

/**
 * What tells a branch from the first one where the packet dies the same death and only addresses were translated
 * differently, as for two endpoints of a Service; null when there is more to tell.
 */
function onlyRewritten(network: Network, first: Branch, other: Branch): string | null {
  const shape = (branch: Branch): string =>
    branch.run.journeys
      .map((journey) => `${journey.kind} ${journey.end?.host ?? ""} ${describeEnd(network, journey)}`)
      .join("\n");
  if (shape(first) !== shape(other)) return null;
  const known = new Set(rewritesOf(first));
  const own = rewritesOf(other).filter((rewrite) => !known.has(rewrite));
  return own.length === 0 ? null : `As branch 1, but ${own.join("; ")}.`;
}

function rewritesOf(branch: Branch): readonly string[] {
  const texts: string[] = [];
  for (const steps of branch.run.steps.values()) {
    for (const step of steps)
      if (step.kind === "nat") texts.push(`on ${step.host} ${step.manip}: ${step.from} becomes ${step.to}`);
  }
  return texts;
}

function percent(probability: number): string {
  const value = probability * 100;
  return `${value >= 1 ? Math.round(value * 10) / 10 : value.toPrecision(2)}%`;
}

function branchLines(network: Network, branch: Branch, style: TraceStyle): readonly string[] {
  const { run } = branch;
  if (run.report !== null && run.report.hops.length > 0 && ownJourneys(run).length > 1) {
    return hopLines(network, run, style);
  }
  return ownJourneys(run).flatMap((journey) => conversationLines(network, run, journey, style));
}
