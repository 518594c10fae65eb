import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type TopicNode, type TopicSession, topicLab } from "./topic.ts";

const ROUTES = 60;

/** Route reflectors (RFC 4456): of one cluster or several, one above the other, and in a ring. */
export function reflectors(random: Draw, name: string): Lab {
  const shape = random.one(["two", "two", "hierarchy", "ring"] as const);
  const count = shape === "two" ? 4 + random.below(2) : 5;
  const nodes: TopicNode[] = Array.from({ length: count }, (_, index) => ({
    name: `n${index}`,
    as: 64512,
    addresses: [{ segment: "lan0", address: `10.0.0.${20 + index}` }],
    ...(random.chance(0.2) ? { id: `10.9.9.${10 + index}` } : {}),
    statics: [`192.168.${index}.0/26 blackhole`, ...(random.chance(0.4) ? [`192.168.${ROUTES}.0/24 blackhole`] : [])],
    kernel: "merge paths on;",
  }));
  const ids = nodes.map((_, index) => (random.chance(0.5) ? "244.0.0.1" : `244.0.0.${1 + index}`));
  const sessions: TopicSession[] = [];
  const addPaths = random.chance(0.5) ? ["add paths on;"] : [];
  const connect = (x: number, y: number, options: readonly string[], back: readonly string[]): void => {
    const [own, other] = [nodes[x], nodes[y]];
    if (own === undefined || other === undefined) return;
    const common = {
      segment: "lan0",
      import: "all",
      export: "filter { if source ~ [ RTS_STATIC, RTS_BGP ] then accept; reject; }",
    };
    const dials = random.chance(0.5) ? ["passive on;"] : [];
    sessions.push({ ...common, own, other, options: [...addPaths, "graceful restart;", ...options, ...dials] });
    sessions.push({ ...common, own: other, other: own, options: [...addPaths, "graceful restart;", ...back] });
  };
  const client = (id: string | undefined): readonly string[] => [
    "rr client;",
    ...(id === undefined ? [] : [`rr cluster id ${id};`]),
  ];
  switch (shape) {
    case "two":
      for (let index = 2; index < count; index++) {
        connect(0, index, client(ids[0]), []);
        if (random.chance(0.8)) connect(1, index, client(ids[1]), []);
      }
      connect(0, 1, random.chance(0.2) ? client(ids[0]) : [], random.chance(0.2) ? client(ids[1]) : []);
      break;
    case "hierarchy":
      connect(0, 1, client(ids[0]), []);
      connect(0, 2, client(ids[0]), []);
      connect(1, 3, client(ids[1]), []);
      connect(2, 4, client(ids[2]), []);
      if (random.chance(0.5)) connect(1, 2, [], []);
      break;
    case "ring":
      for (let index = 0; index < count; index++) {
        connect(
          index,
          (index + 1) % count,
          client(random.chance(0.7) ? ids[index] : undefined),
          random.chance(0.3) ? client(ids[(index + 1) % count]) : [],
        );
      }
      break;
  }
  const gone = random.chance(0.5) ? random.below(2) : null;
  return topicLab({
    name: `${name}: reflectors, ${shape}`,
    nodes,
    sessions,
    later: gone === null ? [] : [{ events: [{ kind: "signal", node: `n${gone}`, signal: "SIGTERM" }], seconds: 6 }],
    asked: [`show route 192.168.${ROUTES}.0/24`, "show route protocol Mesh_10_0_0_20"],
  });
}
