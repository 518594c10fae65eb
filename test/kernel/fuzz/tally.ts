/** What a run has seen. */
export interface Tally {
  probes: number;
  rulesets: number;
  /** Times that all rules' counters were compared. */
  counted: number;
  /** Rulesets that the tools refused, and worlds that could not be built, which are not compared. */
  refused: number;
  lastRefusal: string;
  /** Disagreements that did not happen again: the world's kind, and what differed the first time. */
  readonly passed: string[];
  /** Rulesets whose counters differed after all sequences and after none of them sent alone, in the same words. */
  readonly countersPassed: string[];
  /** Packets that went round for ever on both sides, each of which ended the ruleset's sequences. */
  loops: number;
  /** Packets with more than one possible end. */
  branching: number;
  /** Probes whose nat rules are not compared, being those of a tunnel's outer packets (`outer-port.ts`). */
  inTunnels: number;
  /** Packets that SYNPROXY took, which podpath is uncertain about. */
  proxied: number;
  /** Packets that ended otherwise than in all ends that were walked, where the answer says that there are more. */
  cut: number;
  /** Packets that ended otherwise where the kernel told more than its sockets held, so that what it did is not known. */
  lost: number;
  /** Packets about which both sides agreed only at a bound of what is known of the kernel's time (`Instant`). */
  otherInstants: number;
  readonly outcomes: Map<string, number>;
  /** Probes by the kind of world. */
  readonly kinds: Map<string, number>;
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
    passed: [],
    countersPassed: [],
    loops: 0,
    branching: 0,
    inTunnels: 0,
    proxied: 0,
    cut: 0,
    lost: 0,
    otherInstants: 0,
    outcomes: new Map(),
    kinds: new Map(),
    features: new Map(),
  };
}
