import type { BothCase, BothNode } from "./both-lab.ts";

/** What the session of a node is told, beside what all are told. */
interface Session {
  /** Of the neighbour. */
  readonly to: string;
  readonly as: number;
  readonly name?: string;
  readonly settings?: string;
  /** Of the channels; null: there is none. */
  readonly four?: string | null;
  readonly six?: string | null;
}

const ALL = "import all; export all;";

function sessionText(own: number, { to, as, name, settings, four = ALL, six = ALL }: Session): string {
  const channel = (family: 4 | 6, text: string | null): string =>
    text === null ? "" : `  ipv${family} { ${text} };\n`;
  const timers = "connect delay time 1; connect retry time 2; error wait time 2, 4;";
  return `protocol bgp ${name ?? "both"} {\n  local as ${own}; neighbor ${to} as ${as}; ${timers}\n  ${settings ?? ""}\n${channel(4, four)}${channel(6, six)}}\n`;
}

/** Networks of a machine with this number that lead nowhere, and some by a neighbour of all. */
function base(number: number): string {
  return [
    `router id 10.0.0.${number};`,
    "protocol device { }",
    "protocol direct { ipv4; ipv6; }",
    "protocol kernel { ipv4 { export all; }; }",
    "protocol kernel { ipv6 { export all; }; }",
    `protocol static four { ipv4; route 10.${number}.0.0/16 blackhole; route 10.${number}.1.0/24 via 10.0.0.99; }`,
    `protocol static six { ipv6; route fd01:${number}::/32 blackhole; route fd01:${number}:1::/48 via fd00::99; }`,
    "",
  ].join("\n");
}

/** A machine on the one link of all, in an AS. */
function node(
  number: number,
  as: number,
  sessions: readonly Session[],
  more: Partial<BothNode> & { readonly text?: string } = {},
): BothNode {
  const { text = "", ...rest } = more;
  return {
    name: `n${number}`,
    interfaces: [`eth0 lan0 10.0.0.${number}/24 fd00::${number}/64`],
    config: `${base(number)}${text}${sessions.map((session) => sessionText(as, session)).join("")}`,
    ...rest,
  };
}

const four = (number: number): string => `10.0.0.${number}`;
const six = (number: number): string => `fd00::${number}`;

/** Two machines with one session, the first in the first AS. */
function pair(
  says: string,
  address: (number: number) => string,
  as: readonly [number, number],
  more: { readonly first?: Partial<Session>; readonly second?: Partial<Session>; readonly text?: string } = {},
  rest: Partial<BothCase> = {},
): BothCase {
  const [one, two] = as;
  const { text = "" } = more;
  return {
    says,
    nodes: [
      node(1, one, [{ to: address(2), as: two, ...more.first }], { text }),
      node(2, two, [{ to: address(1), as: one, ...more.second }]),
    ],
    ...rest,
  };
}

const WITHIN: readonly [number, number] = [64512, 64512];
const BETWEEN: readonly [number, number] = [65001, 65002];
const EXTENDED = `${ALL} extended next hop;`;

export const BOTH_CASES: readonly BothCase[] = [
  pair("both families within an AS over IPv4", four, WITHIN),
  pair("both families between two AS over IPv4", four, BETWEEN),
  pair("both families within an AS over IPv6", six, WITHIN),
  pair("both families between two AS over IPv6", six, BETWEEN),
  pair("next hops of IPv6 for IPv4", six, BETWEEN, { first: { four: EXTENDED }, second: { four: EXTENDED } }),
  pair("next hops of IPv6 for IPv4 that one end alone knows of", six, BETWEEN, { first: { four: EXTENDED } }),
  pair("next hops of IPv4 for IPv6", four, BETWEEN, { first: { six: EXTENDED }, second: { six: EXTENDED } }),
  pair("a next hop that is written, and oneself as next hop", four, WITHIN, {
    first: { four: `${ALL} next hop address 10.0.0.77;`, six: `${ALL} next hop self;` },
    second: { four: `${ALL} next hop self;`, six: `${ALL} next hop address fd00::77;` },
  }),
  pair("one end has a channel of IPv4 alone", four, BETWEEN, { second: { six: null } }),
  pair("routes of IPv6 alone over IPv4", four, BETWEEN, { first: { four: null }, second: { four: null } }),
  pair("routes of IPv4 alone over IPv6", six, WITHIN, { first: { six: null }, second: { six: null } }),
  // It is asked while they wait: which of them tries again first is chance.
  pair("no family in common", four, BETWEEN, {
    first: { four: null, settings: "error wait time 30, 60;" },
    second: { six: null, settings: "error wait time 30, 60;" },
  }),
  pair("filters of their own for each family", six, BETWEEN, {
    text: "filter some { if net.len > 40 then { bgp_med = 7; bgp_community.add((65001, 7)); accept; } reject; }\n",
    first: { four: "import where net.len > 20; export none;", six: "import all; export filter some;" },
    second: {
      six: `import filter { if bgp_med = 7 then bgp_local_pref = 300; accept; }; export where source = RTS_STATIC;`,
    },
  }),
  pair("preferences, ADD-PATH and a path that a filter prepends to", four, BETWEEN, {
    first: { four: `${ALL} preference 150; add paths on;`, six: `${ALL} add paths rx;` },
    second: {
      four: "import all; export filter { bgp_path.prepend(65009); accept; }; add paths on;",
      six: `${ALL} add paths tx;`,
    },
  }),
  pair("a limit of IPv6 that lets no more in", four, WITHIN, {
    first: {
      six: `${ALL} import limit 2 action block;`,
      four: `${ALL} receive limit 9 action warn; export limit 1 action block;`,
    },
  }),
  pair("a limit of IPv6 that ends the session for both", four, WITHIN, {
    first: { six: `${ALL} import limit 2 action disable;` },
  }),
  {
    says: "a reflector of both families for clients of two sides",
    nodes: [
      node(1, 64512, [
        { to: four(2), as: 64512, name: "two", settings: "rr client;" },
        { to: six(3), as: 64512, name: "three", settings: "rr client; rr cluster id 9.9.9.9;" },
        { to: four(4), as: 65004, name: "four_", settings: "" },
      ]),
      node(2, 64512, [{ to: four(1), as: 64512 }]),
      node(3, 64512, [{ to: six(1), as: 64512 }]),
      node(4, 65004, [{ to: four(1), as: 64512 }]),
    ],
    seconds: 14,
  },
  pair(
    "a neighbour that restarts keeps the routes of the family for which it says so",
    four,
    WITHIN,
    {
      first: { settings: "graceful restart on; graceful restart time 20;", six: `${ALL} graceful restart off;` },
      second: { settings: "graceful restart on; graceful restart time 20;", six: `${ALL} graceful restart off;` },
    },
    { later: [{ events: [{ kind: "signal", node: "n2", signal: "SIGKILL" }], seconds: 6 }] },
  ),
  pair(
    "a session that is disabled takes the routes of both with it",
    six,
    BETWEEN,
    {},
    { later: [{ events: [{ kind: "birdc", node: "n1", command: "disable both" }], seconds: 5 }] },
  ),
];
