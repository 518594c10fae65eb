import type { LabEvent } from "../lab.ts";
import type { TopicNode, TopicSession } from "../topics/topic.ts";
import { type Expected, type NamedTopology, node, topology } from "./topology.ts";

const MTU = "600";

/** More than fits into a segment of a link that takes 600 bytes: all in one UPDATE. */
const MANY = Array.from({ length: 300 }, (_, index) => `10.${100 + (index >> 8)}.${index & 255}.0/24 blackhole`);
const LAST = /10\.101\.43\.0\/24/;

const run = (on: string, ...words: readonly string[]): LabEvent => ({ kind: "run", node: on, words });
const narrow = (on: string, device: string): LabEvent => run(on, "ip", "link", "set", device, "mtu", MTU);

/** a - lan0 - m - lan1 - z, where m only forwards: z tells a of many networks. */
function throughM(says: string, before: readonly LabEvent[], expects: readonly Expected[]): NamedTopology {
  const a = node("a", 20, 64601, { routes: ["10.0.1.0/24 via 10.0.0.21"] });
  const m = node("m", 21, 64602, {
    addresses: [
      { segment: "lan0", address: "10.0.0.21" },
      { segment: "lan1", address: "10.0.1.21" },
    ],
  });
  const z = node("z", 22, 64603, {
    addresses: [{ segment: "lan1", address: "10.0.1.22" }],
    routes: ["10.0.0.0/24 via 10.0.1.21"],
    statics: MANY,
  });
  const end = (
    own: TopicNode,
    other: TopicNode,
    segment: string,
    at: string,
    more: readonly string[],
  ): TopicSession => ({
    own,
    other,
    segment,
    at,
    import: "all",
    export: "where source = RTS_STATIC",
    options: ["multihop 4;", ...more],
  });
  const sessions = [end(z, a, "lan0", "lan1", []), end(a, z, "lan1", "lan0", ["passive on;"])];
  const whole = topology(says, { nodes: [a, m, z], sessions }, expects);
  const [first, ...later] = whole.lab.stages;
  const stages = first === undefined ? [] : [{ ...first, events: [...before, ...first.events] }, ...later];
  return { ...whole, lab: { ...whole.lab, stages } };
}

/** tcp_sync_mss(), tcp_simple_retransmit(): what the way takes, as BGP meets it. */
export const NARROW_LINKS: readonly NamedTopology[] = [
  throughM(
    "tells all its routes by segments that fit into the links at both ends",
    [narrow("a", "eth0"), narrow("m", "eth0"), narrow("m", "eth1"), narrow("z", "eth0")],
    [{ node: "a", shows: [LAST, /BGP state: +Established/] }],
  ),
  throughM(
    "tells all its routes once a router on the way has said how little its link takes",
    [narrow("m", "eth0")],
    [{ node: "a", shows: [LAST, /BGP state: +Established/] }],
  ),
  throughM(
    "loses the session again and again where the router's errors are dropped",
    [narrow("m", "eth0"), run("m", "iptables-nft", "-A", "OUTPUT", "-p", "icmp", "-j", "DROP")],
    [{ node: "a", hides: [LAST] }],
  ),
];
