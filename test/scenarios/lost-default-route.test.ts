import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

const pod = (node: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: shop}\nspec: {nodeName: ${node}}\n`;

test("a node whose card went down and came back has no default route any more: run and trace say that its pods have no gateway", async () => {
  const path = folder({
    "scenario.yaml":
      "apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: card}\nnetwork: {cluster: ./cluster}\ntimeline:\n- {at: 10s, change: {exec: {host: n2, command: ip link set eth0 down}}}\n- {at: 20s, change: {exec: {host: n2, command: ip link set eth0 up}}}\nprobes:\n- {name: before, at: 5s, from: pod/shop/on-n1, to: pod/shop/on-n2, kind: ping}\n- {name: after, from: pod/shop/on-n1, to: pod/shop/on-n2, kind: ping, expect: {result: answered}}\n",
    "cluster/nodes.yaml":
      "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n  n1: {addresses: [172.16.0.11/24]}\n  n2: {addresses: [172.16.0.12/24]}\n",
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n",
    "cluster/pods.yaml": `${pod("n1")}---\n${pod("n2")}`,
  });
  const { out } = await podpath(["run", path]);
  const text = out.replaceAll(/\s+/g, " ");
  expect(text).toMatch(/at 5 s, ping: pod\/shop\/on-n1 → pod\/shop\/on-n2 answered/);
  // once in the list of probes, once in the trace of the one that failed
  expect(text.match(/n2 has no route that covers 169\.254\.1\.1/g)).toHaveLength(2);
});
