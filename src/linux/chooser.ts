/**
 * Where the real outcome is random, hashed or unknown, the pipeline asks a chooser. The emulator answers with a seed;
 * the explorer re-runs the walk once for each answer.
 */
export interface Choice {
  /**
   * `random`: the kernel draws it; `hash`: the kernel computes it from values podpath cannot know (one flow gets one
   * answer); `unknown`: a fact that no dump told.
   */
  readonly kind: "random" | "hash" | "unknown";
  /** The variable's name. Asked again with the same name in one branch, the answer is the same. */
  readonly variable: string;
  /** For people: what is being chosen. */
  readonly question: string;
  /** `probability` is 0 throughout for an unknown. */
  readonly alternatives: readonly Alternative[];
  /** Command that would replace an unknown by a fact. */
  readonly command?: string;
}

export interface Alternative {
  readonly label: string;
  readonly probability: number;
}

/** Returns the index of the alternative taken. */
export type Chooser = (choice: Choice) => number;
