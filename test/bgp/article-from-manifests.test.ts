import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { reconverge } from "../../src/analysis/reconverge.ts";
import { renderedBird, renderedEvidence } from "../../src/analysis/rendered-bird.ts";
import { type BgpRun, routesOf, runFor } from "../../src/bgp/reconverge.ts";
import { shownError, shownState } from "../../src/bgp/speaker/peer.ts";
import { hostChanged, killSpeaker, type Speaker, startSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { changeHost } from "../../src/emulator/world.ts";
import type { Network } from "../../src/model/network.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";

const FOLDER = "examples/three-nodes/cluster";
const HARDENED = readFileSync("scenarios/debian-firewall-blocks-bgp/hardened.rules", "utf8");
const DROPS_179 = "*filter\n-A INPUT -p tcp --dport 179 -j DROP\nCOMMIT\n";
const NODES = ["control-plane", "worker-1", "worker-2"];

/** The article's cluster, its machines with these rules of their own. */
function cluster(firewall: string | null, encapsulation = "None"): ReturnType<typeof readClusterFolder> {
  const files = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
  const machines = files.get("nodes.yaml") ?? "";
  if (firewall !== null) {
    const block = `  firewall: |\n${firewall.replaceAll(/^/gm, "    ")}\n`;
    files.set("nodes.yaml", machines.replace("defaults:\n", `defaults:\n${block}`));
  }
  files.set(
    "calico.yaml",
    (files.get("calico.yaml") ?? "").replace("encapsulation: None", `encapsulation: ${encapsulation}`),
  );
  return readClusterFolder({ name: "three-nodes", files });
}

function anew(firewall: string | null, encapsulation = "None"): ReturnType<typeof reconverge> {
  const result = cluster(firewall, encapsulation);
  const context = renderedBird(result.cluster, result.settled);
  return reconverge(result.network, renderedEvidence(context, result.network.origins));
}

function states(run: BgpRun): readonly string[] {
  return [...run.speakers].flatMap(([node, items]) =>
    items.flatMap(({ peers }) =>
      peers.map((peer) => `${node} ${peer.configuration.name} ${shownState(peer)} ${shownError(peer)}`.trim()),
    ),
  );
}

function toOthers(run: BgpRun): number {
  return NODES.flatMap((node) => routesOf(run, node)).filter(
    ({ protocol, type }) => protocol === "bird" && type === "unicast",
  ).length;
}

/** Whether pods of two nodes reach each other. */
function ping(network: Network): string {
  const pods = [...network.hosts.keys()].filter((name) => name.startsWith("pod/default/"));
  const left = pods.find((name) => name.includes("/left-")) ?? "";
  const far = pods.find((name) => network.hosts.get(name)?.node !== network.hosts.get(left)?.node) ?? "";
  const question = {
    from: left,
    to: far,
    kind: "ping" as const,
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
  };
  const prepared = prepareProbe(network, question);
  if ("findings" in prepared) throw new Error(prepared.findings.map(({ message }) => message).join("\n"));
  return askProbe(network, prepared.probe, { steps: false, strict: false }).branches[0]?.run.report?.result ?? "none";
}

describe("the article from its manifests", () => {
  test("nodes without a firewall have their sessions, their routes, and pods that reach each other", () => {
    const { run, network } = anew(null);
    expect(states(run).filter((state) => state.endsWith(" Established"))).toHaveLength(6);
    expect([toOthers(run), ping(network)]).toEqual([6, "answered"]);
  });

  test("hardened nodes have none: what was measured on real machines, out of the rules alone", () => {
    const { run, network } = anew(HARDENED);
    expect(states(run)).toEqual([
      "control-plane Mesh_172_16_0_10 Connect",
      "control-plane Mesh_172_16_0_11 Connect",
      "worker-1 Mesh_172_16_0_9 Passive",
      "worker-1 Mesh_172_16_0_11 Passive",
      "worker-2 Mesh_172_16_0_9 Passive",
      "worker-2 Mesh_172_16_0_10 Connect",
    ]);
    expect([toOthers(run), ping(network)]).toEqual([0, "timeout"]);
  });

  test("accepting 179 repairs it", () => {
    const { run, network } = anew(HARDENED.replace("22,6443", "22,179,6443"));
    expect([toOthers(run), ping(network)]).toEqual([6, "answered"]);
  });

  test("IPIP does not help, for its routes come by BGP too; VXLAN does, whose routes Felix writes", () => {
    const ipip = anew(HARDENED, "IPIP");
    expect([toOthers(ipip.run), ping(ipip.network)]).toEqual([0, "timeout"]);
    const vxlan = anew(HARDENED, "VXLAN");
    expect(ping(vxlan.network)).toBe("answered");
  });
});

/** Gives running nodes the rules of another cluster. */
function harden(run: BgpRun, firewall: string): void {
  const { network } = cluster(firewall);
  for (const node of NODES) {
    const host = network.hosts.get(node);
    if (host !== undefined) changeHost(run.world, node, host);
    for (const speaker of run.speakers.get(node) ?? []) hostChanged(speaker);
  }
}

describe("a firewall that comes while sessions are up", () => {
  test("leaves them where it accepts what is established, until a daemon starts anew", () => {
    const { run } = anew(null);
    harden(run, HARDENED);
    runFor(run, 3600);
    expect(states(run).filter((state) => state.endsWith(" Established"))).toHaveLength(6);
    const [old] = run.speakers.get("worker-1") ?? [];
    if (old === undefined) throw new Error("no daemon on worker-1");
    killSpeaker(old);
    const fresh: Speaker = startSpeaker(run.world, old.runtime, old.configuration);
    runFor(run, 600);
    expect(fresh.peers.map(shownState)).toEqual(["Passive", "Passive"]);
    const [other] = run.speakers.get("control-plane") ?? [];
    expect(other?.peers.map(shownState)).toEqual(["Connect", "Established"]);
  });

  test("ends them with their hold timers where it drops what comes to 179, and the routes go with them", () => {
    const { run } = anew(null);
    harden(run, DROPS_179);
    // BIRD takes up to a quarter off its hold timer of 240 s, and a KEEPALIVE came up to 80 s before.
    runFor(run, 95);
    expect([states(run).filter((state) => state.endsWith(" Established")).length, toOthers(run)]).toEqual([6, 6]);
    runFor(run, 160);
    expect(toOthers(run)).toBe(0);
    for (const state of states(run))
      expect(state).toMatch(/ (?:Idle|Active|Connect|Passive) BGP Error: Hold timer expired$/);
  });
});
