import { expect, test } from "vitest";
import { folder, podpath } from "../cli/command.ts";

const NODES = `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: v1.31.3}
defaults: {gateway: 172.16.0.1, listen: [tcp/22 sshd]}
nodes:
  n1: {addresses: [172.16.0.11/24]}
  n2: {addresses: [172.16.0.12/24]}
fabric:
  hosts:
    - {name: gw, interfaces: [{name: eth0, addresses: [172.16.0.1/24]}], ipForward: true}
`;
const POOL =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n";
const pod = (name: string, node: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: default}\nspec: {nodeName: ${node}, containers: [{name: c, image: i}]}\n---\n`;

function scenario(timeline: string, probes = ""): string {
  return folder({
    "scenario.yaml": `apiVersion: podpath/v1\nkind: Scenario\nmetadata: {name: ended}\nnetwork: {cluster: ./cluster}\ntimeline:\n${timeline}probes:\n${probes}`,
    "cluster/nodes.yaml": NODES,
    "cluster/pool.yaml": POOL,
    "cluster/pods.yaml": pod("a", "n1") + pod("b", "n2"),
  });
}

const daemon = (at: number, action: string): string =>
  `  - {at: ${at}s, change: {daemon: {host: n1, name: bird, action: ${action}}}}\n`;

test.each(["kill", "stop"])(
  "a BIRD that ended by %s says nothing any more, and listens no more, until it starts",
  async (how) => {
    const connect = (name: string, at: number, result: string): string =>
      `  - {name: ${name}, from: node/n2, to: node/n1, port: 179, at: ${at}s, expect: {result: ${result}}}\n`;
    const path = scenario(
      daemon(60, how) + daemon(200, "start"),
      connect("before", 50, "answered") + connect("ended", 90, "refused") + connect("again", 300, "answered"),
    );
    expect((await podpath(["run", "-q", path])).code).toBe(0);
    const ask = (seconds: number) => podpath(["birdc", "-q", path, "n1", "node", "status", "--after", `${seconds}`]);
    const [before, ended, again] = [await ask(50), await ask(90), await ask(300)];
    expect([before.code, ended.code, again.code]).toEqual([0, 2, 0]);
    expect(ended.err).toContain("no BIRD runs on n1 then: its process has ended");
  },
);

test("a BIRD that was killed puts no route back that somebody deletes", async () => {
  const { out } = await podpath(["birdc", "-q", scenario(daemon(60, "start")), "n1", "show", "route"]);
  const block = /^(\S+) +via 172\.16\.0\.12 on eth0 \[Mesh_/m.exec(out)?.[1] ?? "";
  const ping = (name: string, at: number, result: string): string =>
    `  - {name: ${name}, from: pod/default/a, to: pod/default/b, at: ${at}s, expect: {result: ${result}}}\n`;
  const deleted = `  - {at: 70s, change: {exec: {host: n1, command: "ip route del ${block}"}}}\n`;
  const probes = (after: string): string => ping("before", 65, "answered") + ping("after", 90, after);
  expect((await podpath(["run", "-q", scenario(daemon(60, "kill") + deleted, probes("timeout"))])).code).toBe(0);
  // one that runs does, at its next scan
  expect((await podpath(["run", "-q", scenario(daemon(60, "start") + deleted, probes("answered"))])).code).toBe(0);
});
