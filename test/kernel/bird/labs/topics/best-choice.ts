import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type Topic, type TopicNode, type TopicSession, topicLab } from "./topic.ts";

/** One destination told by several neighbours: which of their routes is the best (RFC 4271 section 9.1.2.2 as BIRD has it). */
export function bestChoice(random: Draw, name: string): Lab {
  const tellers = 3 + random.below(3);
  const nodes: TopicNode[] = [];
  const node = (index: number, as: number): TopicNode => {
    const made: TopicNode = {
      name: `n${index}`,
      as,
      addresses: [{ segment: "lan0", address: `10.0.0.${20 + index}` }],
      ...(random.chance(0.4) ? { id: `10.9.9.${1 + random.below(250)}` } : {}),
      statics: [
        "192.168.50.0/24 blackhole",
        `192.168.${index}.0/24 blackhole`,
        ...(random.chance(0.5) ? ["192.168.51.0/24 blackhole"] : []),
      ],
    };
    nodes.push(made);
    return made;
  };
  const observer = { ...node(0, 64512), statics: ["192.168.0.0/24 blackhole"] };
  nodes[0] = observer;
  const mode = random.one(["external", "mixed", "mixed", "internal"] as const);
  const settings = [
    random.chance(0.5) ? "deterministic med on;" : "",
    random.chance(0.2) ? "med metric on;" : "",
    random.chance(0.2) ? "path metric off;" : "",
    random.chance(0.2) ? "prefer older on;" : "",
    random.chance(0.2) ? "igp metric off;" : "",
    random.chance(0.3) ? "default bgp_med 20;" : "",
    random.chance(0.2) ? "default bgp_local_pref 150;" : "",
    random.chance(0.3) ? "add paths on;" : "",
    random.chance(0.3) ? "gateway recursive;" : "",
  ].filter((text) => text !== "");
  const sessions: TopicSession[] = [];
  for (let index = 1; index <= tellers; index++) {
    const as = mode === "internal" || (mode === "mixed" && random.chance(0.4)) ? 64512 : random.one([64601, 64602]);
    const teller = node(index, as);
    const both = { segment: "lan0" };
    const told = [
      random.chance(0.6) ? `bgp_med = ${10 * random.below(4)};` : "",
      random.chance(0.3) ? `bgp_path.prepend(${random.one([64601, 64701])});` : "",
      random.chance(0.2) ? `bgp_origin = ${random.one(["ORIGIN_EGP", "ORIGIN_INCOMPLETE"])};` : "",
      random.chance(0.2) && as === 64512 ? `bgp_local_pref = ${random.one([90, 100, 110])};` : "",
    ].join(" ");
    const taken = random.one(["", "", "", "bgp_local_pref = 120;", "preference = 130;", "bgp_med = 5;"]);
    const own = settings.filter((text) => /deterministic/.test(text) || random.chance(0.8));
    sessions.push({
      ...both,
      own: observer,
      other: teller,
      import: `filter { ${taken} accept; }`,
      export: "all",
      options: own,
    });
    sessions.push({
      ...both,
      own: teller,
      other: observer,
      import: "all",
      export: `filter { if source != RTS_STATIC then reject; ${told} accept; }`,
      options: [...(random.chance(0.5) ? ["passive on;"] : []), ...(random.chance(0.3) ? ["add paths on;"] : [])],
    });
  }
  const topic: Topic = {
    name: `${name}: ${tellers} routes of one destination, ${mode}${settings.length > 0 ? ` (${settings.join(" ")})` : ""}`,
    nodes,
    sessions,
    later: random.chance(0.5)
      ? [
          {
            events: [{ kind: "birdc", node: `n${1 + random.below(tellers)}`, command: "disable Mesh_10_0_0_20" }],
            seconds: 5,
          },
        ]
      : [],
    asked: [
      "show route for 192.168.50.1",
      "show route 192.168.51.0/24 all",
      "show route primary",
      "show protocols all Mesh_10_0_0_21",
    ],
  };
  return topicLab(topic);
}
