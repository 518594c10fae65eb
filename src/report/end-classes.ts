import { decisiveJourney } from "../analysis/journeys.ts";
import type { BranchGroup } from "./branch-groups.ts";

/** Branches that end alike, told by the first of them. */
export interface EndClass {
  readonly example: BranchGroup;
  readonly size: number;
  /** Of all of them together; null where it depends on what is not known. */
  readonly probability: number | null;
}

/** The branches of an answer by what the sender sees and how the packet ends, wherever that is; in order of their first one. */
export function endClasses(groups: readonly BranchGroup[]): readonly EndClass[] {
  const classes = new Map<string, BranchGroup[]>();
  for (const group of groups) {
    const { run } = group.branch;
    const ending = decisiveJourney(run)?.end?.ending;
    const key = [run.report?.result, ending?.outcome, ending?.reason, ending?.hook, ending?.error].join(" ");
    const alike = classes.get(key);
    if (alike === undefined) classes.set(key, [group]);
    else alike.push(group);
  }
  return [...classes.values()].flatMap((alike) => {
    const [example] = alike;
    if (example === undefined) return [];
    const isOpen = alike.some(({ cases }) => cases.length > 0);
    const probability = isOpen ? null : alike.reduce((sum, { branch }) => sum + branch.probability, 0);
    return [{ example, size: alike.reduce((sum, { branch }) => sum + branch.count, 0), probability }];
  });
}
