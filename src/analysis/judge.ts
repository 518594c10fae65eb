import type { Answer, Branch } from "../trace/result.ts";

/** Whether something holds: in every branch, not in every branch whatever the unknowns are, or nobody can tell. */
export type Judgement = "holds" | "fails" | "unknown";

/**
 * Judges an answer by its branches. It fails when for each assignment of the unknowns some branch fails; where some
 * assignments succeed and others fail, it is unknown. Branches without conditions stand for every assignment.
 */
export function judge(answer: Answer, judgeBranch: (branch: Branch) => Judgement): Judgement {
  const always: Judgement[] = [];
  const assignments = new Map<string, Judgement[]>();
  for (const branch of answer.branches) {
    const judgement = judgeBranch(branch);
    if (branch.conditions.length === 0) always.push(judgement);
    else {
      const key = branch.conditions.join("\n");
      assignments.set(key, [...(assignments.get(key) ?? []), judgement]);
    }
  }
  if (answer.branches.length === 0) return "unknown";
  // without a branch of its own that has conditions, the only doubt left is about the answer as a whole
  const inDoubt = answer.truncated || (answer.certainty === "uncertain" && assignments.size === 0);
  const judgements =
    assignments.size === 0 ? [all(always)] : [...assignments.values()].map((own) => all([...always, ...own]));
  if (judgements.every((judgement) => judgement === "fails")) return inDoubt ? "unknown" : "fails";
  if (inDoubt || judgements.some((judgement) => judgement !== "holds")) return "unknown";
  return "holds";
}

function all(judgements: readonly Judgement[]): Judgement {
  if (judgements.includes("fails")) return "fails";
  return judgements.includes("unknown") ? "unknown" : "holds";
}
