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
  /** True when there were more branches than the limit, or they were too large to be kept. */
  readonly truncated: boolean;
}

/** INTERFACES.md section 4: more branches than this are never cut in silence. */
export const BRANCH_LIMIT = 256;

/** How large what is walked may become in all: then no further way is walked. */
export interface Budget<T> {
  sizeOf(value: T): number;
  readonly most: number;
}

/** Other answers to one choice of a leaf, from `index` on, that were not walked yet. */
interface Rest {
  readonly leaf: readonly Taken[];
  readonly depth: number;
  readonly index: number;
  /** Probability of all of them together, where each answer to an unknown counts as likely as the others. */
  readonly weight: number;
}

/**
 * Runs the deterministic walk once for every combination of answers. `run` must ask its chooser in the
 * same order whenever it got the same answers; nothing is copied at a branch, the walk is run again with a longer
 * script. A hashed or unknown variable that is asked again in one run keeps its answer.
 *
 * What is likelier is walked first, so that what the limit leaves out is the least likely: a rule that draws at each
 * turn of a loop has 2^32 ends, and one of them may be three quarters of all. Leaves are in the order of their answers.
 */
export function explore<T>(
  run: (choose: Chooser) => T,
  limit: number = BRANCH_LIMIT,
  budget: Budget<T> | null = null,
): Exploration<T> {
  const leaves: Leaf<T>[] = [];
  let size = 0;
  const rests: Rest[] = [];
  let script: readonly number[] = [];
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
    if (budget !== null) size += budget.sizeOf(value);
    addRests(rests, taken, script.length);
    const next = takeLikeliest(rests);
    if (next === null || leaves.length >= limit || (budget !== null && size >= budget.most)) {
      return { leaves: leaves.sort(inOrderOfAnswers), truncated: next !== null };
    }
    script = [...next.leaf.slice(0, next.depth).map(({ index }) => index), next.index];
  }
}

/** Adds what else the leaf's choices could have been: of the last one in its script, what comes after it. */
function addRests(rests: Rest[], leaf: readonly Taken[], scripted: number): void {
  let before = 1;
  for (const [depth, { choice, index }] of leaf.entries()) {
    if (depth >= scripted - 1) {
      let next = -1;
      let share = 0;
      for (let other = choice.alternatives.length - 1; other > index; other--) {
        const one = shareOf(choice, other);
        if (one > 0) next = other;
        share += one;
      }
      if (next >= 0) rests.push({ leaf, depth, index: next, weight: before * share });
    }
    before *= shareOf(choice, index);
  }
}

/** Removes the likeliest; of equals the one whose choice came first, for more depends on it. */
function takeLikeliest(rests: Rest[]): Rest | null {
  let best: Rest | null = null;
  let at = -1;
  for (const [index, rest] of rests.entries()) {
    if (best !== null && (rest.weight < best.weight || (rest.weight === best.weight && rest.depth >= best.depth)))
      continue;
    best = rest;
    at = index;
  }
  const last = rests.pop();
  if (last !== undefined && last !== best) rests[at] = last;
  return best;
}

/** As a walk depth first would come to them. */
function inOrderOfAnswers(one: Leaf<unknown>, other: Leaf<unknown>): number {
  for (const [depth, { index }] of one.taken.entries()) {
    const there = other.taken[depth]?.index ?? index;
    if (there !== index) return index - there;
  }
  return 0;
}

function shareOf(choice: Choice, index: number): number {
  return choice.kind === "unknown" ? 1 / choice.alternatives.length : (choice.alternatives[index]?.probability ?? 0);
}

function possible(choice: Choice, index: number): boolean {
  return choice.kind === "unknown" || (choice.alternatives[index]?.probability ?? 0) > 0;
}

function firstPossible(choice: Choice): number {
  const index = choice.alternatives.findIndex((_, position) => possible(choice, position));
  return index < 0 ? 0 : index;
}

function probabilityOf(taken: readonly Taken[]): number {
  let probability = 1;
  for (const { choice, index } of taken) {
    if (choice.kind !== "unknown") probability *= choice.alternatives[index]?.probability ?? 0;
  }
  return probability;
}
