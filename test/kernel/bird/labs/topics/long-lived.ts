import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { startOf, type TopicNode, type TopicSession, topicLab } from "./topic.ts";

/** Long-lived graceful restart: a daemon is killed, its routes grow stale, and it comes back, or not. */
export function longLived(random: Draw, name: string): Lab {
  const external = random.chance(0.3);
  const nodes: TopicNode[] = [0, 1, 2].map((index) => ({
    name: `n${index}`,
    as: external && index === 2 ? 64601 : 64512,
    addresses: [{ segment: "lan0", address: `10.0.0.${20 + index}` }],
    statics: [
      `192.168.${index}.0/24 blackhole`,
      ...(index === 1 ? ["192.168.50.0/24 blackhole"] : []),
      "192.168.51.0/24 blackhole",
    ],
  }));
  const [first, second, third] = nodes;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three nodes");
  const restart = (): string =>
    random.one([
      "graceful restart; graceful restart time 3; long lived graceful restart; long lived stale time 8;",
      "graceful restart; graceful restart time 3; long lived graceful restart; long lived stale time 30;",
      "graceful restart; graceful restart time 3; long lived graceful restart on;",
      "graceful restart; graceful restart time 3; long lived graceful restart aware;",
      "graceful restart; graceful restart time 3; long lived graceful restart off;",
      "graceful restart; graceful restart time 3; long lived graceful restart; long lived stale time 0;",
      "graceful restart aware; long lived graceful restart; long lived stale time 20;",
    ]);
  const marks = random.chance(0.3) ? "if net ~ 192.168.50.0/24 then bgp_community.add((65535,7));" : "";
  const told = (from: TopicNode): string =>
    `filter { if source = RTS_DEVICE then reject; if net ~ 10.0.0.0/8 then reject; ${from === second ? marks : ""} accept; }`;
  const end = (own: TopicNode, other: TopicNode, options: readonly string[]): TopicSession => ({
    own,
    other,
    segment: "lan0",
    import: "all",
    export: told(own),
    options: [restart(), ...options],
  });
  const sessions = [
    end(first, second, ["passive on;", "rr client;"]),
    end(second, first, []),
    end(first, third, ["passive on;", ...(external ? [] : ["rr client;"])]),
    end(third, first, []),
  ];
  const back = { ...startOf(second, sessions), flags: random.chance(0.8) ? ["-R"] : [] };
  return topicLab({
    name: `${name}: long-lived restart${external ? ", two AS" : ""}`,
    nodes,
    sessions,
    seconds: 10,
    later: [
      { events: [{ kind: "signal", node: "n1", signal: "SIGKILL" }], seconds: random.one([6, 6, 14]) },
      ...(random.chance(0.6) ? [{ events: [back], seconds: 10 }] : []),
    ],
  });
}
