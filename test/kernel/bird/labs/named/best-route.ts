import type { TopicNode } from "../topics/topic.ts";
import { between, type End, type NamedTopology, node, topology } from "./topology.ts";

/** What both tell. */
const NET = "192.168.50.0/24";
const TOLD = [`${NET} blackhole`];
const REFLECTED = "where source = RTS_BGP";

/** One who tells `a` of the destination: what differs from the other one. */
interface Teller {
  readonly as?: number;
  readonly id?: string;
  /** Statements of its export filter, and of `a`'s import filter, before `accept`. */
  readonly tells?: string;
  readonly taken?: string;
}

/** `a` (AS 64512) is told by `b` (10.0.0.21) and `c` (10.0.0.22), of AS 64601 unless they say so; `c` is chosen. */
function chooses(
  says: string,
  b: Teller,
  c: Teller,
  { options = [] as readonly string[], chosen = 22, oneByOne = false } = {},
): NamedTopology {
  const a = node("a", 20, 64512);
  const made = ([name, last, teller]: readonly [string, number, Teller]): readonly [TopicNode, End, End] => [
    node(name, last, teller.as ?? 64601, { statics: TOLD, ...(teller.id === undefined ? {} : { id: teller.id }) }),
    { import: `filter { ${teller.taken ?? ""} accept; }`, options },
    { export: `filter { if source != RTS_STATIC then reject; ${teller.tells ?? ""} accept; }` },
  ];
  const tellers = [made(["b", 21, b]), made(["c", 22, c])];
  const nodes = tellers.map(([one]) => one);
  return topology(
    says,
    {
      nodes: [a, ...nodes],
      sessions: tellers.flatMap(([one, ofA, own]) => between(one, a, own, ofA)),
      asked: [`show route for ${NET} primary`],
    },
    [
      {
        node: "a",
        shows: [
          /via 10\.0\.0\.21 on eth0 \[Mesh/,
          /via 10\.0\.0\.22 on eth0 \[Mesh/,
          new RegExp(`192\\.168\\.50\\.0/24 +via 10\\.0\\.0\\.${chosen} on eth0 \\[\\S+ \\S+(?: from \\S+)?\\] \\* `),
        ],
        kernel: [new RegExp(`192\\.168\\.50\\.0/24 via 10\\.0\\.0\\.${chosen} dev eth0 proto bird`)],
      },
    ],
    oneByOne ? nodes : [],
  );
}

/** Internal, with a path as long as that of the other one. */
const INTERNAL: Teller = { as: 64512, tells: "bgp_path.prepend(64601);" };

/** RFC 4271, section 9.1.2.2, step by step: all that comes after a step speaks for the other route. */
export const BEST_ROUTES: readonly NamedTopology[] = [
  chooses(
    "prefers the higher preference to the higher local preference",
    { taken: "bgp_local_pref = 500;" },
    { taken: "preference = 130;" },
  ),
  chooses(
    "prefers the higher local preference to the shorter path",
    {},
    { tells: "bgp_path.prepend(64601);", taken: "bgp_local_pref = 120;" },
  ),
  chooses(
    "prefers the shorter path to the lower origin",
    { tells: "bgp_path.prepend(64601);" },
    { tells: "bgp_origin = ORIGIN_INCOMPLETE;" },
  ),
  chooses(
    "prefers the lower identifier to the shorter path with path metric off",
    { id: "10.9.9.9" },
    { id: "1.1.1.1", tells: "bgp_path.prepend(64601);" },
    { options: ["path metric off;"] },
  ),
  chooses(
    "prefers the lower origin to the lower MED",
    { tells: "bgp_origin = ORIGIN_EGP; bgp_med = 1;" },
    { tells: "bgp_med = 9;" },
  ),
  chooses(
    "prefers the lower MED of one AS to the lower identifier",
    { tells: "bgp_med = 20;" },
    { tells: "bgp_med = 10;", id: "10.9.9.9" },
  ),
  chooses(
    "does not compare the MEDs of two AS",
    { tells: "bgp_med = 20;", id: "1.1.1.1" },
    { as: 64602, tells: "bgp_med = 10;" },
    { chosen: 21 },
  ),
  chooses(
    "compares the MEDs of two AS with med metric on",
    { tells: "bgp_med = 20;", id: "1.1.1.1" },
    { as: 64602, tells: "bgp_med = 10;" },
    { options: ["med metric on;"] },
  ),
  chooses(
    "takes a route without MED for one with default bgp_med",
    { tells: "bgp_med = 20;" },
    { id: "10.9.9.9" },
    { options: ["default bgp_med 10;"] },
  ),
  chooses(
    "prefers a route of another AS to an internal one of lower identifier",
    { ...INTERNAL, id: "1.1.1.1", taken: "bgp_local_pref = 100;" },
    { id: "10.9.9.9", taken: "bgp_local_pref = 100;" },
  ),
  chooses("prefers the lower identifier to the lower address", { id: "10.9.9.9" }, { id: "1.1.1.1" }),
  chooses(
    "prefers the lower address of two with one identifier",
    { id: "10.9.9.9" },
    { id: "10.9.9.9" },
    { chosen: 21 },
  ),
  chooses(
    "stays with the older route of two AS with prefer older on",
    { id: "10.9.9.9" },
    { id: "1.1.1.1" },
    { options: ["prefer older on;"], chosen: 21, oneByOne: true },
  ),
  nearerNextHop(),
  shorterClusterList(),
  firstOriginator(),
  deterministicMed(true),
  deterministicMed(false),
];

/** `c`'s next hop is on the link; that of `b`, whose identifier is lower, behind a gateway. */
function nearerNextHop(): NamedTopology {
  const a = node("a", 20, 64512, { routes: ["10.0.7.0/24 via 10.0.0.77"] });
  const b = node("b", 21, 64512, { statics: TOLD, id: "1.1.1.1" });
  const c = node("c", 22, 64512, { statics: TOLD });
  const far = "filter { if source != RTS_STATIC then reject; bgp_next_hop = 10.0.7.7; accept; }";
  const recursive: End = { options: ["gateway recursive;"] };
  return topology(
    "prefers the route whose next hop is nearer to that of the lower identifier",
    {
      nodes: [a, b, c],
      sessions: [...between(b, a, { export: far }, recursive), ...between(c, a, {}, recursive)],
    },
    [
      {
        node: "a",
        shows: [/192\.168\.50\.0\/24 +via 10\.0\.0\.22 on eth0 \[\S+ \S+\] \* \(100\/0\)/, /\(100\/\?\)/],
        kernel: [/192\.168\.50\.0\/24 via 10\.0\.0\.22 dev eth0/],
      },
    ],
  );
}

/** `a` is told of the route of `x` by `r` at first hand, and by `s` at second; `s` has the lower address. */
function shorterClusterList(): NamedTopology {
  const [a, x] = [node("a", 20, 64512), node("x", 25, 64512, { statics: TOLD })];
  const [r, s, t] = [node("r", 24, 64512), node("s", 22, 64512), node("t", 23, 64512)];
  const client: End = { export: REFLECTED, options: ["rr client;"] };
  const taker: End = { export: "none" };
  return topology(
    "prefers the shorter cluster list to the lower address",
    {
      nodes: [a, x, r, s, t],
      sessions: [
        ...between(x, r, {}, client),
        ...between(x, t, {}, client),
        ...between(t, s, { export: REFLECTED }, client),
        ...between(a, r, taker, client),
        ...between(a, s, taker, client),
      ],
    },
    [
      {
        node: "a",
        shows: [
          /192\.168\.50\.0\/24 [^\n]* from 10\.0\.0\.24\] \* /,
          /from 10\.0\.0\.22\] \([\s\S]*?BGP\.cluster_list: \S+ \S+\n/,
        ],
      },
    ],
  );
}

/** Of two routes that reflectors tell their originators are compared, not the reflectors. */
function firstOriginator(): NamedTopology {
  const a = node("a", 20, 64512);
  const [x, y] = [
    node("x", 25, 64512, { statics: TOLD, id: "10.9.9.9" }),
    node("y", 26, 64512, { statics: TOLD, id: "1.1.1.1" }),
  ];
  const [r, s] = [node("r", 21, 64512), node("s", 22, 64512)];
  const client: End = { export: REFLECTED, options: ["rr client;"] };
  return topology(
    "prefers the lower originator to the lower identifier of who reflects",
    {
      nodes: [a, x, y, r, s],
      sessions: [
        ...between(x, r, {}, client),
        ...between(y, s, {}, client),
        ...between(a, r, { export: "none" }, client),
        ...between(a, s, { export: "none" }, client),
      ],
    },
    [{ node: "a", shows: [/192\.168\.50\.0\/24 [^\n]* from 10\.0\.0\.22\] \* [\s\S]*?originator_id: 1\.1\.1\.1/] }],
  );
}

/**
 * In the order in which they come: `b` (AS 64601, MED 50), `c` (AS 64602), `d` (AS 64601, MED 10), by identifier. `d` is better than `b`; of
 * `d` and `c`, `c` is.
 */
function deterministicMed(on: boolean): NamedTopology {
  const a = node("a", 20, 64512);
  const tellers = [
    { one: node("b", 21, 64601, { statics: TOLD }), med: 50 },
    { one: node("c", 22, 64602, { statics: TOLD }), med: 30 },
    { one: node("d", 23, 64601, { statics: TOLD }), med: 10 },
  ];
  const options = on ? ["deterministic med on;"] : [];
  const told = (med: number): string => `filter { if source != RTS_STATIC then reject; bgp_med = ${med}; accept; }`;
  return topology(
    on
      ? "compares the best of each AS with deterministic med on, whichever came first"
      : "compares each route that comes with the best so far without deterministic med",
    {
      nodes: [a, ...tellers.map(({ one }) => one)],
      sessions: tellers.flatMap(({ one, med }) => between(one, a, { export: told(med) }, { options })),
    },
    [
      {
        node: "a",
        shows: [
          on
            ? /192\.168\.50\.0\/24 +via 10\.0\.0\.22 on eth0 \[[^\]]+\] \* /
            : /via 10\.0\.0\.23 on eth0 \[[^\]]+\] \* /,
        ],
      },
    ],
    tellers.map(({ one }) => one),
  );
}
