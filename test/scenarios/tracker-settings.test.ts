import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

/** Since when n1's session stands, where both nodes are told this and then forget all connections. */
async function session(loose: 0 | 1): Promise<string | undefined> {
  const change = (at: string, command: string): string =>
    `- {at: ${at}, change: {exec: {host: n*, command: ${command}}}}\n`;
  const path = folder({
    "scenario.yaml": `apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: forgets}\nnetwork: {cluster: ./cluster}\nprobes: []\ntimeline:\n${[
      change("10s", "iptables -I INPUT -m conntrack --ctstate INVALID -j DROP"),
      change("10s", `sysctl -w net.netfilter.nf_conntrack_tcp_loose=${loose}`),
      change("12s", "conntrack -F"),
    ].join("")}`,
    "cluster/nodes.yaml":
      "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n  n1: {addresses: [172.16.0.11/24]}\n  n2: {addresses: [172.16.0.12/24]}\n",
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n",
  });
  const { out } = await podpath(["birdc", "-q", path, "n1", "show", "protocols", "--after", "300"]);
  return /^Mesh_172_16_0_12 +BGP +master +up +(\S+) +Established/m.exec(out)?.[1];
}

test("a tracker that was told to take up no connection in the middle ends those that it is made to forget", async () => {
  const renewed = await session(0);
  const kept = await session(1);
  expect(kept).toBe("00:00:02");
  // after BIRD's hold time a new SYN opens it again
  expect(renewed).toMatch(/^00:0[3-6]:/);
});
