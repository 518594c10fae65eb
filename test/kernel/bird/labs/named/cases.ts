import type { Lab, LabEvent } from "../lab.ts";
import { startOf, type TopicNode, type TopicSession, topicLab } from "../topics/topic.ts";

/** Two nodes, what their configurations say of the session between them, what happens, and how it stands at the end on both. */
export interface NamedCase {
  /** A sentence about BIRD. */
  readonly says: string;
  readonly a?: readonly string[];
  readonly b?: readonly string[];
  readonly asOfB?: number;
  /** The AS that `a` takes `b` to have. */
  readonly takenAs?: number;
  readonly idOfB?: string;
  readonly port?: string;
  readonly before?: readonly LabEvent[];
  readonly absent?: boolean;
  /** After the session had its time. */
  readonly later?: readonly LabEvent[];
  /** What `b` exports, if not its static routes alone; and its static routes, if others than one. */
  readonly exportOfB?: string;
  readonly staticsOfB?: readonly string[];
  /** What `ip route add` is given on `a`. */
  readonly routesOfA?: readonly string[];
  /** What a real `a` answers at the end to `show route all` and `show protocols all`. */
  readonly shows?: RegExp;
  readonly hides?: RegExp;
  /** `STATE info` of the sessions of `a` and of `b`, as a pattern; null: no daemon. */
  readonly endsWith: readonly [a: RegExp, b: RegExp | null];
}

const run = (node: string, ...words: readonly string[]): LabEvent => ({ kind: "run", node, words });
const drop = (node: string, chain: string, ...match: readonly string[]): LabEvent =>
  run(node, "iptables-nft", "-A", chain, "-p", "tcp", ...match);
const toPort = ["--dport", "179"];
const fromPort = ["--sport", "179"];

/** `a` dials, `b` waits, unless a case says otherwise. */
export const NAMED_CASES: readonly NamedCase[] = [
  { says: "comes up where one end dials and the other waits", endsWith: [/^up Established$/, /^up Established$/] },
  { says: "comes up where both ends dial at once", b: [], endsWith: [/^up Established$/, /^up Established$/] },
  { says: "stays Passive where both ends wait", a: ["passive on;"], endsWith: [/^start Passive$/, /^start Passive$/] },
  { says: "is down where it is disabled", a: ["disabled;"], endsWith: [/^down$/, /^start Passive$/] },
  {
    says: "is told Connection refused where no daemon listens",
    absent: true,
    endsWith: [/^start (?:Active|Connect) Socket: Connection refused$/, null],
  },
  {
    says: "is told Connection refused where the neighbour listens on another port",
    port: "port 1790",
    endsWith: [/^start (?:Active|Connect) Socket: Connection refused$/, /^start Passive$/],
  },
  {
    says: "is down without a listening socket where another program holds port 179, and OpenSent at whom that accepts",
    before: [{ kind: "take-port", node: "b" }],
    endsWith: [/^start OpenSent$/, /^down Error: No listening socket$/],
  },
  {
    says: "waits in Connect where SYNs are dropped",
    before: [drop("b", "INPUT", ...toPort, "-j", "DROP")],
    endsWith: [/^start (?:Connect|Active)$/, /^start Passive$/],
  },
  {
    says: "is told No route to host where SYNs are rejected as icmp-host-unreachable",
    before: [drop("b", "INPUT", ...toPort, "-j", "REJECT", "--reject-with", "icmp-host-unreachable")],
    endsWith: [/^start (?:Connect|Active) Socket: No route to host$/, /^start Passive$/],
  },
  {
    says: "is told Connection refused where SYNs are rejected with a reset",
    before: [drop("b", "INPUT", ...toPort, "-j", "REJECT", "--reject-with", "tcp-reset")],
    endsWith: [/^start (?:Connect|Active) Socket: Connection refused$/, /^start Passive$/],
  },
  {
    says: "is told Bad peer AS at both ends where an AS is another",
    takenAs: 65000,
    endsWith: [/BGP Error: Bad peer AS$/, /Received: Bad peer AS$/],
  },
  {
    says: "is told Bad BGP identifier within an AS where both have one",
    idOfB: "10.0.0.20",
    endsWith: [/^start \w+ BGP Error: Bad BGP identifier$|Received: Bad BGP identifier$/, /Bad BGP identifier$/],
  },
  {
    says: "comes up between two AS where both have one identifier",
    idOfB: "10.0.0.20",
    asOfB: 64601,
    takenAs: 64601,
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "comes up with one password",
    a: ['password "one";'],
    b: ["passive on;", 'password "one";'],
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "stays down without a word where only one end has a password",
    a: ['password "one";'],
    endsWith: [/^start (?:Connect|Active)$/, /^start Passive$/],
  },
  {
    says: "stays down without a word where passwords differ",
    a: ['password "one";'],
    b: ["passive on;", 'password "two";'],
    endsWith: [/^start (?:Connect|Active)$/, /^start Passive$/],
  },
  {
    says: "comes up with ttl security at both ends",
    asOfB: 64601,
    takenAs: 64601,
    a: ["ttl security on;"],
    b: ["passive on;", "ttl security on;"],
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "is told Connection closed where the source address is not the host's",
    a: ["source address 10.0.0.77;"],
    endsWith: [/^start \w+ Socket: Connection closed$/, /^start Passive$/],
  },
  {
    says: "comes up where the neighbour knows no capabilities",
    b: ["passive on;", "capabilities off;"],
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "ends with Hold timer expired where the neighbour's segments are dropped, and both ends say so",
    later: [drop("a", "INPUT", ...fromPort, "-j", "DROP"), drop("b", "INPUT", ...toPort, "-j", "DROP")],
    endsWith: [/BGP Error: Hold timer expired$/, /BGP Error: Hold timer expired$/],
  },
  {
    says: "lives on where only new connections are dropped",
    later: [drop("b", "INPUT", ...toPort, "--syn", "-j", "DROP")],
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "lives on with a block on the dialling side's own port 179, whose rule meets no packet",
    before: [drop("a", "INPUT", ...toPort, "-j", "DROP")],
    endsWith: [/^up Established$/, /^up Established$/],
  },
  {
    says: "is refused where the neighbour has disabled it and has no other",
    later: [{ kind: "birdc", node: "b", command: "disable Mesh_10_0_0_20" }],
    endsWith: [/^start \w+ Socket: Connection refused$/, /^down$/],
  },
  {
    says: "is refused after the neighbour's daemon was stopped",
    later: [{ kind: "signal", node: "b", signal: "SIGTERM" }],
    endsWith: [/^start \w+ (?:Received: .*|Socket: Connection refused)$/, null],
  },
];

/** Sessions of which the routes matter, too. */
const UP: NamedCase["endsWith"] = [/^up Established$/, /^up Established$/];
const RESTARTS = ["graceful restart;", "graceful restart time 60;"];
const LIVES_LONG = ["graceful restart;", "graceful restart time 4;", "long lived graceful restart;"];
const KILLED: readonly LabEvent[] = [{ kind: "signal", node: "b", signal: "SIGKILL" }];
const REFUSED: NamedCase["endsWith"] = [/^start \w+ +Socket: Connection (?:refused|closed|reset by peer)$/, null];

export const NAMED_ROUTES: readonly NamedCase[] = [
  {
    says: "ends an OPEN that nobody answers after the startup hold time",
    a: ["startup hold time 4;"],
    before: [{ kind: "take-port", node: "b" }],
    endsWith: [/BGP Error: Hold timer expired$|^start OpenSent$/, /^down Error: No listening socket$/],
  },
  {
    says: "brings no route with its own AS in the path",
    asOfB: 64601,
    takenAs: 64601,
    exportOfB: "filter { bgp_path.prepend(64512); accept; }",
    hides: /192\.168\.21\.0\/24/,
    endsWith: UP,
  },
  {
    says: "brings a route with its own AS in the path where that is allowed once",
    a: ["allow local as 1;"],
    asOfB: 64601,
    takenAs: 64601,
    exportOfB: "filter { bgp_path.prepend(64512); accept; }",
    shows: /192\.168\.21\.0\/24[\s\S]*BGP\.as_path: 64512 64601\n/,
    endsWith: UP,
  },
  {
    says: "brings no more routes than its limit lets in",
    a: ["import limit 2 action block;"],
    staticsOfB: ["192.168.21.0/24 blackhole", "192.168.22.0/24 blackhole", "192.168.23.0/24 blackhole"],
    shows: /Import limit: +2 \[HIT\]\n.*block\n.*2 imported/,
    endsWith: UP,
  },
  {
    says: "brings communities of all three kinds",
    exportOfB:
      "filter { bgp_community.add((64512, 7)); bgp_ext_community.add((rt, 64512, 8)); bgp_large_community.add((64512, 9, 10)); accept; }",
    shows:
      /BGP\.community: \(64512,7\)[\s\S]*BGP\.ext_community: \(rt, 64512, 8\)[\s\S]*BGP\.large_community: \(64512, 9, 10\)/,
    endsWith: UP,
  },
  {
    says: "brings the next hop that a filter sets",
    exportOfB: "filter { bgp_next_hop = 10.0.0.99; accept; }",
    shows: /192\.168\.21\.0\/24 +via 10\.0\.0\.99 on eth0/,
    endsWith: UP,
  },
  {
    says: "has what another program put into the kernel beside its own",
    routesOfA: ["192.168.77.0/24 via 10.0.0.9 proto static"],
    shows: /192\.168\.77\.0\/24 +via 10\.0\.0\.9 on eth0 \[kernel1 [\s\S]*Type: inherit/,
    endsWith: UP,
  },
  {
    says: "loses the routes of a neighbour that is killed",
    a: ["graceful restart off;"],
    later: KILLED,
    hides: /192\.168\.21\.0\/24/,
    endsWith: REFUSED,
  },
  {
    says: "keeps the routes of a neighbour that is killed and said that it would be back",
    a: RESTARTS,
    b: ["passive on;", ...RESTARTS],
    later: KILLED,
    shows: /192\.168\.21\.0\/24/,
    endsWith: REFUSED,
  },
  {
    says: "keeps them for long with a community that says so, and as the worst",
    a: LIVES_LONG,
    b: ["passive on;", ...LIVES_LONG],
    later: KILLED,
    shows: /192\.168\.21\.0\/24 [^\n]*\(100s[\s\S]*BGP\.community: \(65535,6\)/,
    endsWith: REFUSED,
  },
];

export function namedLab({ says, asOfB = 64512, takenAs = 64512, idOfB, ...item }: NamedCase): Lab {
  const node = (name: string, last: number, as: number, id?: string): TopicNode => ({
    name,
    as,
    addresses: [{ segment: "lan0", address: `10.0.0.${last}` }],
    statics: (name === "b" ? item.staticsOfB : undefined) ?? [`192.168.${last}.0/24 blackhole`],
    routes: (name === "a" ? item.routesOfA : undefined) ?? [],
    ...(id === undefined ? {} : { id }),
  });
  const a = node("a", 20, 64512);
  const b = node("b", 21, asOfB, idOfB);
  const common = { segment: "lan0", import: "all", export: "where source = RTS_STATIC" };
  const sessions: TopicSession[] = [
    {
      ...common,
      own: a,
      other: { ...b, as: takenAs },
      options: item.a ?? [],
      ...(item.port === undefined ? {} : { port: item.port }),
    },
    { ...common, own: b, other: a, export: item.exportOfB ?? common.export, options: item.b ?? ["passive on;"] },
  ];
  const lab = topicLab({
    name: says,
    nodes: [a, b],
    sessions,
    later: item.later === undefined ? [] : [{ events: item.later, seconds: 22 }],
  });
  const starts = [a, b].filter(({ name }) => name === "a" || item.absent !== true).map((one) => startOf(one, sessions));
  return {
    ...lab,
    stages: lab.stages.map((stage, index) =>
      index === 0 ? { ...stage, events: [...(item.before ?? []), ...starts] } : stage,
    ),
  };
}
