import type { Comparison } from "../analysis/expectation.ts";
import type { PlayedProbe, ScenarioRun } from "../analysis/run-scenario.ts";
import type { Source } from "../model/origin.ts";
import { type FindingJson, findingJson } from "./code-link.ts";
import { type AnswerJson, type StreamedAnswer, streamedAnswer } from "./trace-json.ts";

export interface PlayedProbeJson {
  readonly name: string;
  /** Where the scenario's file asks it. */
  readonly source: Source;
  readonly from: string;
  readonly to: string;
  readonly kind: string | null;
  readonly verdict: PlayedProbe["verdict"];
  readonly comparisons: readonly Comparison[];
  readonly findings: readonly FindingJson[];
  /** Null where the probe could not be asked, and with `--hide-answer`. */
  readonly answer: AnswerJson | null;
}

export interface RunJson {
  readonly name: string;
  readonly title: string | null;
  readonly symptom: string | null;
  readonly lesson: string | null;
  /** Parts of the scenario that this version does not play. */
  readonly unplayed: ScenarioRun["scenario"]["unplayed"];
  readonly counts: Readonly<Record<PlayedProbe["verdict"], number>>;
  /** Probes of the scenario that are wrongly written, so that nobody could ask them. */
  readonly leftOut: number;
  readonly probes: readonly PlayedProbeJson[];
  /** Each fix that the scenario names, tried; none with `--hide-answer`. */
  readonly fixes: readonly PlayedFixJson[];
}

export interface PlayedFixJson {
  readonly name: string;
  readonly source: Source;
  readonly probes: readonly PlayedProbeJson[];
}

type StreamedProbe = Omit<PlayedProbeJson, "answer"> & { readonly answer: StreamedAnswer | null };

/** What was played, with probes that are made when their turn comes. */
export type StreamedRun = Omit<RunJson, "probes" | "fixes"> & {
  readonly probes: Iterable<StreamedProbe>;
  readonly fixes: readonly (Omit<PlayedFixJson, "probes"> & { readonly probes: Iterable<StreamedProbe> })[];
};

export function streamedRun(run: ScenarioRun, hideAnswer: boolean): StreamedRun {
  const { scenario } = run;
  const count = (verdict: PlayedProbe["verdict"]): number =>
    run.probes.filter((played) => played.verdict === verdict).length;
  return {
    name: scenario.name,
    title: scenario.title,
    symptom: scenario.symptom,
    lesson: hideAnswer ? null : scenario.lesson,
    unplayed: scenario.unplayed,
    counts: {
      held: count("held"),
      failed: count("failed"),
      unknown: count("unknown"),
      "not-asked": count("not-asked"),
      "no-expectation": count("no-expectation"),
    },
    leftOut: scenario.leftOut,
    probes: probesOf(scenario, run.probes, hideAnswer),
    fixes: hideAnswer
      ? []
      : run.fixes.map(({ fix, probes }) => ({
          name: fix.name,
          source: { file: scenario.file, ...(fix.line === null ? {} : { line: fix.line }) },
          probes: probesOf(scenario, probes, hideAnswer),
        })),
  };
}

function* probesOf(
  scenario: ScenarioRun["scenario"],
  probes: ScenarioRun["probes"],
  hideAnswer: boolean,
): Generator<StreamedProbe> {
  for (const played of probes) {
    yield {
      name: played.probe.name,
      source: { file: scenario.file, ...(played.probe.line === null ? {} : { line: played.probe.line }) },
      from: played.probe.probe.from,
      to: played.probe.probe.to,
      kind: played.prepared?.kind ?? played.probe.probe.kind,
      verdict: played.verdict,
      comparisons: played.comparisons,
      findings: played.findings.map(findingJson),
      answer: played.answer === null || hideAnswer ? null : streamedAnswer(played.answer),
    };
  }
}
