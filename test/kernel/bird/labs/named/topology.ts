import type { Lab, LabEvent } from "../lab.ts";
import { startOf, type Topic, type TopicNode, type TopicSession, topicLab } from "../topics/topic.ts";

/** What a real node says or has at the end of a stage, as patterns. */
export interface Expected {
  readonly node: string;
  /** The last one, unless it is given. */
  readonly stage?: number;
  /** In `show route all`, `show protocols all` and what else the lab asks. */
  readonly shows?: readonly RegExp[];
  readonly hides?: readonly RegExp[];
  /** In `ip route show`. */
  readonly kernel?: readonly RegExp[];
  readonly notInKernel?: readonly RegExp[];
}

/** Several nodes, and what a sentence about BIRD says of them. */
export interface NamedTopology {
  readonly says: string;
  readonly lab: Lab;
  readonly expects: readonly Expected[];
}

/** A node on lan0, 10.0.0.`last`, unless addresses are given. */
export function node(name: string, last: number, as: number, more: Partial<TopicNode> = {}): TopicNode {
  return { name, as, addresses: [{ segment: "lan0", address: `10.0.0.${last}` }], statics: [], ...more };
}

/** What one end of a session takes, tells, and has of settings (with `;`). */
export interface End {
  readonly import?: string;
  readonly export?: string;
  readonly options?: readonly string[];
}

/** A session of which `y` waits and `x` dials, on a segment that both are on. */
export function between(x: TopicNode, y: TopicNode, ofX: End = {}, ofY: End = {}, segment = "lan0"): TopicSession[] {
  const end = (own: TopicNode, other: TopicNode, of: End, waits: readonly string[]): TopicSession => ({
    own,
    other,
    segment,
    import: of.import ?? "all",
    export: of.export ?? "where source = RTS_STATIC",
    options: [...waits, ...(of.options ?? [])],
  });
  return [end(x, y, ofX, []), end(y, x, ofY, ["passive on;"])];
}

/** As a topic, whose nodes may start in stages of their own, one after the other. */
export function topology(
  says: string,
  topic: Omit<Topic, "name">,
  expects: readonly Expected[],
  oneByOne: readonly TopicNode[] = [],
): NamedTopology {
  const lab = topicLab({ ...topic, name: says });
  if (oneByOne.length === 0) return { says, lab, expects };
  const start = (one: TopicNode): LabEvent => startOf(one, topic.sessions);
  const stage = (events: readonly LabEvent[], seconds: number) => ({ events, seconds, sampled: 1 });
  const later = topic.nodes.filter((one) => !oneByOne.includes(one));
  const stages = [stage(later.map(start), 3), ...oneByOne.map((one) => stage([start(one)], 6))];
  return { says, lab: { ...lab, stages: [...stages, ...lab.stages.slice(1)] }, expects };
}
