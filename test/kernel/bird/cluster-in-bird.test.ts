import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderedBird } from "../../../src/analysis/rendered-bird.ts";
import { type BirdFile, birdFilesOf } from "../../../src/calico/bird/bird-files-of.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { refusalOf } from "./check-configuration.ts";
import { fetchBird } from "./fetch-bird.ts";
import { birdcOutput } from "./labs/compare-texts.ts";
import type { Lab, Seen } from "./labs/lab.ts";
import { differingLabs, runReal } from "./labs/play.ts";

const SCRATCH = mkdtempSync(join(tmpdir(), "podpath-cluster-"));

afterAll(() => rmSync(SCRATCH, { recursive: true, force: true }));

const folder = fetchBird("bird", SCRATCH);

const NODES = ["r1", "r2", "a", "b", "c"];
const number = (node: string): number => 10 + NODES.indexOf(node);
/** How often what differs is played again. */
const TURNS = 3;
const isReflector = (node: string): boolean => node.startsWith("r");

const calico = (kind: string, name: string, spec: unknown, labels: unknown = {}): string =>
  JSON.stringify({ apiVersion: "projectcalico.org/v3", kind, metadata: { name, labels }, spec });

/** Nodes of both families, two reflectors, sessions with a password, filters, communities, and Services. */
const MANIFESTS: Readonly<Record<string, string>> = {
  "nodes.yaml": [
    "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}",
    "defaults: {gateway: 172.16.0.1}\nnodes:",
    ...NODES.map((node) => `  ${node}: {addresses: [172.16.0.${number(node)}/24, "fd00:172::${number(node)}/64"]}`),
    "",
  ].join("\n"),
  "calico.yaml": [
    calico("IPPool", "four", { cidr: "192.168.0.0/16", blockSize: 26, ipipMode: "Never", vxlanMode: "Never" }),
    calico("IPPool", "six", { cidr: "fd00:192::/48", blockSize: 122, ipipMode: "Never", vxlanMode: "Never" }),
    calico("IPPool", "kept", { cidr: "10.77.0.0/24", disabled: true, disableBGPExport: true, ipipMode: "Never" }),
    calico("BGPConfiguration", "default", {
      nodeToNodeMeshEnabled: false,
      asNumber: 64600,
      communities: [
        { name: "pods", value: "64600:7" },
        { name: "large", value: "64600:1:7" },
      ],
      prefixAdvertisements: [
        { cidr: "192.168.0.0/16", communities: ["pods", "large"] },
        { cidr: "fd00:192::/48", communities: ["pods", "64600:8"] },
      ],
      serviceClusterIPs: [{ cidr: "10.96.0.0/12" }],
    }),
    calico("BGPFilter", "some", {
      exportV4: [{ action: "Reject", matchOperator: "In", cidr: "10.96.0.0/12" }],
      importV4: [{ action: "Accept", matchOperator: "In", cidr: "192.168.0.0/16", prefixLength: { min: 26, max: 26 } }],
      importV6: [{ action: "Reject", matchOperator: "Equal", cidr: "fd00:192::/122" }],
    }),
    calico("BGPPeer", "reflectors", {
      nodeSelector: "all()",
      peerSelector: "has(rr)",
      filters: ["some"],
      password: { secretKeyRef: { name: "bgp", key: "p" } },
    }),
    ...NODES.map((node) =>
      calico(
        "Node",
        node,
        {
          bgp: {
            ipv4Address: `172.16.0.${number(node)}/24`,
            ipv6Address: `fd00:172::${number(node)}/64`,
            ...(isReflector(node) ? { routeReflectorClusterID: `244.0.0.${number(node)}` } : {}),
          },
        },
        isReflector(node) ? { rr: "true" } : {},
      ),
    ),
    "apiVersion: v1\nkind: Secret\nmetadata: {name: bgp, namespace: kube-system}\nstringData: {p: s3cret}\n",
    ...NODES.map(
      (node) =>
        `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: default}\nspec: {nodeName: ${node}, containers: [{name: c, image: i}]}\n`,
    ),
  ].join("\n---\n"),
};

/** Of Calico's patches Debian's BIRD lacks `krt_tunnel` alone among what these files have. */
function withoutTunnels(text: string): string {
  return text.replace(/krt_tunnel ?= ?"[^"]*";/g, "krt_metric = 0;");
}

const result = readClusterFolder({ name: "cluster", files: new Map(Object.entries(MANIFESTS)) });
const context = renderedBird(result.cluster, result.settled);

function filesOf(node: string): ReadonlyMap<BirdFile, string> {
  const files = birdFilesOf(node, context);
  if (files === null) throw new Error(`nothing was rendered for ${node}`);
  return new Map([...files].map(([name, text]) => [name, withoutTunnels(text)]));
}

/** `turn`: daemons are started in another order, so that other pairs dial at one moment. */
function labFor(family: 4 | 6, turn = 0): Lab {
  const stem = family === 4 ? "bird" : "bird6";
  return {
    name: `a rendered cluster, IPv${family}`,
    family,
    program: stem,
    segments: ["lan0"],
    nodes: NODES.map((name) => ({
      name,
      forwards: true,
      interfaces: [
        {
          name: "eth0",
          segment: "lan0",
          address: family === 4 ? `172.16.0.${number(name)}/24` : `fd00:172::${number(name)}/64`,
        },
      ],
      routes: [],
    })),
    stages: [
      {
        events: [...NODES.slice(turn), ...NODES.slice(0, turn)].map((node) => {
          const all = filesOf(node);
          const files = Object.fromEntries([...all].filter(([name]) => name.startsWith(`${stem}_`)));
          const config = all.get(`${stem}.cfg`) ?? "";
          return { kind: "start", node, config, files, flags: [] };
        }),
        seconds: 30,
        sampled: 3,
      },
    ],
    asked: ["show route all", "show protocols all", "show status"],
  };
}

describe.skipIf(folder === null)("the configurations that podpath renders of a cluster", () => {
  const labs = [labFor(4), labFor(6)];
  let seen: readonly Seen[] = [];
  beforeAll(async () => {
    seen = await runReal(folder ?? "", labs);
  });

  test("are read from resources without an error, and taken by BIRD 1.6", () => {
    expect(result.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    for (const node of NODES) {
      for (const stem of ["bird", "bird6"] as const)
        expect(refusalOf(folder ?? "", SCRATCH, filesOf(node), stem)).toBeNull();
    }
  });

  test("have what the cluster asks for: a password, filters, communities, reflectors", () => {
    const text = [...filesOf("a").values()].join("\n");
    for (const words of [
      "password",
      "bgp_community.add((64600, 7))",
      "bgp_large_community.add((64600, 1, 7))",
      "'bgp_some_",
    ])
      expect(text).toContain(words);
    expect(filesOf("r1").get("bird.cfg")).toContain("rr client");
  });

  test.each([4, 6] as const)(
    "bring real BIRDs of IPv%s to the sessions, routes and kernels of the emulated ones",
    async (family) => {
      const index = family === 4 ? 0 : 1;
      let [lab, real] = [labs[index], seen[index]];
      if (lab === undefined || real === undefined) throw new Error("both were played");
      // two ends that dial at one moment may throw each other out again and again, until chance parts them
      for (let turn = 1; turn <= TURNS && differingLabs([lab], [real]).length > 0; turn++) {
        lab = labFor(family, turn);
        [real = real] = await runReal(folder ?? "", [lab]);
      }
      expect(differingLabs([lab], [real]).flatMap(({ lines }) => lines)).toEqual([]);
      const last = real.stages.at(-1);
      const told = (node: string, command: string): string => birdcOutput(last?.said[node]?.[command] ?? "");
      // a has a session with each reflector, and by them the blocks of the others, with their communities
      expect(told("a", "show protocols all").match(/^Node_\S+ .* Established/gm)).toHaveLength(2);
      const blocks = told("a", "show route all").match(
        family === 4 ? /^192\.168\.\S+\/26 .*via/gm : /^fd00:192:\S+\/122 .*via/gm,
      );
      expect(blocks).toHaveLength(4);
      expect(told("a", "show route all")).toContain("BGP.community: (64600,7)");
      expect(told("a", "show route all")).not.toMatch(/^10\.96\.0\.0\/12 .*via/m);
    },
  );
});
