import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type TopicNode, type TopicSession, topicLab } from "./topic.ts";

/** What two ends of a session say of it, alike or not: ttl security, hops, ports, passwords, capabilities, AS, identifiers. */
export function sessions(random: Draw, name: string): Lab {
  const on = (segment: string, address: string): { segment: string; address: string } => ({ segment, address });
  const as = [64512, random.one([64512, 64601, 400_001]), random.one([64512, 64601])];
  const far = random.chance(0.5);
  const twin = random.chance(0.15);
  const nodes: TopicNode[] = [
    { name: "n0", addresses: [on("lan0", "10.0.0.20")], routes: ["10.0.1.0/24 via 10.0.0.21"] },
    { name: "n1", addresses: [on("lan0", "10.0.0.21"), on("lan1", "10.0.1.21")] },
    { name: "n2", addresses: [on("lan1", "10.0.1.22")], routes: ["10.0.0.0/24 via 10.0.1.21"] },
  ].map((node, index) => ({
    ...node,
    as: as[index] ?? 64512,
    ...(twin ? { id: "10.9.9.9" } : {}),
    statics: [`192.168.${index}.0/24 blackhole`, "192.168.50.0/24 blackhole"],
    head: random.chance(0.15) ? "listen bgp port 1790;" : "",
  }));
  const [first, middle, last] = nodes;
  if (first === undefined || middle === undefined || last === undefined) throw new Error("three nodes");
  const made: TopicSession[] = [];
  const connect = (own: TopicNode, other: TopicNode, mine: string, theirs: string): void => {
    const internal = own.as === other.as;
    const hops =
      mine === theirs
        ? ["", "", "multihop;", "multihop 1;", "multihop 2;"]
        : ["multihop;", "multihop 2;", "multihop 5;", "multihop 1;"];
    const shared = random.one(hops);
    // One end alone: whether the neighbour's OPEN comes before the socket knows its least TTL, chance decides. The same with a port on which
    // nobody listens: within one machine the reset comes before it does, between two of them it does not.
    const listens = own.head === "" && other.head === "";
    const security = listens ? random.one(["", "", "ttl security on;"]) : "";
    const one = (from: TopicNode, to: TopicNode, at: string, segment: string, passive: string): TopicSession => ({
      own: from,
      other: to,
      segment,
      at,
      import: "all",
      export: "where source ~ [ RTS_STATIC, RTS_BGP ]",
      ...(to.head !== "" && random.chance(0.7) ? { port: "port 1790" } : {}),
      options: [
        random.chance(0.8) ? shared : random.one(hops),
        security,
        random.one(["", "", "", "", 'password "one";', 'password "two";']),
        random.one(["", "", "", "allow local as 1;", "allow local as;"]),
        random.one([
          "",
          "",
          "",
          "",
          "capabilities off;",
          ...(to.as > 0xffff ? [] : ["enable as4 off;"]),
          "enable route refresh off;",
          "advertise ipv4 off;",
        ]),
        random.one(["", "", "", "keepalive time 2;", "startup hold time 5;"]),
        ...(internal && random.chance(0.3) ? ["rr client;"] : []),
        ...(!internal && random.chance(0.15) ? ["rs client;"] : []),
        ...(random.chance(0.3) ? ["graceful restart;"] : []),
        ...(random.chance(0.3) ? [random.one(["add paths on;", "add paths rx;", "add paths tx;"])] : []),
        passive,
      ].filter((text) => text !== ""),
    });
    const passive = random.one(["passive on;", "passive on;", ""]);
    const ends = [
      one(own, other, mine, theirs, passive),
      one(other, own, theirs, mine, random.chance(0.1) ? "passive on;" : ""),
    ];
    // Nor between ends that are farther than they say: the answer to the SYN comes before the least TTL holds, all else behind it.
    const tooFar = mine !== theirs && ends.some(({ options }) => options.includes("multihop 1;"));
    const without = (options: readonly string[]): readonly string[] =>
      options.filter((option) => !tooFar || option !== "ttl security on;");
    made.push(...ends.map((end) => ({ ...end, options: without(end.options) })));
  };
  connect(first, middle, "lan0", "lan0");
  connect(middle, last, "lan1", "lan1");
  if (far) connect(first, last, "lan0", "lan1");
  return topicLab({ name: `${name}: sessions${twin ? " of one identifier" : ""}`, nodes, sessions: made });
}
