import type { Lab } from "../lab.ts";
import type { Draw } from "../make-lab.ts";
import { type TopicNode, type TopicSession, topicLab } from "./topic.ts";

const PAIRS = ["(64512,1)", "(64512,2)", "(64601,7)", "(65535,65281)", "(65535,65282)", "(65535,65283)"];
const LARGE = ["(64512,1,1)", "(64512,1,2)", "(64601,5,6)"];
const EXTENDED = ["(rt, 64512, 3)", "(ro, 64512, 4)", "(generic, 0x43000000, 0x10)"];

/** Communities of all three kinds: set, taken away and asked about in filters on the way, and those that BIRD itself heeds. */
export function communities(random: Draw, name: string): Lab {
  const nodes: TopicNode[] = [64512, 64512, random.one([64512, 64601]), 64602].map((as, index) => ({
    name: `n${index}`,
    as,
    addresses: [{ segment: "lan0", address: `10.0.0.${20 + index}` }],
    statics: [`192.168.${index}.0/24 blackhole`, `192.168.${40 + index}.0/24 unreachable`],
  }));
  const statement = (): string =>
    random.one([
      () => `bgp_community.add(${random.one(PAIRS)});`,
      () => `bgp_community.add(${random.one(PAIRS)});`,
      () => `bgp_community.delete(${random.one(PAIRS)});`,
      () => "bgp_community.delete([(64512,*)]);",
      () => "bgp_community.filter([(64512,1..5), (65535,*)]);",
      () => "bgp_community.empty;",
      () => `bgp_large_community.add(${random.one(LARGE)});`,
      () => `bgp_large_community.delete([(64512,1,*)]);`,
      () => `bgp_large_community.filter([(64512,1,1..1), (64601,*,*)]);`,
      () => `bgp_ext_community.add(${random.one(EXTENDED)});`,
      () => "bgp_ext_community.delete([(rt, 64512, *)]);",
      () => `if (${random.one(PAIRS)} ~ bgp_community) then bgp_local_pref = ${100 + random.below(50)};`,
      () => "if bgp_community ~ [(64512,1..1), (64601,*)] then preference = 140;",
      () => `if ${random.one(LARGE)} ~ bgp_large_community then bgp_med = ${random.below(90)};`,
      () => "if bgp_large_community ~ [(64512,1,2..9)] then reject;",
      () => "if bgp_community.len > 2 then bgp_med = 33;",
      () => "if bgp_path.len > 1 then bgp_community.add((64512,9));",
      () => "if bgp_path ~ [= 64601 * =] then bgp_large_community.add((1,2,3));",
      () => "bgp_path.prepend(bgp_path.last);",
      () => "bgp_path.delete(64601);",
    ])();
  const filter = (): string => `filter { ${Array.from({ length: random.below(4) }, statement).join(" ")} accept; }`;
  const sessions: TopicSession[] = [];
  // A line, so that what one told the next hears of; the first and second are reflected to where all are of one AS.
  for (let index = 0; index + 1 < nodes.length; index++) {
    const [own, other] = [nodes[index], nodes[index + 1]];
    if (own === undefined || other === undefined) continue;
    const internal = own.as === other.as;
    const heeds = (): readonly string[] => (random.chance(0.2) ? ["interpret communities off;"] : []);
    const make = (from: TopicNode, to: TopicNode, options: readonly string[]): TopicSession => ({
      own: from,
      other: to,
      segment: "lan0",
      import: filter(),
      export: filter(),
      options: [...heeds(), ...options],
    });
    sessions.push(make(own, other, ["passive on;"]));
    sessions.push(make(other, own, internal && index === 0 ? ["rr client;"] : []));
  }
  return topicLab({ name: `${name}: communities`, nodes, sessions });
}
