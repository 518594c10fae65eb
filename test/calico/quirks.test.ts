import { describe, expect, test } from "vitest";
import { felixContext } from "../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../src/calico/felix/felix-of-node.ts";
import { memberNet } from "../../src/calico/felix/set-members.ts";
import { originTable } from "../../src/model/origin.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { declaredNode } from "./felix/declared-node-fixture.ts";
import { clusterOf } from "./ipam/declared-cluster.ts";
import { machine, routeLines, wired } from "./wiring/wired.ts";

// What surprises about Calico and is nobody's error: packets meet it, so it is rendered.

const pool = (name: string, cidr: string, more: string): string =>
  `---\napiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: ${cidr}, ${more}}\n`;

describe("a disabled pool", () => {
  const sets = (text: string): Readonly<Record<string, readonly string[]>> => {
    const cluster = clusterOf(text);
    const versions = { calico: "v3.29.2", kubernetes: "v1.31.3" };
    const context = felixContext(cluster, [declaredNode("n")], { tunnels: new Map() }, versions, originTable());
    const { findSet } = felixOfNode(declaredNode("n"), context);
    const members = (name: string): readonly string[] =>
      (findSet(name)?.members ?? []).map((one) => formatPrefix(memberNet(one)));
    return { all: members("cali40all-ipam-pools"), masquerading: members("cali40masq-ipam-pools") };
  };
  const used = pool("a", "10.0.0.0/16", "natOutgoing: true");

  test("still exempts its addresses from masquerading, and has its own masqueraded; a deleted one does neither", () => {
    expect(sets(used + pool("b", "10.9.0.0/16", "disabled: true, natOutgoing: true"))).toEqual({
      all: ["10.0.0.0/16", "10.9.0.0/16"],
      masquerading: ["10.0.0.0/16", "10.9.0.0/16"],
    });
    expect(sets(used)).toEqual({ all: ["10.0.0.0/16"], masquerading: ["10.0.0.0/16"] });
  });
});

test("a node whose address has the mask /32 takes every other one for one of another subnet, not the other way round", () => {
  const pods = ["x kind-worker", "y kind-worker2"].map((one) => {
    const [name, node] = one.split(" ");
    return `---\napiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a}\nspec: {nodeName: ${node}, containers: [{name: c}]}\n`;
  });
  const text = pool("p", "10.10.0.0/16", "vxlanMode: CrossSubnet") + pods.join("");
  const nodes = [
    machine("kind-worker", "172.16.0.1/24", "172.16.0.254"),
    machine("kind-worker2", "172.16.0.2/24", "172.16.0.254"),
  ];
  const [first, second] = nodes;
  if (first === undefined || second?.bgpIPv4 == null) throw new Error("two nodes with addresses");
  const bare = { ...second, bgpIPv4: { ...second.bgpIPv4, length: 32 } };
  const ways = wired(text, [first, bare]);
  expect(routeLines(ways.get("kind-worker")).filter((line) => line.includes("/26 via"))).toEqual([
    expect.stringContaining("via 172.16.0.2 dev eth0"),
  ]);
  expect(routeLines(ways.get("kind-worker2")).filter((line) => line.includes("/26 via"))).toEqual([
    expect.stringContaining("dev vxlan.calico"),
  ]);
});
