import { describe, expect, test } from "vitest";
import { pod, pool } from "../ipam/declared-cluster.ts";
import { deviceLines, machine, routeLines, wired } from "./wired.ts";

const WEB = pod("team-b/web", "kind-worker2");
const KIND = [
  machine("kind-control-plane", "172.18.0.3/16", "172.18.0.1"),
  machine("kind-worker2", "172.18.0.2/16", "172.18.0.1"),
];

test("with IPIP a node looks as in the reference's worked example", () => {
  const wiring = wired(pool("default-ipv4-ippool", "192.168.0.0/16", "ipipMode: Always") + WEB, KIND).get(
    "kind-worker2",
  );
  expect(deviceLines(wiring)).toEqual(["tunl0 mtu 1480 192.168.110.128/32", "cali644340a6920 mtu 1480"]);
  expect(routeLines(wiring)).toEqual([
    "192.168.110.129 dev cali644340a6920 scope link",
    "192.168.82.0/26 via 172.18.0.3 dev tunl0 proto bird onlink",
    "blackhole 192.168.110.128/26 proto bird",
  ]);
});

describe("two nodes in each of two subnets behind a router", () => {
  const nodes = [
    machine("node1", "172.16.1.1/24", "172.16.1.254"),
    machine("node2", "172.16.1.2/24", "172.16.1.254"),
    machine("node3", "172.16.2.3/24", "172.16.2.254"),
  ];
  const pods = ["node1", "node2", "node3"].map((node) => pod(`n/${node}`, node)).join("");
  const remote = (mode: string, calico?: string): readonly string[] =>
    routeLines(wired(pool("p", "10.10.0.0/16", mode) + pods, nodes, calico).get("node1")).filter((line) =>
      line.includes(" via "),
    );
  const [near, far] = ["10.10.104.0/26", "10.10.135.0/26"];

  test("without encapsulation the other subnet is behind the gateway", () => {
    expect(remote("")).toEqual([
      `${near} via 172.16.1.2 dev eth0 proto bird`,
      `${far} via 172.16.1.254 dev eth0 proto bird`,
    ]);
  });

  test("with IPIP all go through the tunnel, with CrossSubnet the others only", () => {
    expect(remote("ipipMode: Always")).toEqual([
      `${near} via 172.16.1.2 dev tunl0 proto bird onlink`,
      `${far} via 172.16.2.3 dev tunl0 proto bird onlink`,
    ]);
    expect(remote("ipipMode: CrossSubnet")).toEqual([
      `${near} via 172.16.1.2 dev eth0 proto bird`,
      `${far} via 172.16.2.3 dev tunl0 proto bird onlink`,
    ]);
  });

  test("with VXLAN the next hop is the tunnel's address, with CrossSubnet for the others only", () => {
    expect(remote("vxlanMode: Always")).toEqual([
      `${near} via 10.10.104.0 dev vxlan.calico onlink`,
      `${far} via 10.10.135.0 dev vxlan.calico onlink`,
    ]);
    expect(remote("vxlanMode: CrossSubnet")).toEqual([
      `${near} via 172.16.1.2 dev eth0 proto 80 onlink`,
      `${far} via 10.10.135.0 dev vxlan.calico onlink`,
    ]);
  });

  test("from v3.33 on Felix programs IPIP, with the tunnel's MTU on the route", () => {
    expect(remote("ipipMode: CrossSubnet", "v3.33.0")).toEqual([
      `${near} via 172.16.1.2 dev eth0 proto 80 onlink`,
      `${far} via 172.16.2.3 dev tunl0 proto 80 onlink mtu 1480`,
    ]);
  });

  test("of v3.31 and v3.32 Felix does where it is told to", () => {
    const felix =
      "---\napiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {programClusterRoutes: Enabled}\n";
    const text = pool("p", "10.10.0.0/16", "ipipMode: Always") + pods;
    const of = (calico: string, more: string): readonly string[] =>
      routeLines(wired(more + text, nodes, calico).get("node1")).filter((line) => line.startsWith("10.10.104.0/26"));
    expect(of("v3.31.0", "")).toEqual([`${near} via 172.16.1.2 dev tunl0 proto bird onlink`]);
    expect(of("v3.31.0", felix)).toEqual([`${near} via 172.16.1.2 dev tunl0 proto 80 onlink mtu 1480`]);
    // from v3.32 on BIRD's routes have a metric
    expect(of("v3.32.0", "")).toEqual([`${near} via 172.16.1.2 dev tunl0 proto bird metric 1024 onlink`]);
    expect(of("v3.30.0", felix)).toEqual([`${near} via 172.16.1.2 dev tunl0 proto bird onlink`]);
  });

  test("a pool that is not exported is reached by nobody but its own nodes", () => {
    expect(remote("disableBGPExport: true")).toEqual([]);
  });

  test("where BIRD does not run, only VXLAN's routes are there", () => {
    const backend =
      "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: calico-config}\ndata: {calico_backend: vxlan}\n";
    const lines = (mode: string): readonly string[] =>
      routeLines(wired(backend + pool("p", "10.10.0.0/16", mode) + pods, nodes).get("node1"));
    expect(lines("").filter((line) => !line.includes("cali"))).toEqual([]);
    expect(lines("vxlanMode: Always")).toContain("blackhole 10.10.166.128/26 proto 80");
  });
});

describe("routes over BGP", () => {
  const nodes = ["a", "b", "c", "r"].map((name, i) => machine(name, `172.16.0.${i + 1}/24`, "172.16.0.254"));
  const pods = ["a", "b", "c"].map((node) => pod(`n/${node}`, node)).join("");
  const calicoNode = (name: string, i: number, more: string, labels = "{}"): string =>
    `---\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: ${name}, labels: ${labels}}\nspec: {bgp: {ipv4Address: 172.16.0.${i}/24${more}}}\n`;
  const mesh = (on: boolean): string =>
    `---\napiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {nodeToNodeMeshEnabled: ${on}}\n`;
  const peer = (name: string, spec: string): string =>
    `---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
  const reflector = calicoNode("r", 4, ", routeReflectorClusterID: 224.0.0.1", "{rr: 'true'}");
  const of = (text: string, node: string): { readonly hops: readonly string[]; readonly told: readonly string[] } => {
    const wiring = wired(pool("p", "10.10.0.0/16") + pods + text, nodes).get(node);
    return {
      hops: routeLines(wiring)
        .flatMap((line) => / via (\S+) /.exec(line)?.[1] ?? [])
        .sort(),
      told: (wiring?.findings ?? []).map(({ message }) => message),
    };
  };

  test("go to every member of the mesh", () => {
    expect(of("", "a").hops).toEqual(["172.16.0.2", "172.16.0.3"]);
  });

  test("do not reach a route reflector that nobody peers with", () => {
    const { hops, told } = of(reflector, "r");
    expect(hops).toEqual([]);
    expect(told).toEqual(["No BGP session leads from r to a and 2 more nodes: it has no routes to pods there."]);
  });

  test("pass through a route reflector with the next hop of their node", () => {
    const text = mesh(false) + reflector + peer("rr", "nodeSelector: all(), peerSelector: rr == 'true'");
    expect(of(text, "a")).toEqual({ hops: ["172.16.0.2", "172.16.0.3"], told: [] });
    expect(of(text, "r")).toEqual({ hops: ["172.16.0.1", "172.16.0.2", "172.16.0.3"], told: [] });
  });

  test("do not pass through a node that is none", () => {
    const text = mesh(false) + peer("hub", "nodeSelector: all(), peerIP: 172.16.0.2, asNumber: 64512");
    expect(of(text, "b").hops).toEqual(["172.16.0.1", "172.16.0.3"]);
    expect(of(text, "a").hops).toEqual(["172.16.0.2"]);
  });

  test("of another autonomous system have the next hop of the node that tells of them", () => {
    const text =
      mesh(false) +
      calicoNode("b", 2, ", asNumber: 64513") +
      peer("ab", "node: a, peerIP: 172.16.0.2, asNumber: 64513") +
      peer("bc", "node: c, peerIP: 172.16.0.2, asNumber: 64513");
    expect(of(text, "b").hops).toEqual(["172.16.0.1", "172.16.0.3"]);
    // a and c are of one system: each refuses what comes back into it
    expect(of(text, "a").hops).toEqual(["172.16.0.2"]);
  });

  test("that depend on peers outside the cluster are told", () => {
    const { hops, told } = of(mesh(false) + peer("tor", "peerIP: 172.16.0.253, asNumber: 65000"), "a");
    expect(hops).toEqual([]);
    expect(told).toEqual([
      "Whether a learns the routes to b and 1 more nodes depends on BGP peers outside the cluster (172.16.0.253); it is taken that it does not.",
    ]);
  });
});

describe("the MTU of pods", () => {
  const felix = (spec: string, name = "default"): string =>
    `---\napiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: ${name}}\nspec: {${spec}}\n`;
  const mtuOf = (text: string, mtu = 1500): string | undefined =>
    deviceLines(
      wired(text + WEB, [machine("kind-worker2", "172.18.0.2/16", "172.18.0.1", { mtu })]).get("kind-worker2"),
    )
      .find((line) => line.startsWith("cali"))
      ?.replace(/^\S+ /, "");
  const POOL = "10.10.0.0/16";

  test.each([
    ["is the machine's without a tunnel", pool("p", POOL), 1500, "mtu 1500"],
    ["is 20 less with IPIP", pool("p", POOL, "ipipMode: CrossSubnet"), 9000, "mtu 8980"],
    ["is 50 less with VXLAN", pool("p", POOL, "vxlanMode: Always"), 1450, "mtu 1400"],
    [
      "is the smaller of two tunnels'",
      pool("p", POOL, "ipipMode: Always") + pool("q", "10.11.0.0/16", "vxlanMode: Always"),
      1500,
      "mtu 1450",
    ],
    ["is FelixConfiguration's", felix("vxlanMTU: 1300") + pool("p", POOL, "vxlanMode: Always"), 1500, "mtu 1300"],
    [
      "is that of the node's own FelixConfiguration",
      felix("vxlanMTU: 1300") + felix("vxlanMTU: 1200", "node.kind-worker2") + pool("p", POOL, "vxlanMode: Always"),
      1500,
      "mtu 1200",
    ],
    ["is 60 less with WireGuard", felix("wireguardEnabled: true") + pool("p", POOL), 1500, "mtu 1440"],
    [
      "is 1460 where no device has a name that Felix knows",
      felix("mtuIfacePattern: '^bond'") + pool("p", POOL),
      1500,
      "mtu 1460",
    ],
    [
      "is the Installation's",
      "---\napiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {calicoNetwork: {mtu: 1234, ipPools: [{cidr: 10.10.0.0/16, encapsulation: VXLAN}]}}\n",
      1500,
      "mtu 1234",
    ],
  ])("%s", (_, text, mtu, line) => {
    expect(mtuOf(text, mtu)).toBe(line);
  });
});

test("a device has the name that the WorkloadEndpoint gives", () => {
  const endpoint =
    "---\napiVersion: projectcalico.org/v3\nkind: WorkloadEndpoint\nmetadata: {namespace: team-b, name: w}\nspec: {node: kind-worker2, pod: web, endpoint: eth0, interfaceName: cali0000000abcd}\n";
  const wiring = wired(pool("p", "10.10.0.0/16") + endpoint + WEB, KIND).get("kind-worker2");
  expect(deviceLines(wiring)).toEqual(["cali0000000abcd mtu 1500"]);
  expect(routeLines(wiring)[0]).toBe("10.10.110.128 dev cali0000000abcd scope link");
});

test("a borrowed address has a route of its own on other nodes", () => {
  const text =
    pool("p", "10.10.0.0/30", "blockSize: 30") + pod("n/a", "kind-control-plane") + pod("n/b", "kind-worker2");
  const all = wired(text, KIND);
  expect(routeLines(all.get("kind-control-plane"))).toContain("10.10.0.1 via 172.18.0.2 dev eth0 proto bird");
  expect(routeLines(all.get("kind-worker2"))).toContain("10.10.0.0/30 via 172.18.0.3 dev eth0 proto bird");
});

test("a VXLAN device needs a device with the node's address", () => {
  const [node] = [machine("node1", "172.16.0.1/24", "172.16.0.254", { bgpIPv4: null })];
  const elsewhere = { ...node, bgpIPv4: machine("x", "10.99.0.1/24", "10.99.0.2").bgpIPv4 };
  const wiring = wired(pool("p", "10.10.0.0/16", "vxlanMode: Always"), [elsewhere]).get("node1");
  expect(deviceLines(wiring)).toEqual([]);
  expect(wiring?.findings.map(({ code }) => code)).toEqual(["vxlan-without-parent"]);
});

test("a route to a block that nobody declares comes from its pool, a route to a pod from the Pod", () => {
  const routes = wired(pool("p", "10.10.0.0/16") + WEB + pod("n/a", "kind-control-plane"), KIND).get(
    "kind-worker2",
  )?.routes;
  const origins = (routes ?? []).filter(({ protocol }) => protocol !== "kernel").map(({ origin }) => origin);
  expect(origins).toHaveLength(3);
  expect(origins.filter((origin) => origin === 0)).toEqual([]);
});

test("nodes share the routes that are equal", () => {
  const nodes = ["a", "b", "c", "d"].map((name, i) => machine(name, `172.16.0.${i + 1}/24`, "172.16.0.254"));
  const text = pool("p", "10.10.0.0/16", "ipipMode: Always") + nodes.map(({ name }) => pod(`n/${name}`, name)).join("");
  const all = wired(text, nodes);
  const remote = (name: string): ReadonlySet<unknown> =>
    new Set(all.get(name)?.routes.filter(({ nextHops }) => nextHops[0]?.interface === "tunl0" && nextHops[0].onlink));
  const [a, b] = [remote("a"), remote("b")];
  expect([a.size, b.size]).toEqual([3, 3]);
  expect([...a].filter((route) => b.has(route))).toHaveLength(2);
});
