import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type TopicNode, type TopicSession, topicLab } from "./topic.ts";

/** Next hops: kept, set, one's own, of a third party on the link, looked up or taken as they are; over one hop and over several. */
export function nextHops(random: Draw, name: string): Lab {
  const external = random.chance(0.6);
  const on = (segment: string, address: string): { segment: string; address: string } => ({ segment, address });
  // n0 - lan0 - n1 - lan1 - n2, and n3 beside n0 and n1
  const nodes: TopicNode[] = [
    { name: "n0", as: 64512, addresses: [on("lan0", "10.0.0.20")], routes: ["10.0.1.0/24 via 10.0.0.21"] },
    { name: "n1", as: external ? 64601 : 64512, addresses: [on("lan0", "10.0.0.21"), on("lan1", "10.0.1.21")] },
    {
      name: "n2",
      as: random.one([64512, 64602]),
      addresses: [on("lan1", "10.0.1.22")],
      routes: ["10.0.0.0/24 via 10.0.1.21"],
    },
    {
      name: "n3",
      as: random.one([64512, 64602]),
      addresses: [on("lan0", "10.0.0.23")],
      routes: ["10.0.1.0/24 via 10.0.0.21"],
    },
  ].map((node, index) => ({
    ...node,
    statics: [
      `192.168.${index}.0/24 blackhole`,
      ...(node.addresses[0]?.segment === "lan0"
        ? ["192.168.44.0/24 via 10.0.0.99"]
        : ["192.168.44.0/24 via 10.0.1.99"]),
    ],
    kernel: random.one(["", "merge paths on;"]),
  }));
  const sessions: TopicSession[] = [];
  const connect = (x: number, y: number, segments: readonly [string, string]): void => {
    const [own, other] = [nodes[x], nodes[y]];
    if (own === undefined || other === undefined) return;
    const far = segments[0] !== segments[1];
    const internal = own.as === other.as;
    const hops =
      far || (!internal && random.chance(0.3)) ? ["multihop;"] : internal && random.chance(0.3) ? ["direct;"] : [];
    const security = random.chance(0.25) ? ["ttl security on;"] : [];
    const one = (): readonly string[] => [
      random.one(["", "", "next hop self;", "next hop keep;"]),
      hops[0] === "multihop;" || (internal && hops.length === 0)
        ? random.one(["", "gateway recursive;"])
        : random.one(["", "gateway direct;", "gateway recursive;"]),
      ...(internal && random.chance(0.4) ? ["rr client;"] : []),
    ];
    const filter = (): string =>
      random.one([
        "filter { if net ~ 192.168.0.0/16 then accept; reject; }",
        "filter { if net ~ 192.168.0.0/16 then accept; reject; }",
        `filter { if net ~ 192.168.44.0/24 then bgp_next_hop = ${random.one(["10.0.0.77", "10.0.1.77", "172.31.0.1"])}; if net ~ 192.168.0.0/16 then accept; reject; }`,
      ]);
    const end = (from: TopicNode, to: TopicNode, segment: string, passive: readonly string[]): TopicSession => ({
      own: from,
      other: to,
      segment,
      import: random.one(["all", "all", filter()]),
      export: filter(),
      options: [...hops, ...security, ...one(), ...passive],
    });
    if (far) return;
    sessions.push(end(own, other, segments[0], ["passive on;"]), end(other, own, segments[1], []));
  };
  connect(0, 1, ["lan0", "lan0"]);
  connect(1, 2, ["lan1", "lan1"]);
  connect(0, 3, ["lan0", "lan0"]);
  if (random.chance(0.6)) connect(1, 3, ["lan0", "lan0"]);
  return topicLab({ name: `${name}: next hops${external ? ", two AS" : ""}`, nodes, sessions });
}
