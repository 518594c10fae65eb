import type { Answer } from "../trace/result.ts";
import { type BranchGroup, conditionParts } from "./branch-groups.ts";

/** Unknowns that were met and whose every answer leads to the same end are left out. */
export function decisiveUnknowns(answer: Answer, groups: readonly BranchGroup[]): Answer["unknowns"] {
  const questions = (conditions: readonly string[]): readonly string[] =>
    conditions.map((condition) => conditionParts(condition).question);
  const met = new Set(answer.branches.flatMap((branch) => questions(branch.conditions)));
  const decisive = new Set(groups.flatMap((group) => group.cases.flatMap(questions)));
  return answer.unknowns.filter(({ question }) => !met.has(question) || decisive.has(question));
}
