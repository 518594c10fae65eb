import { inSix } from "../six.ts";
import type { TopicNode } from "../topics/topic.ts";
import { between, type NamedTopology, node, topology } from "./topology.ts";

const NET = /192\.168\.50\.0\/24/;
const TOLD = ["192.168.50.0/24 blackhole"];
const REFLECTED = "where source = RTS_BGP";

/** a - lan0 - m - lan1 - z: what `z` has, `m` tells `a`, who knows the way to lan1. */
function line(as: readonly [number, number, number]): readonly [TopicNode, TopicNode, TopicNode] {
  const [ofA, ofM, ofZ] = as;
  return [
    node("a", 20, ofA, { routes: ["10.0.1.0/24 via 10.0.0.21"] }),
    node("m", 21, ofM, {
      addresses: [
        { segment: "lan0", address: "10.0.0.21" },
        { segment: "lan1", address: "10.0.1.21" },
      ],
    }),
    node("z", 22, ofZ, {
      addresses: [{ segment: "lan1", address: "10.0.1.22" }],
      routes: ["10.0.0.0/24 via 10.0.1.21"],
      statics: TOLD,
    }),
  ];
}

function nextHop(
  says: string,
  as: readonly [number, number, number],
  ofM: readonly string[],
  ofA: readonly string[],
  expected: { readonly told: string; readonly kernel: RegExp },
): NamedTopology {
  const [a, m, z] = line(as);
  return topology(
    says,
    {
      nodes: [a, m, z],
      sessions: [
        ...between(z, m, {}, { options: as[1] === as[2] ? ["rr client;"] : [] }, "lan1"),
        ...between(m, a, { export: REFLECTED, options: ofM }, { options: ofA }),
      ],
    },
    [
      {
        node: "a",
        shows: [
          new RegExp(`192\\.168\\.50\\.0/24 [\\s\\S]*BGP\\.next_hop: ${expected.told.replaceAll(".", "\\.")}\\n`),
        ],
        kernel: [expected.kernel],
      },
    ],
  );
}

const BY_M = /192\.168\.50\.0\/24 via 10\.0\.0\.21 dev eth0 proto bird/;

export const NEXT_HOPS: readonly NamedTopology[] = [
  nextHop("tells another AS itself as the next hop of what lies beyond it", [64512, 64601, 64602], [], [], {
    told: "10.0.0.21",
    kernel: BY_M,
  }),
  nextHop(
    "tells its AS the next hop as it was told, which is looked up in the table",
    [64512, 64512, 64602],
    [],
    ["gateway recursive;"],
    { told: "10.0.1.22", kernel: BY_M },
  ),
  nextHop(
    "tells its AS itself as the next hop with next hop self",
    [64512, 64512, 64602],
    ["next hop self;"],
    ["gateway recursive;"],
    { told: "10.0.0.21", kernel: BY_M },
  ),
  nextHop(
    "tells another AS the next hop as it was told with next hop keep",
    [64512, 64601, 64602],
    ["next hop keep;"],
    ["gateway recursive;"],
    { told: "10.0.1.22", kernel: BY_M },
  ),
  nextHop(
    "goes by who told with gateway direct, wherever the next hop is",
    [64512, 64512, 64602],
    [],
    ["gateway direct;", "direct;"],
    { told: "10.0.1.22", kernel: BY_M },
  ),
  thirdParty(),
  unreachableNextHop(),
  setWays(),
];

/** `a`, `m` and `z` on one link, three AS: `m` names `z`, not itself. */
function thirdParty(): NamedTopology {
  const [a, m, z] = [node("a", 20, 64512), node("m", 21, 64601), node("z", 22, 64602, { statics: TOLD })];
  return topology(
    "tells another AS on the link the next hop of a third party on it",
    { nodes: [a, m, z], sessions: [...between(z, m), ...between(m, a, { export: REFLECTED })] },
    [
      {
        node: "a",
        shows: [/192\.168\.50\.0\/24 +via 10\.0\.0\.22 on eth0 [\s\S]*BGP\.as_path: 64601 64602\n/],
        kernel: [/192\.168\.50\.0\/24 via 10\.0\.0\.22 dev eth0/],
      },
    ],
  );
}

function unreachableNextHop(): NamedTopology {
  const [a, b] = [node("a", 20, 64512), node("b", 21, 64512, { statics: TOLD })];
  const far = "filter { bgp_next_hop = 172.31.0.9; accept; }";
  return topology(
    "puts a route into the kernel as unreachable where nothing leads to its next hop",
    { nodes: [a, b], sessions: between(b, a, { export: far }, { options: ["gateway recursive;"] }) },
    [
      {
        node: "a",
        shows: [/192\.168\.50\.0\/24 +unreachable \[/],
        kernel: [/unreachable 192\.168\.50\.0\/24 proto bird/],
      },
    ],
  );
}

/** What an import filter makes of where routes lead, also of those that are looked up. */
function setWays(): NamedTopology {
  const nets = [50, 51, 52, 53, 54].map((net) => `192.168.${net}.0/24 blackhole`);
  const [a, b] = [node("a", 20, 64512), node("b", 21, 64512, { statics: nets })];
  const ways = [
    "if net ~ 192.168.50.0/24 then gw = 10.0.0.77;",
    "if net ~ 192.168.51.0/24 then gw = 172.31.0.9;",
    "if net ~ 192.168.52.0/24 then dest = RTD_UNREACHABLE;",
    "if net ~ 192.168.53.0/24 then gw = 10.0.0.255;",
    "if net ~ 192.168.54.0/24 then from = 10.0.0.99;",
  ];
  const taken = { import: `filter { ${ways.join(" ")} accept; }`, options: ["gateway recursive;"] };
  return topology(
    "goes by the gateway on the link that a filter sets, and rejects the route where it sets another",
    { nodes: [a, b], sessions: between(b, a, {}, taken) },
    [
      {
        node: "a",
        shows: [/192\.168\.52\.0\/24 +unreachable/, /192\.168\.54\.0\/24 [^\n]* from 10\.0\.0\.99\]/],
        hides: [/192\.168\.51\.0/, /192\.168\.53\.0/],
        kernel: [/192\.168\.50\.0\/24 via 10\.0\.0\.77 dev eth0/, /unreachable 192\.168\.52\.0\/24/],
      },
    ],
  );
}

/** `r` reflects; `x` has a route, `y` is told or not. */
function reflector(says: string, clients: readonly ("x" | "y")[], isTold: boolean): NamedTopology {
  const [r, x, y] = [node("r", 20, 64512), node("x", 21, 64512, { statics: TOLD }), node("y", 22, 64512)];
  const end = (one: "x" | "y") => ({
    export: REFLECTED,
    options: clients.includes(one) ? ["rr client;", "rr cluster id 7.7.7.7;"] : [],
  });
  const told = /192\.168\.50\.0\/24 [\s\S]*BGP\.originator_id: 10\.0\.0\.21\n[\s\S]*BGP\.cluster_list: 7\.7\.7\.7\n/;
  return topology(
    says,
    { nodes: [r, x, y], sessions: [...between(x, r, {}, end("x")), ...between(y, r, {}, end("y"))] },
    [{ node: "y", ...(isTold ? { shows: [told] } : { hides: [NET] }) }],
  );
}

/** Two reflectors of one cluster and a client of both. */
function ownCluster(): NamedTopology {
  const [r, s, x] = [node("r", 20, 64512), node("s", 21, 64512), node("x", 22, 64512, { statics: TOLD })];
  const client = { export: "none", options: ["rr client;", "rr cluster id 7.7.7.7;"] };
  return topology(
    "takes no route that has been in its cluster",
    {
      nodes: [r, s, x],
      sessions: [
        ...between(x, r, {}, client),
        ...between(
          r,
          s,
          { export: REFLECTED },
          { export: REFLECTED, options: ["rr client;", "rr cluster id 7.7.7.7;"] },
        ),
      ],
    },
    [
      // What comes while the first feed is under way is counted twice (docs/lab-notes/bgp.md).
      { node: "r", shows: [NET, /Mesh_10_0_0_21 [\s\S]*?0 imported, [12] exported/] },
      { node: "s", hides: [NET] },
    ],
  );
}

export const REFLECTIONS: readonly NamedTopology[] = [
  reflector("reflects from client to client, with originator and cluster", ["x", "y"], true),
  reflector("reflects from a client to who is none", ["x"], true),
  reflector("reflects to a client from who is none", ["y"], true),
  reflector("does not reflect between two who are no clients", [], false),
  ownCluster(),
];

/** `b` and `c` tell `a` of one destination. */
function multipath(says: string, kernel: string, expected: RegExp): NamedTopology {
  const a = node("a", 20, 64512, { kernel });
  const tellers = [node("b", 21, 64601, { statics: TOLD }), node("c", 22, 64601, { statics: TOLD })];
  return topology(says, { nodes: [a, ...tellers], sessions: tellers.flatMap((one) => between(one, a)) }, [
    { node: "a", kernel: [expected] },
  ]);
}

/** What `a` alone does with its kernel and its own routes; `b` is told of them. */
function alone(
  says: string,
  a: Partial<TopicNode>,
  expected: {
    readonly shows?: readonly RegExp[];
    readonly hides?: readonly RegExp[];
    readonly kernel?: readonly RegExp[];
    readonly notInKernel?: readonly RegExp[];
  },
): NamedTopology {
  const [own, other] = [node("a", 20, 64512, a), node("b", 21, 64512)];
  return topology(says, { nodes: [own, other], sessions: between(own, other, { export: "all" }) }, [
    { node: "a", ...expected },
  ]);
}

export const KERNEL_ROUTES: readonly NamedTopology[] = [
  multipath(
    "puts equal routes into the kernel as one of two next hops with merge paths",
    "merge paths on;",
    /192\.168\.50\.0\/24 proto bird\s+nexthop via 10\.0\.0\.21 dev eth0 weight 1\s+nexthop via 10\.0\.0\.22 dev eth0 weight 1/,
  ),
  multipath(
    "puts the best alone into the kernel without merge paths",
    "",
    /192\.168\.50\.0\/24 via 10\.0\.0\.21 dev eth0 proto bird/,
  ),
  alone(
    "does not learn what another program put into the kernel with learn off",
    { routes: ["192.168.77.0/24 via 10.0.0.9 proto static"], kernel: "learn off;" },
    { hides: [/192\.168\.77\.0/], kernel: [/192\.168\.77\.0\/24 via 10\.0\.0\.9 dev eth0 proto static/] },
  ),
  alone(
    "puts into the kernel what the export filter of the kernel protocol lets pass, with the source that it sets",
    {
      statics: ["192.168.60.0/24 via 10.0.0.21", "192.168.61.0/24 via 10.0.0.21", "192.168.62.0/24 blackhole"],
      kernel:
        "export filter { if net ~ 192.168.61.0/24 then reject; krt_prefsrc = 10.0.0.20; if net ~ 192.168.62.0/24 then krt_metric = 77; accept; };",
    },
    {
      shows: [/192\.168\.61\.0\/24 +via 10\.0\.0\.21/],
      kernel: [
        /192\.168\.60\.0\/24 via 10\.0\.0\.21 dev eth0 proto bird src 10\.0\.0\.20/,
        /blackhole 192\.168\.62\.0\/24 proto bird/,
      ],
      notInKernel: [/192\.168\.61\.0/],
    },
  ),
  alone(
    "puts blackhole, unreachable and prohibit routes into the kernel as such",
    { statics: ["192.168.60.0/24 blackhole", "192.168.61.0/24 unreachable", "192.168.62.0/24 prohibit"] },
    {
      shows: [/192\.168\.60\.0\/24 +blackhole/, /192\.168\.61\.0\/24 +unreachable/, /192\.168\.62\.0\/24 +prohibited/],
      kernel: [/blackhole 192\.168\.60\.0\/24/, /unreachable 192\.168\.61\.0\/24/, /prohibit 192\.168\.62\.0\/24/],
    },
  ),
  alone(
    "has no static route by a gateway that is not on the link",
    { statics: ["192.168.60.0/24 via 10.0.0.21", "192.168.61.0/24 via 172.31.0.1"] },
    { shows: [/192\.168\.60\.0\/24 +via 10\.0\.0\.21 on eth0 \[static1/], hides: [/192\.168\.61\.0/] },
  ),
  alone(
    "has the networks of its interfaces from the direct protocol, and the kernel none of them from it",
    {},
    {
      shows: [/10\.0\.0\.0\/24 +dev eth0 \[direct1 [^\]]+\] \* \(240\)/],
      notInKernel: [/10\.0\.0\.0\/24[^\n]*proto bird/],
    },
  ),
  leaving("takes its routes out of the kernel when it is stopped", "persist off;", false),
  leaving("leaves its routes in the kernel when it is stopped, with persist", "persist;", true),
];

function leaving(says: string, kernel: string, stays: boolean): NamedTopology {
  const [a, b] = [node("a", 20, 64512, { kernel }), node("b", 21, 64512, { statics: TOLD })];
  const by = /192\.168\.50\.0\/24 via 10\.0\.0\.21 dev eth0 proto bird/;
  return topology(
    says,
    {
      nodes: [a, b],
      sessions: between(b, a),
      later: [{ events: [{ kind: "signal", node: "a", signal: "SIGTERM" }], seconds: 4 }],
    },
    [
      { node: "a", stage: 0, kernel: [by] },
      { node: "a", ...(stays ? { kernel: [by] } : { notInKernel: [by] }) },
    ],
  );
}

/** The same sentence of bird6. */
function ofSix({ lab }: NamedTopology, says: string, expects: NamedTopology["expects"]): NamedTopology {
  return { says, lab: { ...inSix(lab), name: says }, expects };
}

const [a6, b6, c6] = [
  node("a", 20, 64512),
  node("b", 21, 64601, { statics: TOLD }),
  node("b", 21, 64512, { statics: TOLD }),
];

export const SIX: readonly NamedTopology[] = [
  ofSix(
    topology("", { nodes: [a6, b6], sessions: between(b6, a6, {}, { options: ["gateway recursive;"] }) }, []),
    "tells over one hop of IPv6 a link-local next hop beside the global one, by which the route goes",
    [
      {
        node: "a",
        shows: [/BGP\.next_hop: fd00:10::21 fe80::\S+\n/, /Mesh_\S+ BGP +master +up +\S+ +Established/],
        kernel: [/fd00:192:168:50::\/64 via fe80::\S+ dev eth0 proto bird/],
      },
    ],
  ),
  ofSix(
    topology("", { nodes: [a6, c6], sessions: between(c6, a6, {}, { options: ["gateway recursive;"] }) }, []),
    "tells within its AS the global next hop of IPv6 alone, which is looked up",
    [
      {
        node: "a",
        shows: [/BGP\.next_hop: fd00:10::21\n/],
        kernel: [/fd00:192:168:50::\/64 via fd00:10::21 dev eth0 proto bird/],
      },
    ],
  ),
];

export const ROUTE_TOPOLOGIES: readonly NamedTopology[] = [...NEXT_HOPS, ...REFLECTIONS, ...KERNEL_ROUTES, ...SIX];
