import fc from "fast-check";
import { expect, test } from "vitest";
import { knowledgeOf } from "../../../src/model/host.ts";
import { sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { readSnapshot, type SnapshotResult } from "../../../src/readers/snapshot/read-snapshot.ts";

const FLAGS = "<BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default";

function addr(devices: readonly string[]): string {
  return [
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000",
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00",
    "    inet 127.0.0.1/8 scope host lo",
    ...devices,
    "",
  ].join("\n");
}

function eth(index: number, name: string, ...addresses: string[]): string {
  return [
    `${index}: ${name}: ${FLAGS}`,
    `    link/ether 52:54:00:00:00:${String(index).padStart(2, "0")} brd ff:ff:ff:ff:ff:ff`,
    ...addresses.map((address) => `    inet ${address} scope global ${name.replace(/@.*/, "")}`),
  ].join("\n");
}

const IPTABLES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
const WEB = `apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: c, ports: [{containerPort: 8080, name: http}]}]}
status: {phase: Running, podIP: 192.168.1.2}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.80, selector: {app: web}, ports: [{port: 80, targetPort: http}, {port: 81, targetPort: 9090}]}
`;

const NODES: Readonly<Record<string, string>> = {
  "cluster/web.yaml": WEB,
  "nodes/n1/ip-addr.txt": addr([eth(2, "eth0", "172.16.0.11/24"), eth(7, "cali0123456789a@if3")]),
  "nodes/n1/ip-route.txt":
    "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.11\n192.168.1.2 dev cali0123456789a scope link\n",
  "nodes/n1/iptables-save.txt": IPTABLES,
  "nodes/n2/ip-addr.txt": addr([eth(2, "eth0", "172.16.0.12/24")]),
  "nodes/n2/ip-route.txt": "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.12\n",
};

function read(files: Readonly<Record<string, string>>): SnapshotResult {
  return readSnapshot({ name: "test", files: new Map(Object.entries(files)) });
}

function links(result: SnapshotResult): string[] {
  return result.network.links.map((link) =>
    link.members
      .map((member) => `${member.host}:${member.interface}`)
      .sort()
      .join(" = "),
  );
}

function told(result: { readonly findings: SnapshotResult["findings"] }): string[] {
  return result.findings.filter((one) => one.severity !== "info").map((one) => `${one.code} ${one.file ?? ""}`.trim());
}

test("a pod nobody dumped is made as Calico makes it, behind the device its route says", () => {
  const result = read(NODES);
  const pod = result.network.hosts.get("pod/shop/web");
  expect(pod?.node).toBe("n1");
  expect(pod?.routes.filter((one) => one.table === 254).map((one) => formatPrefix(one.destination))).toEqual([
    "0.0.0.0/0",
    "169.254.1.1/32",
  ]);
  expect(
    pod?.interfaces.get("eth0")?.addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`),
  ).toEqual(["192.168.1.2/32"]);
  expect(pod?.sockets.map((one) => [one.port, one.certainty])).toEqual([
    [8080, "declared"],
    [9090, "declared"],
  ]);
  expect(links(result)).toEqual(["n1:cali0123456789a = pod/shop/web:eth0", "n1:eth0 = n2:eth0"]);
  expect(result.network.services.get("shop/web")?.clusterIPs.map(formatAddress)).toEqual(["10.96.0.80"]);
  expect(sourceOf(result.network.origins, pod?.origin ?? 0)).toMatchObject({ file: "cluster/web.yaml", line: 1 });
  expect(told(result)).toEqual([]);
});

test("what is missing is derived, assumed or unknown as the promise says", () => {
  const { network } = read(NODES);
  const n1 = network.hosts.get("n1");
  const n2 = network.hosts.get("n2");
  if (n1 === undefined || n2 === undefined) throw new Error("nodes are missing");
  expect(knowledgeOf(n1, "rules")).toBe("known");
  expect(knowledgeOf(n2, "rules")).toBe("unknown");
  expect(knowledgeOf(n1, "rules6")).toBe("unknown");
  expect(knowledgeOf(n1, "routes")).toBe("derived");
  expect(
    n1.routes.filter((one) => one.table === 255 && one.type === "local").map((one) => formatPrefix(one.destination)),
  ).toEqual(["127.0.0.0/8", "127.0.0.1/32", "172.16.0.11/32"]);
  expect(knowledgeOf(n1, "policyRules")).toBe("derived");
  for (const part of ["otherBackend", "nft", "sysctls", "neighbours", "conntrack"] as const) {
    expect(knowledgeOf(n1, part), part).toBe("assumed");
  }
  expect(knowledgeOf(n1, "sets")).toBe("unknown");
  expect(knowledgeOf(n1, "sockets")).toBe("unknown");
  expect(n1.sysctls.get("net.ipv4.ip_forward")).toBe("1");
  expect(n1.sysctls.get("net.ipv4.conf.cali0123456789a.proxy_arp")).toBe("1");
  expect(n1.sysctls.get("net.ipv4.conf.eth0.proxy_arp")).toBe("0");
  const { "nodes/n1/ip-route.txt": _, ...rest } = NODES;
  const blind = read(rest).network.hosts.get("n1");
  expect(blind && knowledgeOf(blind, "routes")).toBe("unknown");
});

test("dumped sysctls stay, and an interface without keys of its own has those of default", () => {
  const sysctl =
    "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.forwarding = 0\nnet.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.eth0.rp_filter = 1\n";
  const n1 = read({ ...NODES, "nodes/n1/sysctl.txt": sysctl }).network.hosts.get("n1");
  expect(n1?.sysctls.get("net.ipv4.ip_forward")).toBe("0");
  expect(n1?.sysctls.get("net.ipv4.conf.eth0.rp_filter")).toBe("1");
  expect(n1?.sysctls.get("net.ipv4.conf.cali0123456789a.rp_filter")).toBe("2");
  expect(n1 && knowledgeOf(n1, "sysctls")).toBe("known");
});

test("an IPv6 pod has a default route to the link-local address of every cali device", () => {
  const pod = read({
    ...NODES,
    "cluster/web.yaml": WEB.replace("podIP: 192.168.1.2", "podIP: fd00::2"),
  }).network.hosts.get("pod/shop/web");
  const route = pod?.routes.find((one) => one.destination.length === 0);
  expect(formatAddress(route?.nextHops[0]?.gateway ?? { family: 4, a: 0, b: 0, c: 0, d: 0 })).toBe(
    "fe80::ecee:eeff:feee:eeee",
  );
});

test("a WorkloadEndpoint that names another device than the route is told", () => {
  const endpoint =
    "apiVersion: projectcalico.org/v3\nkind: WorkloadEndpoint\nmetadata: {name: w, namespace: shop}\nspec: {node: n1, pod: web, interfaceName: califfffffffff, ipNetworks: [192.168.1.2/32]}\n";
  const result = read({ ...NODES, "cluster/wep.yaml": endpoint });
  expect(told(result)).toEqual(["veth-disagreement cluster/wep.yaml"]);
  expect(links(result)[0]).toBe("n1:cali0123456789a = pod/shop/web:eth0");
});

test("a pod whose device is gone is told, and keeps its inside", () => {
  const result = read({ ...NODES, "cluster/web.yaml": WEB.replace("192.168.1.2", "192.168.1.9") });
  expect(told(result)).toEqual(["veth-missing cluster/web.yaml"]);
  expect(result.network.hosts.has("pod/shop/web")).toBe(true);
});

test("a dumped pod is joined by the numbers of its veth pair", () => {
  const inside = {
    "nodes/n1/netns/shop_web/ip-addr.txt": addr([eth(3, "eth0@if7", "192.168.1.2/32")]),
    "nodes/n1/netns/shop_web/ip-route.txt": "default via 169.254.1.1 dev eth0\n169.254.1.1 dev eth0 scope link\n",
    "nodes/n1/netns/shop_web/sockets.txt": "",
  };
  const result = read({ ...NODES, ...inside });
  expect(links(result)[0]).toBe("n1:cali0123456789a = pod/shop/web:eth0");
  expect(result.network.hosts.get("pod/shop/web")?.sockets).toEqual([]);
  expect(told(result)).toEqual([]);
  const elsewhere = read({ ...NODES, ...inside, "cluster/web.yaml": WEB.replace("nodeName: n1", "nodeName: n2") });
  expect(told(elsewhere)).toContain("pod-elsewhere cluster/web.yaml");
});

test("pods without an address or without a dumped node are endpoints that say so", () => {
  const pods = `${WEB.replace("podIP: 192.168.1.2", "reason: x")}---\n${WEB.replace("name: web,", "name: far,").replace("nodeName: n1", "nodeName: n9")}`;
  const result = read({ ...NODES, "cluster/web.yaml": pods });
  expect(result.network.endpoints.get("pod/shop/web")).toEqual({
    host: "pod/shop/web",
    addresses: [],
    unmodelled: true,
  });
  expect(result.network.endpoints.get("pod/shop/far")?.unmodelled).toBe(true);
  expect(told(result)).toEqual(["pod-without-address cluster/web.yaml"]);
});

test("a hostNetwork pod is its node", () => {
  const pod = WEB.replace("{nodeName: n1,", "{nodeName: n1, hostNetwork: true,").replace("192.168.1.2", "172.16.0.11");
  const { network } = read({ ...NODES, "cluster/web.yaml": pod });
  expect(network.hosts.has("pod/shop/web")).toBe(false);
  expect(network.endpoints.get("pod/shop/web")).toMatchObject({ host: "n1", unmodelled: false });
  expect(network.hosts.get("n1")?.sockets.map((one) => one.port)).toEqual([8080, 9090]);
});

test("two machines with one address are both kept and not joined", () => {
  const result = read({ ...NODES, "nodes/n2/ip-addr.txt": addr([eth(2, "eth0", "172.16.0.11/24")]) });
  expect(told(result)).toEqual(["duplicate-address"]);
  expect(links(result)).toEqual(["n1:cali0123456789a = pod/shop/web:eth0"]);
});

test("bridges without a way out, tunnels and addresses of containers join nobody", () => {
  const extra = [eth(8, "docker0", "172.17.0.1/16"), eth(9, "vxlan.calico", "192.168.1.0/32")].join("\n");
  const node = (address: string): string => addr([eth(2, "eth0", address), extra]);
  const result = read({
    "nodes/n1/ip-addr.txt": node("10.0.0.1/24"),
    "nodes/n2/ip-addr.txt": node("10.0.0.2/24"),
  });
  expect(links(result)).toEqual(["n1:eth0 = n2:eth0"]);
  expect(told(result)).toEqual([]);
});

test("different masks join where each address is in the other's subnet, and next hops join the rest", () => {
  const machine = (address: string): string => addr([eth(2, "eth0", address)]);
  const result = read({
    "nodes/a/ip-addr.txt": machine("10.0.1.1/16"),
    "nodes/b/ip-addr.txt": machine("10.0.1.2/24"),
    "nodes/c/ip-addr.txt": machine("10.0.2.2/24"),
    "nodes/d/ip-addr.txt": machine("10.9.9.9/32"),
    "nodes/d/ip-route.txt": "192.168.0.0/26 via 10.0.2.2 dev eth0 onlink\n",
  });
  expect(links(result).sort()).toEqual(["a:eth0 = b:eth0", "c:eth0 = d:eth0"]);
});

test("snapshot.yaml describes segments, machines and routes of the fabric", () => {
  const description = `apiVersion: podpath/v1
kind: Snapshot
metadata: {name: prod}
fabric:
  segments:
    - {name: lan, mtu: 1400, members: [n1:eth0, n2:eth0, "host/gw:eth0", n9:eth0, n1:eth5]}
  hosts:
    - name: gw
      interfaces: [{name: eth0, addresses: [172.16.0.1/24]}, {name: wan, addresses: [203.0.113.2/24]}]
      routes: ["default via 203.0.113.1 dev wan"]
      ipForward: true
  routes: ["192.168.0.0/16 via 172.16.0.11"]
`;
  const result = read({ ...NODES, "snapshot.yaml": description });
  const gw = result.network.hosts.get("host/gw");
  expect(result.name).toBe("prod");
  expect(gw?.sysctls.get("net.ipv4.conf.eth0.forwarding")).toBe("1");
  expect(gw?.routes.filter((one) => one.table === 254).map((one) => formatPrefix(one.destination))).toEqual([
    "172.16.0.0/24",
    "203.0.113.0/24",
    "0.0.0.0/0",
  ]);
  const lan = result.network.links.find((one) => one.name === "lan");
  expect(lan?.mtu).toBe(1400);
  expect(links(result)).toContain("host/gw:eth0 = n1:eth0 = n2:eth0");
  expect(
    result.network.fabricRoutes.map((one) => [formatPrefix(one.destination), one.via && formatAddress(one.via)]),
  ).toEqual([["192.168.0.0/16", "172.16.0.11"]]);
  expect(result.findings.filter((one) => one.code === "unknown-member").map((one) => one.line)).toEqual([6, 6]);
});

test("an entry of `table all` that is also in the IPv6 file counts once", () => {
  const v6 = "fd00::/64 dev eth0 proto kernel metric 256 pref medium\n";
  const all = `${NODES["nodes/n1/ip-route.txt"]}local 172.16.0.11 dev eth0 table local proto kernel scope host src 172.16.0.11\n${v6}`;
  const { network } = read({ ...NODES, "nodes/n1/ip-route.txt": all, "nodes/n1/ip-route-v6.txt": v6 });
  expect(network.hosts.get("n1")?.routes.filter((one) => one.family === 6 && one.table === 254)).toHaveLength(1);
});

test("damaged, misplaced and unknown files are told, and count as missing", () => {
  const result = read({
    ...NODES,
    "nodes/n1/ip-route.txt": IPTABLES,
    "nodes/n1/ip-rule.txt": "",
    "nodes/n1/notes.txt": "hello",
    "nodes/n1/iptables-save.txt": "sh: 1: iptables-save: not found\n",
    "nodes/n1/conntrack.txt": "",
    "nodes/n1/ipset-save.txt": "",
    "elsewhere.txt": IPTABLES,
  });
  const n1 = result.network.hosts.get("n1");
  expect(result.findings.map((one) => `${one.code} ${one.file ?? ""}`)).toEqual(
    expect.arrayContaining([
      "wrong-file nodes/n1/ip-route.txt",
      "empty-file nodes/n1/ip-rule.txt",
      "unknown-file nodes/n1/notes.txt",
      "unrecognised-file nodes/n1/iptables-save.txt",
      "host-unknown elsewhere.txt",
    ]),
  );
  expect(result.findings.find((one) => one.code === "wrong-file")?.message).toContain("iptables-save");
  expect(n1 && [knowledgeOf(n1, "rules"), knowledgeOf(n1, "routes")]).toEqual(["unknown", "unknown"]);
  expect(n1 && [knowledgeOf(n1, "conntrack"), knowledgeOf(n1, "sets")]).toEqual(["known", "known"]);
});

test("a node's address that is on none of its interfaces is told", () => {
  const node =
    "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 172.16.0.99}]}\n";
  expect(told(read({ ...NODES, "cluster/nodes.yaml": node }))).toEqual(["node-address-missing cluster/nodes.yaml"]);
});

test("both backends are read where both were dumped, and known to be missing where one warns of the other", () => {
  const both = read({ ...NODES, "nodes/n2/iptables-nft-save.txt": IPTABLES, "nodes/n2/iptables-legacy-save.txt": "" });
  const n2 = both.network.hosts.get("n2");
  expect(n2?.rulesets.map((one) => one.backend).sort()).toEqual(["legacy", "nft"]);
  expect(n2 && knowledgeOf(n2, "otherBackend")).toBe("known");
  const warned = `# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n${IPTABLES}`;
  const half = read({ ...NODES, "nodes/n2/iptables-save.txt": warned }).network.hosts.get("n2");
  expect(half && knowledgeOf(half, "otherBackend")).toBe("unknown");
});

test("an unpacked archive with one folder around everything is the same snapshot", () => {
  const wrapped = Object.fromEntries(Object.entries(NODES).map(([path, text]) => [`prod/${path}`, text]));
  expect(links(read(wrapped))).toEqual(links(read(NODES)));
});

const PARTS = ["rules", "rules6", "routes", "routes6", "sets", "sysctls", "neighbours", "sockets"] as const;

test("the order of the files does not matter", () => {
  const view = (result: SnapshotResult): unknown => [
    [...result.network.hosts].map(([name, one]) => [
      name,
      [...one.interfaces.keys()],
      one.routes.length,
      PARTS.map((part) => one.knowledge.get(part)),
    ]),
    links(result),
    [...result.network.endpoints.keys()],
    result.findings,
  ];
  const expected = view(read(NODES));
  fc.assert(
    fc.property(fc.shuffledSubarray(Object.entries(NODES), { minLength: Object.keys(NODES).length }), (entries) => {
      expect(view(readSnapshot({ name: "test", files: new Map(entries) }))).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

test("garbage in any file, and files in any place, never throw", () => {
  const text = fc.oneof(fc.string({ maxLength: 200 }), fc.constantFrom(...Object.values(NODES)), fc.json());
  const path = fc.oneof(
    fc.constantFrom(
      ...Object.keys(NODES),
      "snapshot.yaml",
      "nodes/n1/netns/shop_web/ip-addr.json",
      "hosts/gw/ip-route.json",
      "index.json",
    ),
    fc.string({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(path, text), { maxLength: 8 }), (entries) => {
      readSnapshot({ name: "test", files: new Map([...Object.entries(NODES), ...entries]) });
    }),
    { numRuns: 150 },
  );
});

test("a file the caller could not read is told as the caller says", () => {
  const problem = {
    code: "file-too-large",
    severity: "error",
    message: "200 MB.",
    file: "nodes/n1/iptables-save.txt",
  } as const;
  const result = readSnapshot({ name: "test", files: new Map([["nodes/n1/iptables-save.txt", { problem }]]) });
  expect(result.findings).toContain(problem);
});

test("a lone dump is recognised by what it says", () => {
  const lone = readLoneDump(IPTABLES, "fw.txt");
  expect(lone.kind).toBe("iptables-save");
  expect([...lone.network.hosts.keys()]).toEqual(["node"]);
  expect(lone.network.hosts.get("node")?.rulesets).toHaveLength(1);
  expect(told(lone)).toEqual([]);
  expect(lone.recognised.map((one) => one.path)).toEqual(["fw.txt"]);
  expect(readLoneDump(NODES["nodes/n1/ip-addr.txt"] ?? "", "x").kind).toBe("ip-addr");
  expect(readLoneDump(NODES["nodes/n1/ip-route.txt"] ?? "", "x").kind).toBe("ip-route");
  expect(readLoneDump(WEB, "x").kind).toBe("resources");
  expect(told(readLoneDump("what is this", "x"))).toEqual(["unrecognised-file x"]);
});
