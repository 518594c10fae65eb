import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatFinding } from "../../../src/model/finding.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { type NodesFile, readNodesFile } from "../../../src/readers/cluster/nodes-file.ts";
import { processorTime } from "../../processor-time.ts";

const HEAD = "apiVersion: podpath/v1\nkind: ClusterNodes\n";
const FIREWALL = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n";

function read(text: string, others: Readonly<Record<string, string>> = {}): NodesFile {
  return readNodesFile(text, "nodes.yaml", originTable(), (path) => others[path] ?? null);
}

function told(text: string): readonly string[] {
  return read(text).findings.map(formatFinding);
}

describe("a node", () => {
  test("has eth0 with its addresses, the routes that come with them, and a default route", () => {
    const [node] = read(`${HEAD}defaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.10/24]}}\n`).nodes;
    expect(node?.interfaces.map(({ name, mtu }) => [name, mtu])).toEqual([
      ["lo", 65536],
      ["eth0", 1500],
    ]);
    const main = node?.routes.filter(({ table }) => table === 254) ?? [];
    expect(main.map(({ destination, nextHops }) => [formatPrefix(destination), nextHops[0]?.gateway ?? null])).toEqual([
      ["172.16.0.0/24", null],
      ["0.0.0.0/0", expect.objectContaining({ family: 4 })],
    ]);
    expect(
      node?.routes.some(({ type, destination }) => type === "local" && formatPrefix(destination) === "172.16.0.10/32"),
    ).toBe(true);
  });

  test("completes the mappings of the defaults, and replaces everything else", () => {
    const [node] = read(
      `${HEAD}defaults: {labels: {a: "1", b: "1"}, sysctls: {x: 1}, listen: [tcp/22]}\nnodes: {n1: {addresses: [10.0.0.1/8], labels: {b: "2"}, sysctls: {y: 2}, listen: [tcp/80 nginx]}}\n`,
    ).nodes;
    expect([...(node?.labels ?? [])]).toEqual([
      ["a", "1"],
      ["b", "2"],
    ]);
    expect([...(node?.sysctls ?? [])]).toEqual([
      ["x", "1"],
      ["y", "2"],
    ]);
    expect(node?.sockets.map(({ port, process }) => [port, process])).toEqual([[80, "nginx"]]);
  });

  test("listens on one address or on all", () => {
    const [node] = read(
      `${HEAD}nodes: {n1: {addresses: [10.0.0.1/8], listen: ["tcp/10.0.0.1:2379 etcd", "udp/[fd00::1]:53", sctp/9]}}\n`,
    ).nodes;
    expect(
      node?.sockets.map(({ address, port }) => `${address === null ? "*" : formatAddress(address)} ${port}`),
    ).toEqual(["10.0.0.1 2379", "fd00::1 53", "* 9"]);
  });

  test("has VLANs, bonds and bridges of its own", () => {
    const { nodes, findings } = read(
      `${HEAD}nodes: {n1: {interfaces: [{name: eno1, master: bond0}, {name: bond0, kind: bond}, {name: bond0.7, vlan: 7, lower: bond0, addresses: [10.0.0.1/8]}]}}\n`,
    );
    expect(findings).toEqual([]);
    expect(
      nodes[0]?.interfaces.map(({ name, kind, vlanId, lower, master }) => [name, kind, vlanId, lower, master]),
    ).toEqual([
      ["lo", "loopback", null, null, null],
      ["eno1", "physical", null, null, "bond0"],
      ["bond0", "bond", null, null, null],
      ["bond0.7", "vlan", 7, "bond0", null],
    ]);
  });
});

describe("the machine's own rules", () => {
  const indented = FIREWALL.replace(/^/gm, "      ").trimEnd();
  test("keep the lines that they stand on in nodes.yaml", () => {
    const origins = originTable();
    const text = `${HEAD}nodes:\n  n1:\n    addresses: [10.0.0.1/8]\n    firewall: |\n${indented}\n`;
    const { nodes, findings } = readNodesFile(text, "nodes.yaml", origins, () => null);
    expect(findings).toEqual([]);
    const rule = nodes[0]?.firewall[0]?.tables.get("filter")?.chains.get("INPUT")?.rules[0];
    const source = sourceOf(origins, rule?.origin ?? 0);
    expect(source?.file).toBe("nodes.yaml");
    expect(text.split("\n")[(source?.line ?? 0) - 1]?.trim()).toBe("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT");
  });

  test("come from a file beside it, once for all nodes", () => {
    const { nodes, findings } = read(
      `${HEAD}defaults: {firewall: {iptables: hard.rules, backend: legacy}}\nnodes: {n1: {addresses: [10.0.0.1/8]}, n2: {addresses: [10.0.0.2/8]}}\n`,
      { "hard.rules": FIREWALL },
    );
    expect(findings).toEqual([]);
    expect(nodes[0]?.firewall[0]?.backend).toBe("legacy");
    expect(nodes[0]?.firewall[0]).toBe(nodes[1]?.firewall[0]);
  });

  test.each([
    ["as a file for nft", "#!/usr/sbin/nft -f\n# hardened\n\nflush ruleset\n"],
    ["as nft lists it", ""],
  ])("may be nftables' own, %s", (_, head) => {
    const origins = originTable();
    const rules = `${head}table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n`;
    const text = `${HEAD}defaults: {firewall: nftables.conf}\nnodes: {n1: {addresses: [10.0.0.1/8]}}\n`;
    const { nodes, findings } = readNodesFile(text, "nodes.yaml", origins, () => rules);
    expect(findings).toEqual([]);
    expect(nodes[0]?.firewall).toEqual([]);
    expect(nodes[0]?.nftBaseChains).toMatchObject([{ table: "filter", chain: "input", policy: "drop", ruleCount: 1 }]);
    const [rule] = nodes[0]?.nftBaseChains[0]?.tables?.[4].chains.get("input")?.rules ?? [];
    const line = rules.split("\n").indexOf("\t\ttcp dport 22 accept") + 1;
    expect(sourceOf(origins, rule?.origin ?? 0)).toEqual({ file: "nftables.conf", line });
  });
});

test.each(['include "/etc/nftables.d/*.nft"', "add rule inet filter input tcp dport 179 drop"])(
  "what %s makes is in doubt at every hook of a filter",
  (command) => {
    const table =
      "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}\n";
    const text = `${HEAD}nodes: {n1: {addresses: [10.0.0.1/8], firewall: fw.nft}}\n`;
    const { nodes, findings } = read(text, { "fw.nft": `flush ruleset\n${table}${command}\n` });
    expect(findings.map(({ code, line }) => [code, line])).toEqual([["unknown-line", 7]]);
    const unread = nodes[0]?.nftBaseChains.filter(({ tables }) => tables === undefined) ?? [];
    expect(unread.map(({ hook }) => hook)).toEqual(["input", "forward", "output"]);
  },
);

describe("what is wrong is told with its place:", () => {
  test.each([
    [
      "nodes: {n1: {addresses: [10.0.0.300/8]}}",
      "nodes.yaml:3:26: nodes.n1.addresses[0]",
      "an address such as 10.0.253.1/24",
    ],
    ["nodes: {n1: {}}", "nodes.yaml:3:13: nodes.n1 is", "`addresses"],
    ["nodes: []", "nodes.yaml:3:8: nodes is an empty list", "a mapping of nodes by name"],
    [
      "nodes: {n1: {addresses: [10.0.0.1/8], adresses: []}}",
      "nodes.yaml:3:39: Nobody reads",
      "Did you mean addresses?",
    ],
    ["nodes: {n1: {addresses: [10.0.0.1/8], listen: [ssh]}}", "nodes.yaml:3:48: nodes.n1.listen[0]", "tcp/22 sshd"],
    [
      "nodes: {n1: {addresses: [10.0.0.1/8], firewall: nofile}}",
      "nodes.yaml:3:49: nodes.n1.firewall",
      "a file of it beside",
    ],
    ["nodes: {n1: {addresses: [10.0.0.1/8], routes: [to the moon]}}", "nodes.yaml:3:48", ""],
    [
      "nodes: {n1: {interfaces: [{name: v, vlan: 3, lower: eth7}]}}",
      "nodes.yaml:3:53: nodes.n1.interfaces[0].lower",
      "an interface of the node",
    ],
    [
      "versions: {calico: newest}\nnodes: {n1: {addresses: [10.0.0.1/8]}}",
      "nodes.yaml:3:20: versions.calico",
      "v3.29.2",
    ],
    [
      "nodes: {n1: {addresses: [10.0.0.1/8]}}\nfabric: {segments: [{members: [n1:eth0], drops: [{source: foreign}]}]}",
      "fabric.segments[0].drops[0].source",
      "not-own",
    ],
    [
      "nodes: {n1: {addresses: [10.0.0.1/8]}}\nfabric: {segments: [{members: [n1:eth0], drops: [{except: [n1]}]}]}",
      "fabric.segments[0].drops[0]",
      "source: not-own",
    ],
    [
      "nodes: {n1: {addresses: [10.0.0.1/8]}}\nfabric: {segments: [{members: [n1:eth0], drops: [{protocol: icmp, port: 3}]}]}",
      "drops[0].port",
      "beside protocol tcp",
    ],
  ])("%s", (text, place, hint) => {
    const findings = told(`${HEAD}${text}\n`).join("\n");
    expect(findings).toContain(place);
    expect(findings).toContain(hint);
  });
});

test("reading never throws, whatever stands in the file", () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), (json, text) => {
      read(`${HEAD}nodes: ${json}\n`);
      read(`${HEAD}nodes: {n1: ${json}}\nfabric: ${json}\ndefaults: ${json}\n`);
      read(text);
    }),
  );
});

test("a file of ten thousand nodes is read in time linear in its size", () => {
  const lines = Array.from(
    { length: 10_000 },
    (_, i) => `  n${i}: {addresses: [10.${i >> 8}.${i & 255}.1/8], listen: [tcp/22]}`,
  );
  const text = `${HEAD}nodes:\n${lines.join("\n")}\n`;
  expect(processorTime(() => expect(read(text).nodes).toHaveLength(10_000))).toBeLessThan(8_000);
});
