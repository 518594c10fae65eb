import fc from "fast-check";
import { expect, test } from "vitest";
import { emulatedRoutes } from "../../src/analysis/emulated-routes.ts";
import { renderedBird, renderedEvidence } from "../../src/analysis/rendered-bird.ts";
import type { Network } from "../../src/model/network.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";
import { printRoute } from "../../src/readers/ip/print-route.ts";

const NODES = ["a", "b", "c", "d"];

const nodesFile = (calico: string): string =>
  `apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: ${calico}, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n${NODES.map((name, i) => `  ${name}: {addresses: [172.16.0.1${i}/24]}\n`).join("")}`;
const pods = NODES.map(
  (node) => `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: default}\nspec: {nodeName: ${node}}\n`,
);
const object = (kind: string, name: string, spec: unknown, labels: unknown = {}): string =>
  JSON.stringify({ apiVersion: "projectcalico.org/v3", kind, metadata: { name, labels }, spec });

const cidrs = fc.constantFrom("192.168.0.0/16", "192.168.128.0/17", "192.168.226.64/26", "10.0.0.0/8");
const rule = fc
  .record({
    action: fc.constantFrom("Accept", "Reject"),
    match: fc.option(fc.record({ cidr: cidrs, matchOperator: fc.constantFrom("Equal", "NotEqual", "In", "NotIn") }), {
      nil: {},
    }),
    source: fc.option(fc.constant("RemotePeers"), { nil: undefined, freq: 4 }),
  })
  .map(({ match, ...rest }) => ({ ...rest, ...match }));
const filter = fc.record({
  exportV4: fc.array(rule, { maxLength: 2 }),
  importV4: fc.array(rule, { maxLength: 2 }),
});

/** A mesh, reflectors, sessions between single nodes, and filters on what BGPPeers ask for. */
const sessions = fc.record({
  calico: fc.constantFrom("v3.29.2", "v3.31.2"),
  mesh: fc.boolean(),
  reflectors: fc.subarray(NODES, { maxLength: 2 }),
  filters: fc.tuple(filter, filter),
  peers: fc.array(
    fc.record({
      who: fc.constantFrom({ nodeSelector: "all()" }, { node: "a" }, { node: "b" }, { nodeSelector: "has(rr)" }),
      whom: fc.constantFrom(
        { peerSelector: "has(rr)" },
        { peerSelector: "has(rr)" },
        { peerIP: "172.16.0.12", asNumber: 64512 },
      ),
      filters: fc.subarray(["f0", "f1"]),
    }),
    { maxLength: 2 },
  ),
  disableBGPExport: fc.boolean(),
});

interface Sessions {
  readonly calico: string;
  readonly mesh: boolean;
  readonly reflectors: readonly string[];
  readonly filters: readonly unknown[];
  readonly peers: readonly { readonly who: object; readonly whom: object; readonly filters: readonly string[] }[];
  readonly disableBGPExport: boolean;
}

function filesOf({
  calico,
  mesh,
  reflectors,
  filters,
  peers,
  disableBGPExport,
}: Sessions): Readonly<Record<string, string>> {
  return {
    "nodes.yaml": nodesFile(calico),
    "calico.yaml": [
      object("IPPool", "p", { cidr: "192.168.0.0/16", disableBGPExport }),
      object("BGPConfiguration", "default", { nodeToNodeMeshEnabled: mesh }),
      ...NODES.map((name, i) =>
        object(
          "Node",
          name,
          {
            bgp: {
              ipv4Address: `172.16.0.1${i}/24`,
              ...(reflectors.includes(name) ? { routeReflectorClusterID: "224.0.0.1" } : {}),
            },
          },
          reflectors.includes(name) ? { rr: "true" } : {},
        ),
      ),
      ...filters.map((one, i) => object("BGPFilter", `f${i}`, one)),
      ...peers.map(({ who, whom, filters: names }, i) =>
        object("BGPPeer", `p${i}`, { ...who, ...whom, filters: names }),
      ),
      ...pods,
    ].join("\n---\n"),
  };
}

/** b takes c for its client, and c takes b for none: what c reflects has been in the cluster of both. */
const ONE_CLUSTER: Sessions = {
  calico: "v3.29.2",
  mesh: false,
  reflectors: ["b", "c"],
  filters: [{}, {}],
  peers: [{ who: { nodeSelector: "all()" }, whom: { peerIP: "172.16.0.12", asNumber: 64512 }, filters: [] }],
  disableBGPExport: false,
};

function learnt(network: Network): readonly string[] {
  return NODES.flatMap((node) =>
    (network.hosts.get(node)?.routes ?? [])
      .filter(({ protocol, type }) => protocol === "bird" && type === "unicast")
      .map((route) => `${node}: ${printRoute(route)}`),
  ).sort();
}

test("routes that are taken for granted are those that BIRD brings, with a mesh, reflectors and BGPFilters", () => {
  fc.assert(
    fc.property(sessions.map(filesOf), (files) => {
      const read = readClusterFolder({ name: "test", files: new Map(Object.entries(files)) });
      const configurations = renderedEvidence(renderedBird(read.cluster, read.settled), read.network.origins);
      expect(learnt(read.network)).toEqual(learnt(emulatedRoutes(read.network, configurations).network));
    }),
    { numRuns: 40, examples: [[filesOf(ONE_CLUSTER)]] },
  );
});
