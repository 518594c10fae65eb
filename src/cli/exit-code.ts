import type { Answer, Branch } from "../trace/result.ts";
import { decisiveJourney } from "../report/journeys.ts";

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
  return judge(answer, (branch) =>
    branch.run.report === null ? wasDelivered(branch) : branch.run.report.result === "answered",
  );
}

/** What `probe` judges by: whether the packet was delivered. */
export function outcomeCode(answer: Answer): ExitCode {
  return judge(answer, wasDelivered);
}

function wasDelivered(branch: Branch): boolean {
  return decisiveJourney(branch.run)?.end?.ending.outcome === "delivered";
}

/**
 * FAILED when some branch fails whatever the unknowns are, UNKNOWN when it fails for some of them. Branches without
 * conditions stand for every assignment of the unknowns.
 */
function judge(answer: Answer, succeeded: (branch: Branch) => boolean): ExitCode {
  const failed = answer.branches.filter((branch) => !succeeded(branch));
  const always = failed.some((branch) => branch.conditions.length === 0);
  const assignments = new Set(answer.branches.filter((b) => b.conditions.length > 0).map(assignmentOf));
  const failing = new Set(failed.filter((b) => b.conditions.length > 0).map(assignmentOf));
  const everywhere = always || (assignments.size > 0 && failing.size === assignments.size);
  if (everywhere && !answer.truncated) return answer.certainty === "uncertain" && isStrict(answer) ? UNKNOWN : FAILED;
  if (failed.length > 0 || answer.truncated || answer.unknowns.length > 0) return UNKNOWN;
  return DONE;
}

function assignmentOf(branch: Branch): string {
  return branch.conditions.join("\n");
}

/** True for an answer whose doubt comes from `--strict`: no branch has a condition, and it is uncertain all the same. */
function isStrict(answer: Answer): boolean {
  return answer.branches.every((branch) => branch.conditions.length === 0);
}
