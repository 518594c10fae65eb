import { expect, test } from "vitest";
import { folder, podpath } from "./command.ts";

const NODES = "apiVersion: podpath/v1\nkind: ClusterNodes\nnodes:\n  n1: {addresses: [172.16.0.11/24]}\n";

test("nodes.yaml beside dumps of machines is told to count for nothing", async () => {
  const path = folder({ "nodes.yaml": NODES, "hosts/gw/ip-route.txt": "10.0.0.0/8 dev eth0\n" });
  const { out, code } = await podpath(["check", path]);
  expect(code).toBe(1);
  expect(out.replaceAll(/\s+/g, " ")).toContain("nodes.yaml:1: These nodes are not looked at: dumps of machines");
});

test("a field of other releases is not told to be a slip of itself", async () => {
  const peer =
    "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: p}\nspec: {peerIP: 172.16.0.1, asNumber: 64512, nextHopMode: Self}\n";
  const versions = "versions: {calico: v3.29.2, kubernetes: v1.31.3}\n";
  const { out } = await podpath(["check", folder({ "nodes.yaml": NODES + versions, "bgp.yaml": peer })]);
  expect(out).toContain("there is no field spec.nextHopMode");
  expect(out).not.toContain("Did you mean nextHopMode?");
});
