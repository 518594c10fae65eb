import { describe, expect, test } from "vitest";
import { network } from "../../src/model/network.ts";
import { pagedList } from "../../src/net/paged-list.ts";
import { groupBranches } from "../../src/report/branch-groups.ts";
import type { Answer, Branch, Run } from "../../src/trace/result.ts";

function run(): Run {
  return {
    journeys: [],
    first: 0,
    steps: new Map(),
    report: null,
    assumptions: [],
    freeDomains: pagedList(),
    conntrack: null,
    limits: null,
  };
}

function branch(one: Run, ...conditions: readonly string[]): Branch {
  return { run: one, probability: 1, conditions, count: 1 };
}

function cases(branches: readonly Branch[], more: Partial<Answer> = {}) {
  const answer: Answer = {
    network: network({ hosts: new Map() }),
    certainty: "uncertain",
    branches,
    assumptions: [],
    unknowns: [],
    truncated: false,
    ...more,
  };
  return groupBranches(answer, false).map((group) => group.cases);
}

describe("branches of one run", () => {
  const [x, y] = [run(), run()];

  test("are told together, without questions that change nothing", () => {
    expect(
      cases([
        branch(x, "a? → no", "b? → no"),
        branch(x, "a? → no", "b? → yes"),
        branch(y, "a? → yes", "b? → no"),
        branch(y, "a? → yes", "b? → yes"),
      ]),
    ).toEqual([[["a? → no"]], [["a? → yes"]]]);
  });

  test("keep a question that matters in some cases only", () => {
    expect(cases([branch(x, "a? → no"), branch(x, "a? → yes", "b? → no"), branch(y, "a? → yes", "b? → yes")])).toEqual([
      [["a? → no"], ["a? → yes", "b? → no"]],
      [["a? → yes", "b? → yes"]],
    ]);
  });

  test("need a condition for each answer but the ones that are missing", () => {
    expect(cases([branch(x, "a? → 1"), branch(x, "a? → 2"), branch(y, "a? → 3")])).toEqual([
      [["a? → 1"], ["a? → 2"]],
      [["a? → 3"]],
    ]);
  });

  test("have no conditions when every answer leads there", () => {
    expect(cases([branch(x, "a? → no"), branch(x, "a? → yes"), branch(y)])).toEqual([[], []]);
  });

  test("stay as they are where there were more than podpath follows", () => {
    const some = [branch(x, "a? → no"), branch(x, "a? → yes")];
    expect(cases(some, { truncated: true })).toEqual([[["a? → no"]], [["a? → yes"]]]);
  });
});
