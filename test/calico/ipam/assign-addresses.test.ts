import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/net/address.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";
import { blockLines, messages, nodesNamed, planOf, pod, podLines, pool } from "./declared-cluster.ts";

const POOL = pool("default-ipv4-ippool", "192.168.0.0/16");

describe("the first block of a node is the one it has in a cluster", () => {
  // of the capture of the article, of kind's documentation and of well-known walk-throughs
  test.each([
    ["controlplane", "192.168.49.64/26"],
    ["worker-1", "192.168.226.64/26"],
    ["worker-2", "192.168.133.192/26"],
    ["node1", "192.168.166.128/26"],
    ["node2", "192.168.104.0/26"],
    ["kind-control-plane", "192.168.82.0/26"],
    ["kind-worker", "192.168.162.128/26"],
    ["kind-worker2", "192.168.110.128/26"],
  ])("%s", (node, block) => {
    const plan = planOf(POOL + pod("shop/web", node), nodesNamed(node));
    expect(blockLines(plan)).toEqual([`${block} ${node} 1`]);
    expect(podLines(plan)).toEqual([`shop/web ${block.replace("/26", "")}`]);
  });
});

test("pods of a node take its block from the first address on, in order of their names", () => {
  const text = POOL + pod("shop/b", "node1") + pod("shop/a", "node1") + pod("kube-system/dns", "node2");
  expect(podLines(planOf(text, nodesNamed("node2", "node1")))).toEqual([
    "kube-system/dns 192.168.104.0",
    "shop/a 192.168.166.128",
    "shop/b 192.168.166.129",
  ]);
});

test("a full block is followed by the next one of the pool", () => {
  const text =
    pool("p", "192.168.0.0/16", "blockSize: 31") + ["a", "b", "c"].map((name) => pod(`n/${name}`, "node1")).join("");
  const [first, second, third] = podLines(planOf(text, nodesNamed("node1"))).map((line) => line.split(" ")[1]);
  const number = (address: string | undefined): number =>
    (address ?? "").split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  expect([number(second), number(third)]).toEqual([number(first) + 1, number(first) + 2]);
});

test("behind the last block of a pool comes its first", () => {
  // node1 begins at the second of the two blocks of this pool or at the first: both are used
  const text = pool("p", "10.0.0.0/31", "blockSize: 32") + pod("n/a", "node1") + pod("n/b", "node1");
  expect(blockLines(planOf(text, nodesNamed("node1")))).toEqual(["10.0.0.0/32 node1 1", "10.0.0.1/32 node1 1"]);
});

test("a pod without a free address stays without one, in Calico's words", () => {
  const text =
    pool("p", "10.0.0.0/31", "blockSize: 31") + ["a", "b", "c"].map((name) => pod(`n/${name}`, "node1")).join("");
  const plan = planOf(text, nodesNamed("node1"));
  expect(podLines(plan)).toEqual(["n/a 10.0.0.0", "n/b 10.0.0.1"]);
  expect(messages(plan)).toEqual([
    "Pod n/c gets no address on node1: failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [10.0.0.0/31].",
  ]);
});

test("a node without a block of its own borrows", () => {
  const text = pool("p", "10.0.0.0/30", "blockSize: 30") + pod("n/a", "node1") + pod("n/b", "node2");
  const plan = planOf(text, nodesNamed("node1", "node2"));
  expect(blockLines(plan)).toEqual(["10.0.0.0/30 node1 2"]);
  expect(podLines(plan)).toEqual(["n/a 10.0.0.0", "n/b 10.0.0.1"]);
});

test("with strict affinity nobody borrows", () => {
  const config =
    "---\napiVersion: crd.projectcalico.org/v1\nkind: IPAMConfig\nmetadata: {name: default}\nspec: {strictAffinity: true, autoAllocateBlocks: true}\n";
  const text = config + pool("p", "10.0.0.0/30", "blockSize: 30") + pod("n/a", "node1") + pod("n/b", "node2");
  expect(messages(planOf(text, nodesNamed("node1", "node2")))).toEqual([
    "Pod n/b gets no address on node2: failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled.",
  ]);
});

test("a node stops at its limit of blocks", () => {
  const config =
    "---\napiVersion: projectcalico.org/v3\nkind: IPAMConfiguration\nmetadata: {name: default}\nspec: {maxBlocksPerHost: 1}\n";
  const text = config + pool("p", "10.0.0.0/24", "blockSize: 32") + pod("n/a", "node1") + pod("n/b", "node1");
  expect(messages(planOf(text, nodesNamed("node1")))).toEqual([
    "Pod n/b gets no address on node1: cannot allocate new block due to per host block limit.",
  ]);
});

test("without a limit a node stops at 20 blocks", () => {
  const pods = Array.from({ length: 21 }, (_, i) => pod(`n/p${String(i).padStart(2, "0")}`, "node1")).join("");
  const plan = planOf(pool("p", "10.0.0.0/24", "blockSize: 32") + pods, nodesNamed("node1"));
  expect(plan.pods.size).toBe(20);
  expect(messages(plan)).toEqual([
    "Pod n/p20 gets no address on node1: cannot allocate new block due to per host block limit.",
  ]);
});

test("tunnels take their addresses before the pods", () => {
  const text = pool("p", "192.168.0.0/16", "ipipMode: Always") + pod("shop/web", "node1");
  const plan = planOf(text, nodesNamed("node1", "node2"));
  expect([...plan.tunnels].map(([node, { ipip }]) => `${node} ${ipip === null ? "-" : formatAddress(ipip)}`)).toEqual([
    "node1 192.168.166.128",
    "node2 192.168.104.0",
  ]);
  expect(podLines(plan)).toEqual(["shop/web 192.168.166.129"]);
});

test("reserved addresses are left out, whole blocks of them too", () => {
  const reservation =
    "---\napiVersion: projectcalico.org/v3\nkind: IPReservation\nmetadata: {name: r}\nspec: {reservedCIDRs: [192.168.166.128/31, 192.168.104.0/26]}\n";
  const text = POOL + reservation + pod("n/a", "node1") + pod("n/b", "node2");
  expect(podLines(planOf(text, nodesNamed("node1", "node2")))).toEqual(["n/a 192.168.166.130", "n/b 192.168.104.64"]);
});

test("pools are taken in order of their names, when they select the node", () => {
  const text =
    pool("zone-b", "10.2.0.0/16", "nodeSelector: zone == 'b'") +
    pool("zone-a", "10.1.0.0/16", "nodeSelector: zone == 'a'") +
    pool("unused", "10.0.0.0/16", "disabled: true") +
    pod("n/a", "node1") +
    pod("n/b", "node2") +
    pod("n/c", "node3");
  const nodes = [
    declaredNode("node1", { labels: new Map([["zone", "a"]]) }),
    declaredNode("node2", { labels: new Map([["zone", "b"]]) }),
    declaredNode("node3"),
  ];
  const plan = planOf(text, nodes);
  expect(podLines(plan)).toEqual(["n/a 10.1.166.128", "n/b 10.2.104.0"]);
  expect(messages(plan)).toEqual(["Pod n/c gets no address on node3: no configured Calico pools for node node3."]);
});

describe("annotations", () => {
  const pools = pool("a", "10.1.0.0/16") + pool("b", "10.2.0.0/16", "nodeSelector: '!all()'");

  test("name pools, whatever nodes they select", () => {
    const text = pools + pod("n/a", "node1", { "cni.projectcalico.org/ipv4pools": '["b"]' });
    expect(podLines(planOf(text, nodesNamed("node1")))).toEqual(["n/a 10.2.166.128"]);
  });

  test("of a namespace hold for its pods", () => {
    const namespace = `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n, annotations: {"cni.projectcalico.org/ipv4pools": '["10.2.0.0/16"]'}}\n`;
    expect(podLines(planOf(pools + namespace + pod("n/a", "node1"), nodesNamed("node1")))).toEqual([
      "n/a 10.2.166.128",
    ]);
  });

  test("ask for a pool that is not there", () => {
    const text = pools + pod("n/a", "node1", { "cni.projectcalico.org/ipv4pools": '["10.9.0.0/16"]' });
    expect(messages(planOf(text, nodesNamed("node1")))).toEqual([
      "Pod n/a gets no address on node1: the given pool (10.9.0.0/16) does not exist, or is not enabled.",
    ]);
  });

  test("ask for an address, which is given before others take it", () => {
    const text =
      POOL + pod("n/a", "node1") + pod("n/b", "node1", { "cni.projectcalico.org/ipAddrs": '["192.168.166.128"]' });
    expect(podLines(planOf(text, nodesNamed("node1")))).toEqual(["n/a 192.168.166.129", "n/b 192.168.166.128"]);
  });

  test("ask for an address that another pod has", () => {
    const wanted = { "cni.projectcalico.org/ipAddrs": '["192.168.7.7"]' };
    const plan = planOf(POOL + pod("n/a", "node1", wanted) + pod("n/b", "node2", wanted), nodesNamed("node1", "node2"));
    expect(blockLines(plan)).toEqual(["192.168.7.0/26 node1 1"]);
    expect(messages(plan)).toEqual([
      "Pod n/b gets no address on node2: error getting IP from IPAM: resource already exists: 192.168.7.7 with error: Address already assigned in block.",
    ]);
  });

  test("ask for an address outside the pools", () => {
    const text = POOL + pod("n/a", "node1", { "cni.projectcalico.org/ipAddrs": '["172.30.0.1"]' });
    expect(messages(planOf(text, nodesNamed("node1")))).toEqual([
      "Pod n/a gets no address on node1: error getting IP from IPAM: The provided IP address is not in a configured pool.",
    ]);
  });

  test("bypass IPAM only where the CNI plugin is told to allow it", () => {
    const text = POOL + pod("n/a", "node1", { "cni.projectcalico.org/ipAddrsNoIpam": '["172.30.0.1"]' });
    const allowed = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: calico-config}\ndata:\n  cni_network_config: |-\n    {"plugins": [{"type": "calico", "mtu": __CNI_MTU__, "ipam": {"type": "calico-ipam"}, "feature_control": {"ip_addrs_no_ipam": true}}]}\n`;
    expect(messages(planOf(text, nodesNamed("node1")))).toEqual([
      "Pod n/a gets no address on node1: requested feature is not enabled: ip_addrs_no_ipam.",
    ]);
    const plan = planOf(text + allowed, nodesNamed("node1"));
    expect([podLines(plan), blockLines(plan)]).toEqual([["n/a 172.30.0.1"], []]);
  });
});

test("a dual-stack pod gets both addresses or none", () => {
  const text =
    pool("p4", "192.168.0.0/16") +
    pool("p6", "fd00::/127", "blockSize: 127") +
    ["a", "b", "c"].map((name) => pod(`n/${name}`, "node1")).join("");
  const plan = planOf(text, nodesNamed("node1"));
  expect(podLines(plan)).toEqual(["n/a 192.168.166.128 fd00::", "n/b 192.168.166.129 fd00::1"]);
  expect(blockLines(plan)).toEqual(["192.168.166.128/26 node1 2", "fd00::/127 node1 2"]);
  expect(messages(plan)).toEqual([
    "Pod n/c gets no address on node1: failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools: [fd00::/127].",
  ]);
});

describe("where two nodes begin at the same block", () => {
  const text =
    pool("p", "10.0.0.0/24", "blockSize: 25") +
    ["node1", "node2", "node3"].map((node) => pod(`n/${node}`, node)).join("");

  // objects of a cluster that ran
  const NODE = "---\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: node1}\n";

  test("nothing is said where no object tells of a cluster that ran: then there is nothing to differ from", () => {
    expect(messages(planOf(text, nodesNamed("node1", "node2", "node3")))).toEqual([]);
  });

  test("the first by name has it, and it is said", () => {
    const plan = planOf(text + NODE, nodesNamed("node1", "node2", "node3"));
    expect(blockLines(plan)).toEqual(["10.0.0.0/25 node1 2", "10.0.0.128/25 node2 1"]);
    expect(messages(plan)).toEqual([
      "node2 and node1 both begin to look for a block at 10.0.0.0/25; node1 has it here and node2 has 10.0.0.128/25, because of the order of their names.",
    ]);
  });

  test("nothing is said where a resource tells who has it", () => {
    const block = `---\n${JSON.stringify({
      apiVersion: "crd.projectcalico.org/v1",
      kind: "IPAMBlock",
      metadata: { name: "10-0-0-0-25" },
      spec: {
        cidr: "10.0.0.0/25",
        affinity: "host:node1",
        allocations: new Array(128).fill(null),
        unallocated: Array.from({ length: 128 }, (_, i) => i),
        attributes: [],
      },
    })}\n`;
    expect(messages(planOf(text + block, nodesNamed("node1", "node2", "node3")))).toEqual([]);
  });
});

function plugin(ipam: string): string {
  return `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: kube-system, name: calico-config}\ndata:\n  cni_network_config: '{"plugins": [{"type": "calico", "mtu": __CNI_MTU__, "ipam": {"type": "${ipam}"}}]}'\n`;
}

test("with host-local a pod's address is of its node's CIDR, from the third on, and the tunnel has the second", () => {
  const cidr = parsePrefix("10.244.3.0/29");
  const nodes = [declaredNode("node1", { podCIDRs: cidr === null ? [] : [cidr] }), declaredNode("node2")];
  const names = ["a", "b", "c", "d", "e", "f"].map((name) => pod(`n/${name}`, "node1")).join("");
  const text = plugin("host-local") + pool("p", "10.244.0.0/16", "ipipMode: Always") + names + pod("n/z", "node2");
  const plan = planOf(text, nodes);
  expect(podLines(plan)).toEqual([
    "n/a 10.244.3.2",
    "n/b 10.244.3.3",
    "n/c 10.244.3.4",
    "n/d 10.244.3.5",
    "n/e 10.244.3.6",
  ]);
  const tunnel = plan.tunnels.get("node1")?.ipip ?? null;
  expect(tunnel && formatAddress(tunnel)).toBe("10.244.3.1");
  expect(blockLines(plan)).toEqual(["10.244.3.0/29 node1 5"]);
  expect(messages(plan).map((message) => message.split(":")[0])).toEqual([
    "Pod n/f gets no address on node1",
    "Pod n/z gets no address on node2",
  ]);
});

test("of a plugin that podpath does not know it says so, and gives nothing", () => {
  const plan = planOf(plugin("whereabouts") + POOL + pod("n/a", "node1"), nodesNamed("node1"));
  expect([podLines(plan), plan.findings.map(({ code }) => code)]).toEqual([[], ["ipam-not-modelled"]]);
});
