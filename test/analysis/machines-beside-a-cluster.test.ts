import { describe, expect, test } from "vitest";
import { emulatedRoutes } from "../../src/analysis/emulated-routes.ts";
import { renderedBird, renderedEvidence } from "../../src/analysis/rendered-bird.ts";
import { formatFinding } from "../../src/model/finding.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";

const nodes = (tor: string): string => `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: v1.31.3}
defaults: {gateway: 172.16.0.1}
nodes:
  a: {addresses: [172.16.0.10/24]}
  b: {addresses: [172.16.0.11/24]}
fabric:
  hosts:
    - name: tor
      interfaces: [{name: eth0, addresses: [172.16.0.1/24]}, {name: eth1, addresses: [10.9.0.1/24]}]
      ipForward: true
${tor}`;

const object = (kind: string, name: string, spec: unknown): string =>
  JSON.stringify({ apiVersion: "projectcalico.org/v3", kind, metadata: { name }, spec });

const PEERS = ["10", "11"]
  .map(
    (last) =>
      `protocol bgp node${last} { local as 65000; neighbor 172.16.0.${last} as 64512; import all; export all; }`,
  )
  .join("\n");

const TOR = ["router id 172.16.0.1;", "protocol device {}", "protocol kernel { export all; }"].concat(
  "protocol static { route 10.50.0.0/16 via 10.9.0.254; }",
  PEERS,
);

/** The cluster with a ToR; its nodes have no sessions among each other. */
function cluster(tor: string, others: Readonly<Record<string, string>> = {}) {
  const pods = ["a", "b"].map(
    (node) =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: default}\nspec: {nodeName: ${node}}\n`,
  );
  const calico = [
    object("IPPool", "p", { cidr: "192.168.0.0/16" }),
    object("BGPConfiguration", "default", { nodeToNodeMeshEnabled: false }),
    object("BGPPeer", "tor", { peerIP: "172.16.0.1", asNumber: 65000 }),
    ...pods,
  ].join("\n---\n");
  const files = new Map(Object.entries({ "nodes.yaml": nodes(tor), "calico.yaml": calico, ...others }));
  const { network, cluster: read, settled, findings } = readClusterFolder({ name: "cluster", files });
  const evidence = renderedEvidence(renderedBird(read, settled), network.origins, settled.birds);
  const bgp = emulatedRoutes(network, evidence);
  return { findings: findings.map(formatFinding), bgp, doubts: bgp.findings.map(({ code }) => code) };
}

function routesOf({ bgp }: ReturnType<typeof cluster>, host: string): readonly string[] {
  return (bgp.network.hosts.get(host)?.routes ?? [])
    .filter(({ protocol, type }) => protocol === "bird" && type === "unicast")
    .map((route) => printRoute(route).trim())
    .sort();
}

const inText = `      birdConfig: |\n${TOR.join("\n").replaceAll(/^/gm, "        ")}\n`;

describe("the BIRD of a machine beside a cluster of manifests", () => {
  test("runs with what nodes.yaml tells, so that nothing rests on a guess", () => {
    const found = cluster(inText);
    expect(found.findings.filter((line) => /nodes\.yaml|outside/.test(line))).toEqual([]);
    expect(found.doubts).toEqual([]);
    expect(found.bgp.network.bgp?.sessions.map(({ host, info }) => `${host} ${info}`).sort()).toEqual([
      "a Established",
      "b Established",
      "host/tor Established",
      "host/tor Established",
    ]);
    expect(routesOf(found, "a")[0]).toBe("10.50.0.0/16 via 172.16.0.1 dev eth0 proto bird");
    expect(routesOf(found, "host/tor")).toHaveLength(3);
    expect(cluster("").doubts).toContain("bgp-rests-on-a-guess");
  });

  test("reads a file beside nodes.yaml, with what it includes", () => {
    const files = { "tor.conf": `${TOR.slice(0, -1).join("\n")}\ninclude "peers.conf";\n`, "peers.conf": `${PEERS}\n` };
    const found = cluster("      birdConfig: tor.conf\n", files);
    expect(routesOf(found, "host/tor")).toEqual(routesOf(cluster(inText), "host/tor"));
    expect(found.doubts).toEqual([]);
  });

  test("may have a file for each family", () => {
    const found = cluster("      birdConfig: {bird: tor.conf, bird6: tor6.conf}\n", {
      "tor.conf": TOR.join("\n"),
      "tor6.conf": "router id 172.16.0.1;\nprotocol device {}\nprotocol static { route fd00:9::/64 unreachable; }\n",
    });
    expect(found.findings.filter((line) => line.includes("tor"))).toEqual([]);
    expect(routesOf(found, "host/tor")).toEqual(routesOf(cluster(inText), "host/tor"));
  });

  test("that refuses what it is told does not run, which is told at its line", () => {
    const broken = inText.replace("protocol device {}", "protocol devise {}");
    const found = cluster(broken);
    // the block begins on line 14 of nodes.yaml, the statement is its second line
    expect(found.findings.filter((line) => line.includes("nodes.yaml"))).toEqual([
      expect.stringMatching(/nodes\.yaml:15:10.*BIRD 1\.6 stops here with “syntax error”/),
    ]);
    expect(found.bgp.network.bgp?.sessions.every(({ host }) => host !== "host/tor")).toBe(true);
  });

  test("that is neither a text nor a file is told", () => {
    expect(cluster("      birdConfig: missing.conf\n").findings.join("\n")).toMatch(
      /nodes\.yaml:13.*fabric\.hosts\[0\]\.birdConfig is "missing\.conf"/,
    );
    expect(cluster("      birdConfig: {brid: x}\n").findings.join("\n")).toMatch(/Nobody reads "brid"/);
  });
});
