import { consequencesOf, decisiveJourney, isDelivered, ownJourneys } from "../analysis/journeys.ts";
import type { Journey } from "../emulator/journey.ts";
import { append } from "../model/append.ts";
import type { Network } from "../model/network.ts";
import type { Answer, Branch } from "../trace/result.ts";
import { commonResult, decisiveFrom } from "../trace/result.ts";
import type { Asked } from "./asked.ts";
import { type BranchGroup, conditionParts, groupBranches } from "./branch-groups.ts";
import { conversationLines, type TraceStyle } from "./conversation-text.ts";
import { countedTexts } from "./counted-texts.ts";
import { decisiveUnknowns } from "./decisive-unknowns.ts";
import { endClasses } from "./end-classes.ts";
import { describeEnd, kindWords } from "./ending-text.ts";
import { endlessFact } from "./endless-fact.ts";
import { fallbackFacts } from "./fallback-fact.ts";
import { groundLines } from "./ground-text.ts";
import { hopLines } from "./hops-text.ts";
import type { Ink } from "./ink.ts";
import { plural } from "./plural.ts";
import { silentGatewayFacts } from "./silent-gateway-fact.ts";
import { strandedFact } from "./stranded-fact.ts";
import { outcomeTone, toned } from "./tone.ts";
import { unverifiedLines } from "./unverified-text.ts";
import { columns, paragraph, WIDTH } from "./wrap.ts";

/** Branches told in full unless `verbose`. */
const FULL_BRANCHES = 3;

const CUT_ADVICE =
  "What the branches do that were not followed is not known: a narrower question, such as one about a single pod behind a Service, has a certain answer. --verbose shows all that were followed.";

/** A trace for people, in lines of 80 columns. */
export function traceText(asked: Asked, answer: Answer, style: TraceStyle): string {
  const groups = groupBranches(answer, style.verbose);
  const lines = [...headline(asked, answer, style.ink, groups.length)];
  const isCut = answer.truncated && !style.verbose;
  // of more branches than anybody follows, one stands for all that end like it
  const told = isCut
    ? endClasses(groups).map(({ example, size, probability }) => ({
        group: example,
        title: size === 1 ? "One branch ends so" : `${size} branches end like this one`,
        share: probability,
      }))
    : groups.map((group, index) => ({
        group,
        title: `Branch ${index + 1} of ${groups.length}`,
        share: group.branch.probability,
      }));
  const several = told.length > 1 || isCut;
  const [first] = groups;
  const firstLines = first === undefined ? [] : branchLines(answer.network, first.branch, style);
  told.forEach(({ group, title, share }, index) => {
    if (several) lines.push("", ...branchHead(answer, group, title, share, style.ink));
    if (several && index >= FULL_BRANCHES && !style.verbose) return;
    if (index === 0) append(lines, firstLines);
    else if (style.verbose) append(lines, branchLines(answer.network, group.branch, style));
    else append(lines, laterBranch(answer.network, first?.branch ?? group.branch, firstLines, group.branch, style));
  });
  if (isCut) lines.push("", ...paragraph(CUT_ADVICE, "", "", style.ink.faint));
  else if (groups.length > FULL_BRANCHES && !style.verbose) {
    lines.push(
      "",
      ...paragraph("Only the first branches are shown hop by hop: --verbose shows all.", "", "", style.ink.faint),
    );
  }
  if (style.grounds !== false) {
    lines.push(
      ...groundLines(
        { unknowns: decisiveUnknowns(answer, groups), assumptions: answer.assumptions },
        style.ink,
        style.verbose,
      ),
      ...unverifiedLines(answer, style.ink),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A branch after the first: what tells it apart. */
function laterBranch(
  network: Network,
  first: Branch,
  firstLines: readonly string[],
  branch: Branch,
  style: TraceStyle,
): readonly string[] {
  const same = onlyRewritten(network, first, branch);
  if (same !== null) return paragraph(same, "  ", "  ");
  return withoutBeginning(firstLines, branchLines(network, branch, style), style.ink);
}

/** A host's name at the head of its block, coloured or not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters
const HOST_LINE = /^ {2}(?:\u001b\[\d+m)*[A-Za-z0-9]/;
/** The lines of an entry after its first one. */
const CONTINUED = /^ {16}/;
/** Fewer lines than these are not worth a reference. */
const WORTH_CUTTING = 4;

/** The lines of a branch without those at its beginning that the first branch has as well. */
function withoutBeginning(first: readonly string[], own: readonly string[], ink: Ink): readonly string[] {
  const start = own.findIndex((line) => HOST_LINE.test(line));
  const offset = first.findIndex((line) => HOST_LINE.test(line)) - start;
  if (start < 0) return own;
  let end = start;
  while (end < own.length && own[end] === first[end + offset]) end++;
  while (end > start && end < own.length && CONTINUED.test(own[end] ?? "")) end--;
  if (end - start < WORTH_CUTTING) return own;
  const host = own.slice(start, end).findLast((line) => HOST_LINE.test(line));
  const atHost = end < own.length && HOST_LINE.test(own[end] ?? "");
  return [
    ...own.slice(0, start),
    ...(host === undefined || atHost ? [] : [host]),
    ink.faint("    …           up to here as in branch 1"),
    ...own.slice(end),
  ];
}

/** Who to whom, what came of it, and where it was decided. */
function headline(asked: Asked, answer: Answer, ink: Ink, count: number): readonly string[] {
  const question = `${asked.what}: ${asked.from} → ${asked.to}`;
  const lines =
    columns(question) <= WIDTH
      ? [ink.strong(question)]
      : [ink.strong(`${asked.what}: ${asked.from}`), ink.strong(`  → ${asked.to}`)];
  return [...lines, ...verdictLines(answer, ink, count)];
}

function verdictLines(answer: Answer, ink: Ink, count: number): readonly string[] {
  const [first] = answer.branches;
  if (first === undefined) return [ink.bad("no answer")];
  if (answer.certainty === "certain") return branchVerdict(answer.network, first, ink);
  const common = commonResult(answer);
  if (answer.certainty === "uncertain") {
    const ends =
      answer.branches.length === 1
        ? `uncertain: ${outcomeTone(first.run) === "good" ? "it gets through" : "it does not get through"} unless something that nobody dumped is otherwise`
        : `uncertain: ${plural(count, "branch", "branches")} with different ends, because something is not known`;
    const text = `${ends}${inEachCase(answer)}`;
    return paragraph(
      answer.truncated ? `uncertain: there are more branches than the ${followed(answer)} that podpath follows` : text,
      "  ",
      ink.doubtful("? "),
      ink.doubtful,
    );
  }
  const text =
    common === null
      ? `it depends on chance: ${plural(count, "branch", "branches")} with different ends`
      : `${common} in each of ${plural(count, "branch", "branches")}`;
  return paragraph(text, "  ", toned(common === null ? "doubtful" : outcomeTone(first.run), ink)("• "));
}

function followed({ branches }: Answer): number {
  return branches.reduce((sum, { count }) => sum + count, 0);
}

/** What all the different ends have in common, as the rest of a sentence. */
function inEachCase(answer: Answer): string {
  if (answer.branches.length < 2) return "";
  const tones = new Set(answer.branches.map((branch) => outcomeTone(branch.run)));
  if (tones.size > 1) return "";
  if (tones.has("bad")) return "; it does not get through in any of them";
  return tones.has("good") ? "; it gets through in each of them" : "";
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
  for (const { name, server, answer } of report?.lookups ?? []) {
    const found = answer === null ? "no answer" : answer.length === 0 ? "no such name" : answer.join(", ");
    lines.push(...paragraph(`name server ${server} about ${name}: ${found}`, "    ", "  "));
  }
  const decisive = decisiveJourney(run);
  if (decisive === null) return lines;
  const isTraceroute = (report?.hops.length ?? 0) > 0;
  const subject = isTraceroute ? "the last probe" : "the request";
  const head = report === null ? colour(`${mark} `) : "  ";
  lines.push(
    ...paragraph(`${report === null ? "the packet" : subject} ${describeEnd(network, decisive)}`, "    ", head),
  );
  const lostAnswers = lost(run, decisive, tone === "good").map(
    (answer) => `its ${kindWords(answer)} ${describeEnd(network, answer)}`,
  );
  for (const text of countedTexts(lostAnswers)) lines.push(...paragraph(text, "    ", "  "));
  const endless = endlessFact(run);
  if (endless !== null) lines.push(...paragraph(endless, "    ", "  ", ink.doubtful));
  if (tone === "good") return lines;
  const facts = [
    ...fallbackFacts(network, run.steps.get(decisive.id) ?? []),
    strandedFact(network, decisive),
    ...silentGatewayFacts(network, run, [decisive, ...lost(run, decisive, false)]),
  ];
  for (const fact of facts.filter((one) => one !== null)) {
    lines.push(...paragraph(fact, "    ", "  ", ink.doubtful));
  }
  return lines;
}

/** Answers that never arrived, where that matters. */
function lost(run: Branch["run"], journey: Journey, arrived: boolean): readonly Journey[] {
  if (arrived) return [];
  return consequencesOf(run, journey).filter((answer) => !isDelivered(answer));
}

function branchHead(
  answer: Answer,
  { branch, cases }: BranchGroup,
  title: string,
  share: number | null,
  ink: Ink,
): readonly string[] {
  const whole = `${title}${share !== null && share < 1 ? `, probability ${percent(share)}` : ""}`;
  return [
    ink.strong(`── ${whole} ${"─".repeat(Math.max(0, WIDTH - 4 - columns(whole)))}`),
    ...caseLines(cases, ink),
    ...(answer.certainty === "certain" ? [] : branchVerdict(answer.network, branch, ink)),
  ];
}

/** Cases told one by one. */
const SHOWN_CASES = 3;

/** What must hold for a branch. Why each question is open stands under "Unknown". */
function caseLines(cases: readonly (readonly string[])[], ink: Ink): readonly string[] {
  const lines = cases.slice(0, SHOWN_CASES).flatMap((conditions, index) =>
    conditions.flatMap((condition, position) => {
      const { question, answer } = conditionParts(condition);
      const short = question.replace(/\? .*$/, "?");
      const word = position > 0 ? "and" : index > 0 ? "or if" : "if";
      return paragraph(`${short} → ${answer}`, "         ", `   ${word.padEnd(5)} `, ink.doubtful);
    }),
  );
  const more = cases.length - SHOWN_CASES;
  if (more > 0) lines.push(ink.faint(`   or in ${plural(more, "other case")}: --verbose shows all`));
  return lines;
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
  // how a name was found is told in full where that failed
  const from = style.verbose ? run.first : decisiveFrom(run);
  return ownJourneys(run)
    .filter(({ id }) => id >= from)
    .flatMap((journey) => conversationLines(network, run, journey, style));
}
