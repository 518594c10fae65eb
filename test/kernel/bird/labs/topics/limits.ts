import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type TopicNode, type TopicSession, topicLab } from "./topic.ts";

const ACTIONS = ["warn", "block", "block", "restart", "disable"];

/** `import limit`, `receive limit`, `export limit`, `route limit`, with each action. */
export function limits(random: Draw, name: string): Lab {
  const routes = 2 + random.below(4);
  const statics = (node: number): readonly string[] =>
    Array.from({ length: routes }, (_, index) => `192.168.${10 * node + index}.0/24 blackhole`);
  const nodes: TopicNode[] = [0, 1].map((index) => ({
    name: `n${index}`,
    as: 64512 + (random.chance(0.3) ? index : 0),
    addresses: [{ segment: "lan0", address: `10.0.0.${20 + index}` }],
    statics: statics(1 + index),
  }));
  const limit = (): readonly string[] => {
    const what = random.one(["import", "receive", "export"]);
    const count = Math.max(1, routes - 1 + random.below(3) - (random.chance(0.5) ? 1 : 0));
    // What restarts waits until the lab is over.
    const wait = "error wait time 100,200;";
    if (random.chance(0.1)) return [`route limit ${count};`, wait];
    const action = random.chance(0.9) ? random.one(ACTIONS) : null;
    const text = `${what} limit ${count}${action === null ? "" : ` action ${action}`};`;
    return action === "restart" ? [text, wait] : [text];
  };
  const restart = random.one(["", "graceful restart;"]);
  const [first, second] = nodes;
  if (first === undefined || second === undefined) throw new Error("two nodes");
  const sessions: TopicSession[] = [
    {
      own: first,
      other: second,
      segment: "lan0",
      import: random.one(["all", "all", "filter { if net ~ 192.168.21.0/24 then reject; accept; }"]),
      export: "where source = RTS_STATIC",
      options: [...limit(), ...(random.chance(0.4) ? limit() : []), restart],
    },
    {
      own: second,
      other: first,
      segment: "lan0",
      import: "all",
      export: "where source = RTS_STATIC",
      options: [...(random.chance(0.3) ? limit() : []), restart, "passive on;"],
    },
  ];
  return topicLab({
    name: `${name}: ${sessions.flatMap(({ options }) => options).join(" ")} of ${routes}`,
    nodes,
    sessions,
    seconds: 10,
  });
}
