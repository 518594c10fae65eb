import type { Lab, LabEvent, LabNode } from "../lab.ts";

/** A BIRD 2 of a case, and the machine that it runs on. */
export interface BothNode {
  readonly name: string;
  /** `DEVICE SEGMENT ADDRESS/LENGTH ADDRESS/LENGTH`. */
  readonly interfaces: readonly string[];
  /** Commands before the daemon starts, each a line. */
  readonly before?: readonly string[];
  readonly config: string;
}

/** What happens in a later stage, and how long it lasts. */
export interface Stage {
  readonly events: readonly LabEvent[];
  readonly seconds: number;
}

export interface BothCase {
  /** A sentence about it. */
  readonly says: string;
  readonly nodes: readonly BothNode[];
  readonly seconds?: number;
  readonly later?: readonly Stage[];
}

export const ASKED = ["show protocols all", "show route all", "show status"];

export function bothLab({ says, nodes, seconds, later }: BothCase): Lab {
  const machines = nodes.map(
    ({ name, interfaces }): LabNode => ({
      name,
      forwards: true,
      interfaces: interfaces.map((text) => {
        const [device = "", segment = "", ...addresses] = text.split(" ");
        return { name: device, segment, address: addresses.join(" ") };
      }),
      routes: [],
    }),
  );
  const before = nodes.flatMap(({ name, before: commands }) =>
    (commands ?? []).map((line): LabEvent => ({ kind: "run", node: name, words: line.split(" ") })),
  );
  const starts = nodes.map(
    ({ name, config }): LabEvent => ({ kind: "start", node: name, config, second: config, flags: [] }),
  );
  const stages = [{ events: [...before, ...starts], seconds: seconds ?? 12 }, ...(later ?? [])];
  return {
    name: says,
    family: 4,
    both: true,
    program: "bird",
    segments: [...new Set(machines.flatMap(({ interfaces }) => interfaces.map(({ segment }) => segment)))],
    nodes: machines,
    stages: stages.map((stage) => ({ ...stage, sampled: 2 })),
    asked: ASKED,
  };
}
