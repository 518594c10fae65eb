import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runScenario, type ScenarioRun } from "../../../src/analysis/run-scenario.ts";
import { readFolder } from "../../../src/cli/read-files.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { readScenario } from "../../../src/readers/scenario/read-scenario.ts";
import { ROOT } from "../../docs/root.ts";

const CAPTURES = join(ROOT, "scenarios/debian-firewall-blocks-bgp");
const NODES = readFileSync(join(ROOT, "examples/three-nodes/cluster/nodes.yaml"), "utf8");
const HARDENED = readFileSync(join(CAPTURES, "hardened.rules"), "utf8");

/** The same machines with these texts in place of others. */
function nodes(...changes: readonly (readonly [string, string])[]): string {
  let text = NODES;
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  return text;
}

const RAW_DROP = `*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p udp -m udp --dport 4789 -j DROP
COMMIT
`;

/** What the objects of a captured cluster do not say. What is broken in the others is a process or a running kernel. */
const MACHINES: Readonly<Record<string, string>> = {
  healthy: NODES,
  "vxlan-blocked": nodes(["worker-2: {", "worker-2: {firewall: raw.rules, "]),
  "vxlan-blocked-after-calico-accept": nodes(["defaults:\n", "defaults:\n  firewall: hardened.rules\n"]),
  "no-default-route": nodes(["worker-1: {", "worker-1: {gateway: [], "]),
  "two-subnets-without-encapsulation": nodes(
    ["worker-2: {addresses: [172.16.0.11/24]}", "worker-2: {addresses: [172.16.1.11/24], gateway: 172.16.1.1}"],
    [
      'worker-1:eth0, worker-2:eth0, "host/gw:eth0"]}',
      'worker-1:eth0, "host/gw:eth0"]}\n    - {name: lan-2, mtu: 1500, members: [worker-2:eth0, "host/gw:eth2"]}',
    ],
    [
      "{name: eth1, addresses: [203.0.113.1/24]}]",
      "{name: eth1, addresses: [203.0.113.1/24]}, {name: eth2, addresses: [172.16.1.1/24]}]",
    ],
    [
      "routes: [172.16.0.0/24 via 203.0.113.1]",
      "routes: [172.16.0.0/24 via 203.0.113.1, 172.16.1.0/24 via 203.0.113.1]",
    ],
  ),
};

/**
 * One of 64512 ports that kube-proxy's masquerading may draw is 4789, and an answer to it is one that Felix takes for VXLAN. The
 * capture's rules lack the line that makes such answers untracked, which the real Felix writes.
 */
const BY_CHANCE: ReadonlySet<string> = new Set(
  ["vxlan-blocked", "vxlan-blocked-after-calico-accept"].map(
    (name) => `${name} request-worker-1-to-kube-system-kube-dns-udp-53`,
  ),
);

describe.each(Object.entries(MACHINES))(
  "the objects of the capture %s, with nodes.yaml in place of every dump",
  (name, text) => {
    const files = new Map(readFolder(join(CAPTURES, name, "snapshot/cluster")));
    files.set("machines-nodes.yaml", text);
    files.set("raw.rules", RAW_DROP);
    files.set("hardened.rules", HARDENED);
    const result = readClusterFolder({ name, files });
    const { scenario } = readScenario(readFileSync(join(CAPTURES, name, "scenario.yaml"), "utf8"), "scenario.yaml");
    if (scenario === null) throw new Error("no scenario");

    it("are read without a doubt", () => {
      const told = result.findings.filter(({ severity }) => severity !== "info").map(({ code }) => code);
      expect(told).toEqual(name === "no-default-route" ? ["proxy-arp-without-route"] : []);
    });

    it("give every answer that was measured", () => {
      const run: ScenarioRun = runScenario(result.network, scenario, { traced: 0, strict: false });
      expect(run.probes.length).toBeGreaterThan(15);
      const wrong = run.probes.flatMap(({ verdict, probe }) =>
        verdict === "held" || BY_CHANCE.has(`${name} ${probe.name}`) ? [] : [`${probe.name} ${verdict}`],
      );
      expect(wrong).toEqual([]);
    });
  },
);
