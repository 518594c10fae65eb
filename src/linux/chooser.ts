import type { UnknownCode } from "../model/codes/unknown-codes.ts";
/**
 * Where the real outcome is random, hashed or unknown, the pipeline asks a chooser. The emulator answers with a seed;
 * the explorer re-runs the walk once for each answer.
 */
/**
 * `random`: the kernel draws it; `hash`: the kernel computes it from values podpath cannot know (one flow gets one
 * answer); `unknown`: a fact that no dump told.
 */
export type Choice = ChoiceOf & (Drawn | Asked);

interface Drawn {
  readonly kind: "random" | "hash";
}

interface Asked {
  readonly kind: "unknown";
  readonly code: UnknownCode;
  /** Command that would replace the unknown by a fact. */
  readonly command?: string;
}

interface ChoiceOf {
  /**
   * The variable's name. Asked again with the same name in one branch, the answer is the same, unless it is `random`:
   * every draw is a new one.
   */
  readonly variable: string;
  /** For people: what is being chosen. */
  readonly question: string;
  /** `probability` is 0 throughout for an unknown. */
  readonly alternatives: readonly Alternative[];
}

export interface Alternative {
  readonly label: string;
  readonly probability: number;
}

/** Returns the index of the alternative taken. */
export type Chooser = (choice: Choice) => number;
