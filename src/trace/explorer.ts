import type { Choice, Chooser } from "../linux/chooser.ts";

/** One choice and the alternative taken. */
export interface Taken {
  readonly choice: Choice;
  readonly index: number;
}

/** One way the walk can go. */
export interface Leaf<T> {
  readonly value: T;
  readonly taken: readonly Taken[];
  /** Product of the random and hashed choices' probabilities, given the unknowns. */
  readonly probability: number;
}

export interface Exploration<T> {
  readonly leaves: readonly Leaf<T>[];
  /** True when there were more branches than the limit. */
  readonly truncated: boolean;
}

/** INTERFACES.md section 4: more branches than this are never cut in silence. */
export const BRANCH_LIMIT = 256;

/**
 * Runs the deterministic walk once for every combination of answers, depth first. `run` must ask its chooser in the
 * same order whenever it got the same answers; nothing is copied at a branch, the walk is run again with a longer
 * script. A hashed or unknown variable that is asked again in one run keeps its answer.
 */
export function explore<T>(run: (choose: Chooser) => T, limit: number = BRANCH_LIMIT): Exploration<T> {
  const leaves: Leaf<T>[] = [];
  let script: number[] = [];
  for (;;) {
    const taken: Taken[] = [];
    const answers = new Map<string, number>();
    const choose: Chooser = (choice) => {
      if (choice.kind !== "random") {
        const known = answers.get(choice.variable);
        if (known !== undefined) return known;
      }
      const index = script[taken.length] ?? firstPossible(choice);
      taken.push({ choice, index });
      if (choice.kind !== "random") answers.set(choice.variable, index);
      return index;
    };
    const value = run(choose);
    leaves.push({ value, taken, probability: probabilityOf(taken) });
    const next = nextScript(taken);
    if (next === null) return { leaves, truncated: false };
    if (leaves.length >= limit) return { leaves, truncated: true };
    script = next;
  }
}

function possible(choice: Choice, index: number): boolean {
  return choice.kind === "unknown" || (choice.alternatives[index]?.probability ?? 0) > 0;
}

function firstPossible(choice: Choice): number {
  const index = choice.alternatives.findIndex((_, position) => possible(choice, position));
  return index < 0 ? 0 : index;
}

/** The script of the next leaf to the right: the last choice that has another alternative takes it. */
function nextScript(taken: readonly Taken[]): number[] | null {
  for (let depth = taken.length - 1; depth >= 0; depth--) {
    const item = taken[depth];
    if (item === undefined) continue;
    for (let index = item.index + 1; index < item.choice.alternatives.length; index++) {
      if (possible(item.choice, index)) return [...taken.slice(0, depth).map((before) => before.index), index];
    }
  }
  return null;
}

function probabilityOf(taken: readonly Taken[]): number {
  let probability = 1;
  for (const { choice, index } of taken) {
    if (choice.kind !== "unknown") probability *= choice.alternatives[index]?.probability ?? 0;
  }
  return probability;
}
