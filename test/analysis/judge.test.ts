import { describe, expect, test } from "vitest";
import { type Judgement, judge } from "../../src/analysis/judge.ts";
import { answerCode, BAD_INPUT, DEFECT, DONE, FAILED, outcomeCode, UNKNOWN, worst } from "../../src/cli/exit-code.ts";
import type { Answer, Branch, Certainty } from "../../src/trace/result.ts";
import { ask, filterOfN2, twoNodes } from "../report/two-nodes.ts";

const { answer: template } = ask(twoNodes(), { from: "node/n1", to: "node/n2" });

/** An answer with one branch for each list of conditions. */
function answerWith(certainty: Certainty, ...conditions: readonly (readonly string[])[]): Answer {
  const [branch] = template.branches;
  if (branch === undefined) throw new Error("the template has a branch");
  return { ...template, certainty, branches: conditions.map((own): Branch => ({ ...branch, conditions: own })) };
}

/** Judges the branches in order. */
function judged(answer: Answer, ...judgements: readonly Judgement[]): Judgement {
  return judge(answer, (branch) => judgements[answer.branches.indexOf(branch)] ?? "unknown");
}

describe("a judgement of all branches", () => {
  test("holds where every branch does", () => {
    expect(judged(answerWith("branching", [], []), "holds", "holds")).toBe("holds");
  });

  test("fails where chance makes one fail", () => {
    expect(judged(answerWith("branching", [], []), "holds", "fails")).toBe("fails");
  });

  test("is unknown where it depends on an unknown", () => {
    expect(judged(answerWith("uncertain", ["x yes"], ["x no"]), "holds", "fails")).toBe("unknown");
  });

  test("fails where it fails whatever the unknowns are", () => {
    expect(judged(answerWith("uncertain", ["x yes"], ["x no"]), "fails", "fails")).toBe("fails");
    expect(judged(answerWith("uncertain", [], ["x yes"], ["x no"]), "fails", "holds", "holds")).toBe("fails");
  });

  test("is unknown where there were more branches than were followed", () => {
    expect(judged({ ...answerWith("uncertain", []), truncated: true }, "holds")).toBe("unknown");
  });

  test("is unknown where the whole answer is in doubt (--strict)", () => {
    expect(judged(answerWith("uncertain", []), "holds")).toBe("unknown");
    expect(judged(answerWith("uncertain", []), "fails")).toBe("unknown");
  });
});

describe("exit codes", () => {
  test("count in the order of INTERFACES", () => {
    expect(worst([DONE, UNKNOWN])).toBe(UNKNOWN);
    expect(worst([UNKNOWN, FAILED])).toBe(FAILED);
    expect(worst([FAILED, BAD_INPUT])).toBe(BAD_INPUT);
    expect(worst([BAD_INPUT, DEFECT, FAILED])).toBe(DEFECT);
    expect(worst([])).toBe(DONE);
  });

  test("trace judges the round trip, probe the outcome", () => {
    // the answer is lost on its way back: delivered, and a timeout all the same
    const files = filterOfN2(":INPUT ACCEPT [0:0]", ":FORWARD ACCEPT [0:0]", ":OUTPUT DROP [0:0]");
    const { answer } = ask(twoNodes(files), { from: "node/n1", to: "node/n2" });
    expect(answerCode(answer)).toBe(FAILED);
    expect(outcomeCode(answer)).toBe(DONE);
  });
});
