import type { Lab } from "./lab.ts";
import { startOf, type TopicNode, type TopicSession, topicLab } from "./topics/topic.ts";

const node = (name: string, last: number, head = "", statics: readonly string[] = []): TopicNode => ({
  name,
  as: 65000,
  addresses: [{ segment: "lan0", address: `10.0.0.${last}` }],
  statics,
  head,
});

/** A border router with a route to 192.168.7.0/24 by a neighbouring AS. */
const border = (name: string, last: number, as: number, med: number): TopicNode =>
  node(
    name,
    last,
    `filter announce { if net = 192.168.7.0/24 then { bgp_path.prepend(${as}); bgp_med = ${med}; accept; } reject; }`,
    ["192.168.7.0/24 blackhole"],
  );

const session = (
  own: TopicNode,
  other: TopicNode,
  options: readonly string[],
  exported: string,
  imported = "all",
): TopicSession => ({ segment: "lan0", own, other, import: imported, export: exported, options });

const REFLECTED = "where source = RTS_BGP";

/**
 * Two reflectors and three border routers, of whose routes each is better than the next in a circle: by MED, by identifier, by identifier
 * (RFC 3345, section 2.1). `order`: who starts after the reflectors, one after the other.
 */
export function medCircle(order: readonly ("b" | "c" | "e")[], deterministic: boolean): Lab {
  const [a, d] = [node("a", 1), node("d", 2)];
  const borders = { c: border("c", 11, 6, 1), b: border("b", 12, 10, 10), e: border("e", 13, 6, 0) };
  const med = deterministic ? ["deterministic med on;"] : [];
  const client = ["passive on;", "rr client;", ...med];
  const sessions = [
    session(a, borders.b, client, REFLECTED),
    session(borders.b, a, med, "filter announce"),
    session(a, borders.c, client, REFLECTED),
    session(borders.c, a, med, "filter announce"),
    session(d, borders.e, client, REFLECTED),
    session(borders.e, d, med, "filter announce"),
    session(a, d, ["passive on;", ...med], REFLECTED),
    session(d, a, med, REFLECTED),
  ];
  const lab = topicLab({
    name: `a circle of MEDs, ${order.join(" ")}${deterministic ? ", deterministic" : ""}`,
    nodes: [a, d, borders.b, borders.c, borders.e],
    sessions,
  });
  const starts = (...nodes: readonly TopicNode[]) => nodes.map((one) => startOf(one, sessions));
  return {
    ...lab,
    stages: [
      { events: starts(a, d), seconds: 5, sampled: 1 },
      ...order.map((name) => ({ events: starts(borders[name]), seconds: 5, sampled: 1 })),
    ],
  };
}

/** Three reflectors that each prefer the route of the next one's client to that of their own, so that no choice of all three lasts. */
export function endlessCircle(): Lab {
  const reflectors = [1, 2, 3].map((last) => node(`r${last}`, last));
  const clients = [1, 2, 3].map((last) => node(`c${last}`, 10 + last, "", ["192.168.7.0/24 blackhole"]));
  const sessions = reflectors.flatMap((own, index) => {
    const client = clients[index] ?? own;
    const others = reflectors.filter((other) => other !== own);
    return [
      session(own, client, ["passive on;", "rr client;"], "none"),
      session(client, own, [], "where source = RTS_STATIC", "none"),
      ...others.map((other) => {
        const preference = other === reflectors[(index + 1) % 3] ? 200 : 50;
        const waits = reflectors.indexOf(other) > index ? ["passive on;"] : [];
        return session(own, other, waits, REFLECTED, `filter { bgp_local_pref = ${preference}; accept; }`);
      }),
    ];
  });
  // what they do they do as fast as they can: it is to take no longer than it must
  return topicLab({ name: "an endless circle", nodes: [...reflectors, ...clients], sessions, seconds: 4 });
}
