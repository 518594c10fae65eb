import type { Probe } from "../../trace/probe.ts";
import type { Certainty } from "../../trace/result.ts";

/** A `scenario.yaml` (INTERFACES section 3). */
export interface Scenario {
  readonly name: string;
  /** As the user named it. */
  readonly file: string;
  readonly title: string | null;
  /** Markdown. */
  readonly symptom: string | null;
  /** Markdown. */
  readonly lesson: string | null;
  readonly network: ScenarioNetwork;
  readonly probes: readonly ScenarioProbe[];
  /** Probes that are written so that nobody can ask them; findings say why. */
  readonly leftOut: number;
  /** Parts that are read and that this version does not play. */
  readonly unplayed: readonly UnplayedPart[];
}

/** Exactly one is not null. Paths are relative to the scenario file. */
export interface ScenarioNetwork {
  readonly snapshot: string | null;
  readonly cluster: string | null;
  readonly line: number | null;
}

export interface ScenarioProbe {
  readonly name: string;
  readonly probe: Probe;
  /** Where it stands in the scenario's file, from 1; null when that cannot be told. */
  readonly line: number | null;
  /** When on the timeline; null: after it settled. */
  readonly at: string | null;
  readonly expect: Expectation;
}

/** What a probe should give; null is not expected in any way. */
export interface Expectation {
  readonly result: "answered" | "refused" | "unreachable" | "timeout" | null;
  readonly outcome: "delivered" | "dropped" | "rejected" | "left" | "unresolved" | null;
  readonly at: ExpectedPlace | null;
  readonly reason: string | null;
  /** Hosts passed, in order. */
  readonly via: readonly string[] | null;
  /** Of a traceroute: an address or `*` for each TTL. */
  readonly hops: readonly string[] | null;
  readonly certainty: Certainty | null;
}

export interface ExpectedPlace {
  readonly host: string | null;
  readonly interface: string | null;
  readonly hook: string | null;
  readonly table: string | null;
  readonly chain: string | null;
  readonly index: number | null;
}

export interface UnplayedPart {
  readonly part: "timeline" | "fixes" | "expectations";
  readonly count: number;
}
