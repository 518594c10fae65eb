import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { formatAddress } from "../../src/net/address.ts";
import { readBirdc } from "../../src/readers/birdc/birdc.ts";
import { readNodeStatus } from "../../src/readers/calicoctl/node-status.ts";
import { podpath } from "./command.ts";

const REJECTED = "scenarios/debian-firewall-blocks-bgp/bgp-blocked-by-reject";
const HEALTHY = "scenarios/debian-firewall-blocks-bgp/healthy";

test("what birdc prints, the reader of real dumps takes", async () => {
  for (const words of [["protocols"], ["protocols", "all"], ["route"], ["route", "all"], ["status"]]) {
    const { code, out } = await podpath(["birdc", "-q", HEALTHY, "worker-1", "show", ...words]);
    expect(code).toBe(0);
    expect(readBirdc(out, "birdc", originTable()).findings, out).toEqual([]);
  }
});

test("node status is a table that the reader of real ones takes, however long the reason of a session is", async () => {
  const { code, out } = await podpath(["birdc", "-q", REJECTED, "control-plane", "node", "status"]);
  expect(code).toBe(0);
  const { evidence, findings } = readNodeStatus(out, "node-status", originTable());
  expect(findings).toEqual([]);
  expect(
    evidence.bgpSessions.map(({ peer, kind, state, info }) => [
      peer === null ? "" : formatAddress(peer),
      kind,
      state,
      info,
    ]),
  ).toEqual([
    ["172.16.0.10", "mesh", "start", "Active Socket: Connection refused"],
    ["172.16.0.11", "mesh", "start", "Active Socket: Connection refused"],
  ]);
});

test("routes can be asked for by destination and by protocol", async () => {
  const ask = async (...words: readonly string[]): Promise<string> =>
    (await podpath(["birdc", "-q", HEALTHY, "worker-1", "show", "route", ...words])).out.replaceAll(
      /\d\d:\d\d:\d\d/g,
      "t",
    );
  expect(await ask("for", "192.168.49.70")).toBe(
    "192.168.49.64/26   via 172.16.0.9 on eth0 [Mesh_172_16_0_9 t] * (100/0) [i]\n",
  );
  expect(await ask("protocol", "static1")).toBe("192.168.226.64/26  blackhole [static1 t] * (200)\n");
  expect(await ask("for", "8.8.8.8")).toBe("0.0.0.0/0          via 172.16.0.1 on eth0 [kernel1 t] * (10)\n");
});

test("a second after their start the daemons have no sessions yet", async () => {
  const { out } = await podpath(["birdc", "-q", HEALTHY, "control-plane", "show", "protocols", "--after", "1"]);
  expect(out).toContain("Active");
  expect(out).not.toContain("Established");
});

test("other words, other nodes and other times are refused", async () => {
  for (const args of [
    ["worker-1", "show", "ospf"],
    ["worker-9", "show", "protocols"],
    ["worker-1", "show", "protocols", "--after", "soon"],
    ["worker-1", "show", "route", "for", "somewhere"],
    ["worker-1", "show", "route", "--ipv6"],
  ]) {
    const { code, err } = await podpath(["birdc", "-q", HEALTHY, ...args]);
    expect([code, err.length > 0]).toEqual([2, true]);
  }
});

test("a node whose name has a slip is met with the one that was meant", async () => {
  const { code, err } = await podpath(["birdc", HEALTHY, "wroker-1", "show", "protocols"]);
  expect(code).toBe(2);
  expect(err).toContain("Did you mean worker-1?");
});

test("sessions are asked for by name and by pattern, destinations by themselves, as birdc takes them", async () => {
  const ask = async (...words: readonly string[]): Promise<string> =>
    (await podpath(["birdc", "-q", HEALTHY, "worker-1", "show", ...words])).out.replaceAll(/\d\d:\d\d:\d\d/g, "t");
  const named = await ask("protocols", "static1");
  expect(named.split("\n")).toHaveLength(3);
  expect(named).toContain("static1  Static   master   up");
  expect(await ask("protocols", "all", '"Mesh*"')).toContain("  BGP state:          Established\n");
  expect(await ask("protocols", "nobody")).toBe("nobody is not a protocol\n");
  expect(await ask("protocols", '"nobody*"')).toBe("No protocols match\n");
  expect(await ask("route", "192.168.226.64/26", "primary")).toBe("192.168.226.64/26  blackhole [static1 t] * (200)\n");
  expect(await ask("route", "192.168.226.0/24")).toBe("Network not in table\n");
});

test("a node whose configuration BIRD refuses has none, and why is said; others go without it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "podpath-birdc-"));
  try {
    cpSync(HEALTHY, folder, { recursive: true });
    const file = join(folder, "snapshot/nodes/worker-1/bird.cfg");
    writeFileSync(file, readFileSync(file, "utf8").replace(/neighbor (\S+) as 64512/, "neighbor $1 as 0"));
    const refused = await podpath(["birdc", folder, "worker-1", "show", "protocols"]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("no BIRD runs on worker-1: it does not start with");
    expect(refused.err).toContain("Remote AS number must be set");
    const other = await podpath(["birdc", "-q", folder, "control-plane", "show", "protocols"]);
    expect(other.code).toBe(0);
    expect(other.out).toMatch(/^Mesh_172_16_0_10 .* Connection refused/m);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the timeline of a scenario is played first, to its end or for as long as is said", async () => {
  const sessions = async (...after: readonly string[]): Promise<string> =>
    (await podpath(["birdc", "-q", "scenarios/debian-firewall", "worker-1", "show", "protocols", ...after])).out;
  // the firewall drops new connections from 10 s on, and BIRD is restarted after 10 minutes
  expect(await sessions("--after", "300")).toMatch(/^Mesh_172_16_0_11 BGP +master +up .*Established/m);
  expect(await sessions()).toMatch(/^Mesh_172_16_0_11 BGP +master +start .*Passive/m);
  expect(
    (await podpath(["trace", "scenarios/debian-firewall", "--from", "node/worker-1", "--to", "node/worker-2"])).err,
  ).toContain("[timeline-not-played]");
});

test("BIRDs of nodes start anew to recover, as calico-node's container has it; a BIRD 2 does not, as Debian's unit has it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "podpath-"));
  try {
    expect((await podpath(["init", "-q", "--encapsulation", "None", join(folder, "cluster")])).code).toBe(0);
    const nodes = join(folder, "cluster", "nodes.yaml");
    const bird = [
      "router id 172.16.0.250;",
      "protocol device {}",
      "protocol kernel { ipv4 { export all; }; }",
      "protocol bgp w { local as 65001; neighbor 172.16.0.11 as 64512; ipv4 { import all; export all; }; }",
    ];
    const tor = [
      "    - name: tor",
      "      interfaces: [{name: eth0, addresses: [172.16.0.250/16]}]",
      "      birdConfig: |",
    ];
    const text = [...tor, ...bird.map((line) => `        ${line}`), ""].join("\n");
    writeFileSync(nodes, `${readFileSync(nodes, "utf8").trimEnd()}\n${text}`);
    const peer = { peerIP: "172.16.0.250", asNumber: 65001 };
    const object = { apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name: "tor" }, spec: peer };
    writeFileSync(join(folder, "cluster", "peer.json"), JSON.stringify(object));
    const scenario = [
      "apiVersion: podpath/v1",
      "kind: Scenario",
      "metadata: {name: restarted}",
      "title: BIRDs start anew",
      "network: {cluster: ./cluster}",
      "timeline:",
      ...["worker-1", "host/tor"].map(
        (host) => `  - {at: 10m, change: {daemon: {host: ${host}, name: bird, action: restart}}}`,
      ),
      "",
    ];
    writeFileSync(join(folder, "scenario.yaml"), scenario.join("\n"));
    const ask = async (host: string): Promise<string> =>
      (await podpath(["birdc", "-q", folder, host, "show", "protocols", "all", "--after", "600"])).out;
    expect(await ask("worker-1")).toContain("GR recovery:");
    const told = await ask("host/tor");
    expect(told).toMatch(/^w +BGP/m);
    expect(told).not.toContain("GR recovery:");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
