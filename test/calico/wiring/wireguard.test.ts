import { describe, expect, test } from "vitest";
import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import type { NodeWiring } from "../../../src/calico/node-wiring.ts";
import { wiringFindings } from "../../../src/calico/wiring/wiring-findings.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { clusterOf, planOf } from "../ipam/declared-cluster.ts";
import { machine, wired } from "./wired.ts";

// By reading felix/wireguard/wireguard.go and felix/dataplane/linux/wireguard_mgr.go: no kernel at hand has WireGuard.

const NODES = [
  machine("kind-control-plane", "172.16.0.1/24", "172.16.0.254"),
  machine("kind-worker", "172.16.0.2/24", "172.16.0.254"),
];
const POOL = "---\napiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 10.10.0.0/16}\n";
const pod = (name: string, node: string): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a}\nspec: {nodeName: ${node}, containers: [{name: c}]}\n`;
const felix = (spec: string): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {${spec}}\n`;
const key = (node: string, value: string): string =>
  `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${node}, annotations: {projectcalico.org/WireguardPublicKey: "${value}"}}\n`;
const PODS = pod("x", "kind-control-plane") + pod("y", "kind-worker");
const ON = POOL + PODS + felix("wireguardEnabled: true");

function device(wiring: NodeWiring | undefined) {
  const found = wiring?.interfaces.find(({ name }) => name === "wireguard.cali");
  return {
    mtu: found?.mtu,
    addresses: found?.addresses.map(({ address }) => formatAddress(address)),
    port: found?.wireguard?.port,
    mark: found?.wireguard?.mark,
    peers: found?.wireguard?.peers.map(({ endpoint, allowed }) => [
      endpoint === null ? null : `${formatAddress(endpoint.address)}:${endpoint.port}`,
      ...allowed.map(formatPrefix),
    ]),
  };
}

function inTable(wiring: NodeWiring | undefined, table = 1): readonly string[] {
  return (wiring?.routes ?? []).filter((route) => route.table === table).map((route) => printRoute(route).trim());
}

describe("a node with WireGuard", () => {
  test("has a device with each other node as a peer, a table of its own and a rule that leads there", () => {
    const [first, second] = [...wired(ON, NODES).values()];
    expect(device(first)).toEqual({
      mtu: 1440,
      addresses: ["10.10.82.0"],
      port: 51_820,
      mark: 0x100000,
      peers: [["172.16.0.2:51820", "10.10.162.128/26", "10.10.162.128/32"]],
    });
    expect(device(second).peers).toEqual([["172.16.0.1:51820", "10.10.82.0/26", "10.10.82.0/32"]]);
    expect(inTable(first)).toEqual([
      "throw 10.10.82.0/26 table 1",
      "10.10.162.128/26 dev wireguard.cali table 1 scope link",
      "10.10.162.128 dev wireguard.cali table 1 scope link",
    ]);
    expect(first?.policyRules).toMatchObject([
      { family: 4, priority: 99, not: true, mark: { value: 0x100000, mask: 0x100000 }, action: { table: 1 } },
    ]);
  });

  test("marks with the next bit since v3.30, and takes what FelixConfiguration says", () => {
    expect(wired(ON, NODES, "v3.31.0").get("kind-worker")?.policyRules).toMatchObject([{ mark: { value: 0x200000 } }]);
    const spec =
      "wireguardEnabled: true, wireguardListeningPort: 5000, wireguardMTU: 1300, wireguardRoutingRulePriority: 55, routeTableRanges: [{min: 40, max: 49}]";
    const other = wired(POOL + PODS + felix(spec), NODES).get("kind-worker");
    expect(device(other)).toMatchObject({
      port: 5000,
      mtu: 1300,
      peers: [["172.16.0.1:5000", expect.any(String), expect.any(String)]],
    });
    expect(other?.policyRules).toMatchObject([{ priority: 55, action: { table: 40 } }]);
    expect(inTable(other, 40)).toHaveLength(3);
  });

  test("encrypts what goes to the nodes themselves, too, where told", () => {
    const host = wired(POOL + PODS + felix("wireguardEnabled: true, wireguardHostEncryptionEnabled: true"), NODES);
    const node = host.get("kind-worker");
    expect(inTable(node)).toContain("172.16.0.1 dev wireguard.cali table 1 scope link");
    expect(node?.sysctls.get("net.ipv4.conf.all.src_valid_mark")).toBe("1");
    expect(host.get("kind-control-plane")?.sysctls.get("net.ipv4.conf.all.src_valid_mark")).toBe("1");
  });

  test("sends in clear to a node that has published no key, and to two that claim the same", () => {
    const some = ON + key("kind-control-plane", "AAAA");
    const first = wired(some, NODES).get("kind-control-plane");
    expect(device(first).peers).toEqual([]);
    expect(inTable(first)).toEqual(["throw 10.10.82.0/26 table 1", "throw 10.10.162.128/26 table 1"]);
    const second = wired(some, NODES).get("kind-worker");
    expect([device(second).mtu, inTable(second), second?.policyRules]).toEqual([undefined, [], []]);
    const same = wired(ON + key("kind-control-plane", "AAAA") + key("kind-worker", "AAAA"), NODES);
    expect(device(same.get("kind-worker")).peers).toEqual([]);
    const told = wiringFindings(clusterOf(some), NODES, { calico: "v3.29.2", kubernetes: "v1.31.3" });
    expect(told.map(({ code }) => code)).toEqual(["wireguard-key-missing"]);
  });

  test("has none of it where it is off", () => {
    const off = wired(POOL + PODS, NODES).get("kind-worker");
    expect([device(off).mtu, inTable(off), off?.policyRules]).toEqual([undefined, [], []]);
  });

  test("takes WireGuard's port for a failsafe of host endpoints", () => {
    const endpoint =
      "---\napiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: h}\nspec: {node: kind-worker, interfaceName: eth0}\n";
    const cluster = clusterOf(ON + endpoint);
    const versions = { calico: "v3.29.2", kubernetes: "v1.31.3" };
    const context = felixContext(cluster, NODES, planOf(ON, NODES, "v3.29.2"), versions, originTable());
    const [, worker] = NODES;
    if (worker === undefined) throw new Error("two nodes");
    const text = felixOfNode(worker, context).ipv4.map(restoreText).join("");
    expect(text).toMatch(/-A cali-failsafe-in .*-p udp -m multiport --destination-ports 51820 --jump ACCEPT/);
    expect(text).toMatch(/--out-interface wireguard\.cali .*--jump MASQUERADE/);
  });
});
