import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { emulatedRoutes } from "../../src/analysis/emulated-routes.ts";
import { reconverge } from "../../src/analysis/reconverge.ts";
import { renderedBird, renderedEvidence } from "../../src/analysis/rendered-bird.ts";
import { runScenario } from "../../src/analysis/run-scenario.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import type { Network } from "../../src/model/network.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { runCommand } from "../../src/readers/commands/run-command.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { folder, podpath } from "../cli/command.ts";
import { ROOT } from "../docs/root.ts";

const CAPTURES = join(ROOT, "scenarios/debian-firewall-blocks-bgp");
const NODES = readFileSync(join(ROOT, "examples/three-nodes/cluster/nodes.yaml"), "utf8");

/** The machines of nodes.yaml, with something more at one place. */
function nodes(place: string, more: string): string {
  expect(NODES).toContain(place);
  return NODES.replace(place, `${place}${more}`);
}

interface Machines {
  readonly nodes: string;
  readonly rules?: string;
  /** Typed on worker-2 when all is up. */
  readonly typed?: string;
}

/** What was different on the machines of each capture (capture/variants.py). */
const MACHINES: Readonly<Record<string, Machines>> = {
  healthy: { nodes: NODES },
  "bgp-blocked": {
    nodes: nodes("defaults:\n", "  firewall: own.rules\n"),
    rules: readFileSync(join(CAPTURES, "hardened.rules"), "utf8"),
  },
  "bgp-blocked-by-reject": {
    nodes: nodes("defaults:\n", "  firewall: own.rules\n"),
    rules: "*filter\n-A INPUT -p tcp --dport 179 -j REJECT\nCOMMIT\n",
  },
  "bgp-blocked-where-nothing-breaks": {
    nodes: nodes("control-plane:\n", "    firewall: own.rules\n"),
    rules: "*filter\n-A INPUT -p tcp --dport 179 -j DROP\nCOMMIT\n",
  },
  "forwarding-off-at-destination": { nodes: NODES, typed: "sysctl -w net.ipv4.ip_forward=0" },
};

/** A capture as its dumps tell it, and the cluster that comes out of its objects, with BGP that ran on its packets. */
function both(name: string) {
  const machines = MACHINES[name] ?? { nodes: NODES };
  const files = new Map(readFolder(join(CAPTURES, name, "snapshot/cluster")));
  files.set("machines-nodes.yaml", machines.nodes);
  if (machines.rules !== undefined) files.set("own.rules", machines.rules);
  const { network: assumed, cluster, settled } = readClusterFolder({ name, files });
  const configurations = renderedEvidence(renderedBird(cluster, settled), assumed.origins);
  const { network } = emulatedRoutes(assumed, configurations);
  const snapshot = readSnapshot({ name, files: readFolder(join(CAPTURES, name, "snapshot")) });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  return { network: machines.typed === undefined ? network : typed(network, machines.typed), snapshot, evidence };
}

function typed(network: Network, command: string): Network {
  const host = network.hosts.get("worker-2");
  if (host === undefined) throw new Error("no worker-2");
  const result = runCommand(command, host, { origins: network.origins, origin: 0, file: () => null });
  if ("problem" in result) throw new Error(result.problem);
  return { ...network, hosts: new Map(network.hosts).set(host.name, result.host) };
}

function birdRoutes(network: Network, host: string): readonly string[] {
  return (network.hosts.get(host)?.routes ?? [])
    .filter(({ protocol, family }) => protocol === "bird" && family === 4)
    .map(({ destination, type, nextHops: [hop] }) => {
      const gateway = hop?.gateway == null ? "" : formatAddress(hop.gateway);
      return `${formatPrefix(destination)} ${type} ${gateway} ${hop?.interface ?? ""}`;
    })
    .sort();
}

describe.each(Object.keys(MACHINES))("the capture %s comes out of its manifests by emulation", (name) => {
  let made: ReturnType<typeof both>;
  beforeAll(() => {
    made = both(name);
  });

  test("with the same sessions", () => {
    const { network, evidence } = made;
    const dumped = [...evidence].flatMap(([host, { bgpSessions }]) =>
      bgpSessions.map(({ name: session, bgpState, lastError }) => `${host} ${session} ${bgpState} ${lastError ?? ""}`),
    );
    const sessions = (network.bgp?.sessions ?? []).map(
      ({ host, name: session, bgpState, lastError }) => `${host} ${session} ${bgpState} ${lastError ?? ""}`,
    );
    expect(dumped).toHaveLength(6);
    expect([...sessions].sort()).toEqual([...dumped].sort());
  });

  test("with the same routes in each kernel", () => {
    const { network, snapshot } = made;
    for (const host of ["control-plane", "worker-1", "worker-2"]) {
      expect(birdRoutes(network, host)).toEqual(birdRoutes(snapshot.network, host));
    }
  });

  test("with the same pings, traceroutes and connections", () => {
    const { scenario } = readScenario(readFileSync(join(CAPTURES, name, "scenario.yaml"), "utf8"), "scenario.yaml");
    if (scenario === null) throw new Error("no scenario");
    const { probes } = runScenario(made.network, scenario, { traced: 0, strict: false });
    expect(probes.length).toBeGreaterThan(60);
    expect(probes.flatMap(({ verdict, probe }) => (verdict === "held" ? [] : [`${probe.name} ${verdict}`]))).toEqual(
      [],
    );
  });
});

test("a block on the dialling side breaks nothing, and its rule meets no packet", () => {
  const { network, snapshot } = both("bgp-blocked-where-nothing-breaks");
  const rules = snapshot.network.hosts.get("control-plane")?.rulesets ?? [];
  const counted = rules.flatMap(({ tables }) =>
    [...(tables.get("filter")?.chains.get("INPUT")?.rules ?? [])].filter(({ origin: _, ...rule }) =>
      JSON.stringify(rule).includes("179"),
    ),
  );
  expect(counted.map(({ counters }) => counters?.packets)).toContain(0);
  expect(network.bgp?.sessions.map(({ bgpState }) => bgpState)).toEqual(Array(6).fill("Established"));
});

describe("where forwarding was the cause", () => {
  test("the sysctl is the repair, and neither an accepted port 179 nor a restart of BIRD is", async () => {
    const { code, out } = await podpath(["run", join(ROOT, "scenarios/debian-firewall/forwarding.yaml"), "--json"]);
    const played = JSON.parse(out);
    expect(played.probes.map((probe: { name: string; verdict: string }) => [probe.name, probe.verdict])).toEqual(
      ["healthy", "other-node", "way", "back", "same-node", "between-nodes", "bgp"].map((probe) => [probe, "held"]),
    );
    expect(played.fixes.map((fix: { name: string }) => fix.name)).toEqual([
      "sysctl",
      "accepting-bgp-does-not-help",
      "a-restart-of-bird-does-not-help",
    ]);
    expect(code).toBe(0);
  });
});

/** Written by hand: other names, a template, a filter of its own that keeps one block out, local preferences. */
function userConfiguration(own: string, others: readonly string[]): string {
  const peers = others.map((other, index) => `protocol bgp to_${index} from nodes { neighbor ${other} as 65001; }\n`);
  return `log syslog all;
router id ${own};
define MINE = [ 192.168.0.0/16+ ];
filter not_from_worker_2 { if net ~ 192.168.133.192/26 then reject; bgp_local_pref = 150; accept; }
protocol device { scan time 10; }
protocol direct { interface "eth0"; }
protocol kernel { learn; persist; import all; export where net ~ MINE; }
protocol static blocks { import all; ${own.endsWith(".9") ? "route 192.168.49.64/26 blackhole;" : own.endsWith(".10") ? "route 192.168.226.64/26 blackhole;" : "route 192.168.133.192/26 blackhole;"} }
template bgp nodes { local as 65001; hold time 30; import filter not_from_worker_2; export where source = RTS_STATIC; next hop self; }
${peers.join("")}`;
}

test("a user's own bird.cfg runs: sessions of its names, and the routes that its filters let in", () => {
  const addresses: Readonly<Record<string, string>> = {
    "control-plane": "172.16.0.9",
    "worker-1": "172.16.0.10",
    "worker-2": "172.16.0.11",
  };
  const files = new Map(readFolder(join(CAPTURES, "healthy", "snapshot")));
  for (const [node, own] of Object.entries(addresses)) {
    const others = Object.values(addresses).filter((address) => address !== own);
    files.set(`nodes/${node}/bird.cfg`, userConfiguration(own, others));
  }
  const snapshot = readSnapshot({ name: "own", files });
  const { evidence, findings } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  expect(findings.filter(({ code }) => code.startsWith("bird"))).toEqual([]);
  const { sessions, network } = reconverge(snapshot.network, evidence);
  expect(sessions.map(({ name, bgpState }) => `${name} ${bgpState}`)).toEqual(
    Array(3).fill(["to_0 Established", "to_1 Established"]).flat(),
  );
  const learnt = (host: string) => birdRoutes(network, host).filter((route) => route.includes(" unicast "));
  expect(learnt("worker-1")).toEqual(["192.168.49.64/26 unicast 172.16.0.9 eth0"]);
  expect(learnt("worker-2")).toEqual([
    "192.168.226.64/26 unicast 172.16.0.10 eth0",
    "192.168.49.64/26 unicast 172.16.0.9 eth0",
  ]);
});

describe("what people type prints from the manifests what the real BIRD printed in the capture healthy", () => {
  const files: Record<string, string> = { "nodes.yaml": NODES };
  for (const [path] of readFolder(join(CAPTURES, "healthy", "snapshot/cluster"))) {
    files[path] = readFileSync(join(CAPTURES, "healthy", "snapshot/cluster", path), "utf8");
  }
  /** Times and counters are those of a past that no manifest tells. */
  const timeless = (text: string): string =>
    text
      .replaceAll(/\d\d:\d\d:\d\d(\.\d+)?/g, "TIME")
      .replaceAll(/(Import|Export) (updates|withdraws): .*/g, "$1 $2")
      .replaceAll(/^ +(Hold timer|Keepalive timer): .*/gm, "    $1")
      .replaceAll(/^BIRD .*\n/gm, "")
      .trim();

  test.each(["control-plane", "worker-1", "worker-2"])("birdcl show protocols all, on %s", async (node) => {
    const { out } = await podpath(["birdc", folder(files), node, "show", "protocols", "all"]);
    const real = readFileSync(join(CAPTURES, "healthy/snapshot/nodes", node, "birdc-protocols.txt"), "utf8");
    expect(timeless(out)).toBe(timeless(real));
  });

  test.each(["control-plane", "worker-1", "worker-2"])("birdcl show route all, on %s", async (node) => {
    const { out } = await podpath(["birdc", folder(files), node, "show", "route", "all"]);
    const real = readFileSync(join(CAPTURES, "healthy/snapshot/nodes", node, "birdc-route.txt"), "utf8");
    const withoutPods = (text: string): string => timeless(text).replaceAll(/dev cali\w+/g, "dev CALI");
    expect(withoutPods(out)).toBe(withoutPods(real));
  });
});
