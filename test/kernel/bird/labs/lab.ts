import type { Family } from "../../../../src/net/address.ts";

/** What happens to a node of a lab. */
export type LabEvent =
  | { readonly kind: "run"; readonly node: string; readonly words: readonly string[] }
  | {
      readonly kind: "start";
      readonly node: string;
      readonly config: string;
      /** What the configuration includes, by name. */
      readonly files?: Readonly<Record<string, string>>;
      /** In the syntax of BIRD 2, which runs in the place of 1.6. */
      readonly second?: string;
      /** Of the program: `-R` recovers what was there before (graceful restart). */
      readonly flags: readonly string[];
    }
  | { readonly kind: "signal"; readonly node: string; readonly signal: "SIGKILL" | "SIGTERM" }
  /** The daemon does not see what happens until its end. */
  | { readonly kind: "freeze"; readonly node: string }
  /** A program that is not BIRD listens on port 179. */
  | { readonly kind: "take-port"; readonly node: string }
  | { readonly kind: "birdc"; readonly node: string; readonly command: string };

export interface LabNode {
  readonly name: string;
  readonly forwards: boolean;
  readonly interfaces: readonly { readonly name: string; readonly segment: string; readonly address: string }[];
  /** What `ip route add` of the lab's family is given. */
  readonly routes: readonly string[];
}

/** Nodes on segments, and what is done to them one stage after the other. */
export interface Lab {
  readonly name: string;
  readonly family: Family;
  /** Machines have addresses of both (`10.0.0.1/24 fd00::1/64`), and BIRDs of 2 run from what they are told in its syntax alone. */
  readonly both?: true;
  readonly program: "bird" | "bird6";
  readonly segments: readonly string[];
  readonly nodes: readonly LabNode[];
  readonly stages: readonly {
    readonly events: readonly LabEvent[];
    /** How long the stage lasts, and for how long at its end the daemons are asked. */
    readonly seconds: number;
    readonly sampled: number;
  }[];
  /** What the daemons are asked at the end of each stage. */
  readonly asked: readonly string[];
}

/** What run_labs.py saw of a lab. */
export interface Seen {
  readonly stages: readonly {
    readonly dumps: Readonly<Record<string, string>>;
    /** `show protocols` by node, again and again; null where no daemon answered. */
    readonly samples: readonly Readonly<Record<string, string | null>>[];
    readonly times: readonly number[];
    /** Seconds from the end of the stage before to the events. */
    readonly pause: number;
    /** Seconds from the events to the last questions. */
    readonly time: number;
    readonly said: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
    readonly routes: Readonly<Record<string, string>>;
  }[];
}
