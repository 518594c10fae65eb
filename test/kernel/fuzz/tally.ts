/** What a run has seen. */
export interface Tally {
  probes: number;
  rulesets: number;
  /** Times that all rules' counters were compared. */
  counted: number;
  /** Rulesets that the tools refused, and worlds that could not be built, which are not compared. */
  refused: number;
  lastRefusal: string;
  /** Disagreements that did not happen again. */
  unrepeated: number;
  /** Rulesets whose counters differed after all sequences and after none of them sent alone. */
  countersUnrepeated: number;
  /** Packets with more than one possible end. */
  branching: number;
  /** Missing answers put down to the kernel's rate limits. */
  excused: number;
  readonly outcomes: Map<string, number>;
  /** Probes that both sides agreed about, by each part of the model that they exercised (`harness/features.ts`). */
  readonly features: Map<string, number>;
}

export function newTally(): Tally {
  return {
    probes: 0,
    rulesets: 0,
    counted: 0,
    refused: 0,
    lastRefusal: "",
    unrepeated: 0,
    countersUnrepeated: 0,
    branching: 0,
    excused: 0,
    outcomes: new Map(),
    features: new Map(),
  };
}
