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
  /** Changes in order of time; the network starts settled. */
  readonly timeline: readonly TimelineEvent[];
  readonly fixes: readonly Fix[];
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
  /** When on the timeline, in seconds; null: after it settled. */
  readonly at: number | null;
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
  readonly part: "expectations";
  readonly count: number;
}

export const DAEMON_ACTIONS = ["stop", "kill", "start", "restart"] as const;
export type DaemonAction = (typeof DAEMON_ACTIONS)[number];

export const LINK_ACTIONS = ["down", "up"] as const;
export type LinkAction = (typeof LINK_ACTIONS)[number];

export const NODE_ACTIONS = ["down", "up", "reboot"] as const;
export type NodeAction = (typeof NODE_ACTIONS)[number];

export const POD_ACTIONS = ["create", "delete", "move"] as const;
export type PodAction = (typeof POD_ACTIONS)[number];

/** What somebody does to the network. */
export type Change =
  | {
      readonly kind: "exec";
      /** A host, or a pattern with `*`. */
      readonly host: string;
      readonly command: string;
      readonly line: number | null;
    }
  /** BIRD is stopped (SIGTERM), killed (SIGKILL), started, or stopped and started again. */
  | {
      readonly kind: "daemon";
      readonly host: string;
      readonly action: DaemonAction;
      readonly line: number | null;
    }
  /** Manifests, by the path of their file, that are applied to a cluster. */
  | { readonly kind: "apply"; readonly path: string; readonly line: number | null }
  /** The cable of an interface is pulled, or put back. */
  | {
      readonly kind: "link";
      readonly host: string;
      readonly interface: string;
      readonly action: LinkAction;
      readonly line: number | null;
    }
  /** A machine loses its power with all that runs on it, gets it back, or both at once. */
  | { readonly kind: "node"; readonly host: string; readonly action: NodeAction; readonly line: number | null }
  /** A pod (`namespace/name`) is made on a node, deleted, or started anew on another node. */
  | {
      readonly kind: "pod";
      readonly pod: string;
      readonly action: PodAction;
      /** Null for one that is deleted. */
      readonly node: string | null;
      readonly labels: ReadonlyMap<string, string>;
      readonly line: number | null;
    }
  /** A link loses this share of the packets, from 0 to 1. */
  | { readonly kind: "loss"; readonly link: string; readonly share: number; readonly line: number | null }
  /** A kind of change that there is not. */
  | { readonly kind: "other"; readonly what: string; readonly line: number | null };

export interface TimelineEvent {
  /** Seconds from the start. */
  readonly at: number;
  readonly change: Change;
}

/** A repair, and what its proof is. */
export interface Fix {
  readonly name: string;
  readonly changes: readonly Change[];
  /** By the names of probes: what they give once it has settled. */
  readonly expect: ReadonlyMap<string, Expectation>;
  readonly line: number | null;
}
