import type { Answer, Branch } from "../trace/result.ts";

/** Branches that are one and the same run, told together: what tells them apart changes nothing. */
export interface BranchGroup {
  readonly branch: Branch;
  /** What must hold for it: all conditions of one of these cases. Empty: nothing. */
  readonly cases: readonly (readonly string[])[];
}

/** The branches of an answer, those of one run together. `apart` keeps them as they are. */
export function groupBranches(answer: Answer, apart: boolean): readonly BranchGroup[] {
  if (apart || answer.truncated) {
    return answer.branches.map((branch) => ({
      branch,
      cases: branch.conditions.length === 0 ? [] : [branch.conditions],
    }));
  }
  const groups = new Map<Branch["run"], Map<number, Branch[]>>();
  for (const branch of answer.branches) {
    const own = groups.get(branch.run) ?? new Map<number, Branch[]>();
    own.set(branch.probability, [...(own.get(branch.probability) ?? []), branch]);
    groups.set(branch.run, own);
  }
  const answers = answersSeen(answer.branches);
  return [...groups.values()].flatMap((own) =>
    [...own.values()].flatMap((branches) => {
      const [branch] = branches;
      if (branch === undefined) return [];
      const cases = withoutIdle(
        branches.map((one) => one.conditions),
        answers,
      );
      return [{ branch, cases: cases.some((one) => one.length === 0) ? [] : cases }];
    }),
  );
}

/** A condition of a branch, `<question> → <answer>`, in its parts. */
export function conditionParts(condition: string): { readonly question: string; readonly answer: string } {
  const arrow = condition.lastIndexOf(" → ");
  if (arrow < 0) return { question: condition, answer: "" };
  return { question: condition.slice(0, arrow), answer: condition.slice(arrow + 3) };
}

/** The answers that each question got in any branch: an unknown is always followed with each of its answers. */
function answersSeen(branches: readonly Branch[]): ReadonlyMap<string, ReadonlySet<string>> {
  const seen = new Map<string, Set<string>>();
  for (const branch of branches) {
    for (const condition of branch.conditions) {
      const { question, answer } = conditionParts(condition);
      seen.set(question, (seen.get(question) ?? new Set()).add(answer));
    }
  }
  return seen;
}

/** Cases without the questions whose every answer leads to the same place. */
function withoutIdle(
  cases: readonly (readonly string[])[],
  answers: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  let current = cases;
  for (;;) {
    const next = joinOnce(current, answers);
    if (next === null) return current;
    current = next;
  }
}

/** Joins the first cases that differ in all answers to one question; null when there are none. */
function joinOnce(
  cases: readonly (readonly string[])[],
  answers: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] | null {
  const alike = new Map<
    string,
    { readonly rest: readonly string[]; readonly members: Map<string, readonly string[]> }
  >();
  for (const one of cases) {
    for (const condition of one) {
      const { question, answer } = conditionParts(condition);
      const rest = one.filter((other) => other !== condition);
      const key = [question, ...rest].join("\n");
      const group = alike.get(key) ?? { rest, members: new Map<string, readonly string[]>() };
      group.members.set(answer, one);
      alike.set(key, group);
      const all = answers.get(question)?.size ?? 0;
      if (all < 2 || group.members.size < all) continue;
      const joined = new Set(group.members.values());
      return [rest, ...cases.filter((other) => !joined.has(other))];
    }
  }
  return null;
}
