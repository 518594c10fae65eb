import { decisiveJourney } from "../analysis/journeys.ts";
import { type Judgement, judge } from "../analysis/judge.ts";
import type { Answer, Branch } from "../trace/result.ts";

/** INTERFACES section 1. */
export const DONE = 0;
export const FAILED = 1;
export const BAD_INPUT = 2;
export const UNKNOWN = 3;
export const DEFECT = 70;

export type ExitCode = typeof DONE | typeof FAILED | typeof BAD_INPUT | typeof UNKNOWN | typeof DEFECT;

/** Where several apply, the first of these counts. */
const PRECEDENCE: readonly ExitCode[] = [DEFECT, BAD_INPUT, FAILED, UNKNOWN];

export function worst(codes: Iterable<ExitCode>): ExitCode {
  const given = new Set(codes);
  return PRECEDENCE.find((code) => given.has(code)) ?? DONE;
}

/** What `trace` judges by: the round trip, or for a single packet its outcome. */
export function answerCode(answer: Answer): ExitCode {
  return codeOf(judge(answer, (branch) => judgeResult(branch) ?? judgeOutcome(branch)));
}

/** What `probe` judges by. */
export function outcomeCode(answer: Answer): ExitCode {
  return codeOf(judge(answer, judgeOutcome));
}

export function codeOf(judgement: Judgement): ExitCode {
  switch (judgement) {
    case "holds":
      return DONE;
    case "fails":
      return FAILED;
    case "unknown":
      return UNKNOWN;
  }
}

/** Null where nobody waits for an answer. */
function judgeResult(branch: Branch): Judgement | null {
  const { report } = branch.run;
  return report === null ? null : report.result === "answered" ? "holds" : "fails";
}

/** What became of a packet that left the dumped machines, nobody knows. */
function judgeOutcome(branch: Branch): Judgement {
  const outcome = decisiveJourney(branch.run)?.end?.ending.outcome;
  return outcome === "delivered" ? "holds" : outcome === "left" ? "unknown" : "fails";
}
