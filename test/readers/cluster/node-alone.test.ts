import fc from "fast-check";
import { expect, test } from "vitest";
import type { Host } from "../../../src/model/host.ts";
import type { Network } from "../../../src/model/network.ts";
import { sourceOf } from "../../../src/model/origin.ts";
import { formatAddress, parseAddress } from "../../../src/net/address.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { ownerOf } from "../../../src/report/address-names.ts";

const APPS = ["a", "b", "c"] as const;
const app = fc.constantFrom(...APPS);
const local = fc.constantFrom("Local", "Cluster");

const service = fc.record({
  selector: app,
  type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
  internalTrafficPolicy: local,
  externalTrafficPolicy: local,
  affinity: fc.boolean(),
  ranges: fc.boolean(),
});
const policy = fc.record({ to: app, from: app, port: fc.constantFrom(80, "http"), egress: fc.boolean() });
const podOn = fc.record({
  app,
  node: fc.nat(4),
  network: fc.constantFrom("own", "own", "own", "host"),
  port: fc.boolean(),
});
const randomCluster = fc.record({
  nodes: fc.integer({ min: 2, max: 5 }),
  mode: fc.constantFrom("None", "IPIP", "IPIPCrossSubnet", "VXLAN", "VXLANCrossSubnet"),
  isDual: fc.boolean(),
  calico: fc.constantFrom("v3.29.2", "v3.31.0", "v3.32.1"),
  pods: fc.array(podOn, { maxLength: 12 }),
  services: fc.array(service, { maxLength: 4 }),
  policies: fc.array(policy, { maxLength: 4 }),
  hostEndpoint: fc.boolean(),
});
type RandomCluster = typeof randomCluster extends fc.Arbitrary<infer T> ? T : never;

function manifests(cluster: RandomCluster): string {
  const { nodes, mode, isDual, pods, services, policies, hostEndpoint } = cluster;
  const pool = (cidr: string, encapsulation: string) => ({ cidr, encapsulation, natOutgoing: "Enabled" });
  const objects = [
    {
      apiVersion: "operator.tigera.io/v1",
      kind: "Installation",
      metadata: { name: "default" },
      spec: {
        calicoNetwork: {
          ipPools: [pool("10.244.0.0/16", mode), ...(isDual ? [pool("fd00:10::/48", "None")] : [])],
        },
      },
    },
    ...pods.map((one, i) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `p${i}`, namespace: "shop", labels: { app: one.app } },
      spec: {
        nodeName: `n${one.node % nodes}`,
        hostNetwork: one.network === "host",
        containers: [{ name: "c", ports: one.port ? [{ containerPort: 8080, name: "http" }] : [] }],
      },
    })),
    ...services.map((one, i) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `s${i}`, namespace: "shop" },
      spec: {
        type: one.type,
        selector: { app: one.selector },
        ports: [{ port: 80, targetPort: i % 2 === 0 ? "http" : 8080 }],
        internalTrafficPolicy: one.internalTrafficPolicy,
        ...(one.type === "ClusterIP" ? {} : { externalTrafficPolicy: one.externalTrafficPolicy }),
        ...(one.affinity ? { sessionAffinity: "ClientIP" } : {}),
        ...(one.ranges && one.type === "LoadBalancer" ? { loadBalancerSourceRanges: ["172.16.0.0/24"] } : {}),
      },
      ...(one.type === "LoadBalancer" ? { status: { loadBalancer: { ingress: [{ ip: `192.0.2.${i + 1}` }] } } } : {}),
    })),
    ...policies.map((one, i) => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `np${i}`, namespace: "shop" },
      spec: {
        podSelector: { matchLabels: { app: one.to } },
        policyTypes: one.egress ? ["Ingress", "Egress"] : ["Ingress"],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: one.from } } }],
            ports: [{ protocol: "TCP", port: one.port }],
          },
        ],
      },
    })),
    ...(hostEndpoint
      ? [
          {
            apiVersion: "projectcalico.org/v3",
            kind: "HostEndpoint",
            metadata: { name: "first", labels: { app: "a" } },
            spec: { node: "n0", interfaceName: "eth0", expectedIPs: ["172.16.0.10"] },
          },
        ]
      : []),
  ];
  return objects.map((one) => JSON.stringify(one)).join("\n---\n");
}

function networkOf(cluster: RandomCluster): Network {
  const machines = Array.from({ length: cluster.nodes }, (_, i) => {
    const subnet = 16 + (i % 2);
    const addresses = [`172.${subnet}.0.${10 + i}/16`, ...(cluster.isDual ? [`fd00:${subnet}::${10 + i}/64`] : [])];
    return `  n${i}: {addresses: [${addresses.map((one) => `"${one}"`).join(", ")}], gateway: 172.${subnet}.0.1}`;
  });
  const nodesYaml = `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: ${cluster.calico}, kubernetes: v1.31.3}
nodes:
${machines.join("\n")}
fabric:
  hosts:
    - name: router
      interfaces: [{name: eth0, addresses: [172.16.0.1/16]}, {name: eth1, addresses: [172.17.0.1/16]}]
      ipForward: true
`;
  const files = new Map([
    ["nodes.yaml", nodesYaml],
    ["objects.yaml", manifests(cluster)],
  ]);
  return readClusterFolder({ name: "random", files }).network;
}

/** All parts of a host in words, with the resources that they are from. */
function told({ origins }: Network, host: Host): unknown {
  const source = (key: string, value: unknown): unknown => {
    if (key === "origin" && typeof value === "number") return sourceOf(origins, value);
    if (value instanceof Map) return [...value];
    return value instanceof Set ? [...value] : value;
  };
  return JSON.parse(
    JSON.stringify(
      {
        ...host,
        interfaces: [...host.interfaces],
        sysctls: [...host.sysctls].sort(),
        ipSets: [...host.ipSets.values()].map((set) => ({ ...set, members: set.members })),
        rulesets: host.rulesets.map(({ family, backend, tables }) => ({
          family,
          backend,
          tables: [...tables].map(([table, { chains }]) => [
            table,
            [...chains.values()].map(({ name, rules, origin }) => ({ name, rules, origin })),
          ]),
        })),
      },
      source,
    ),
  );
}

test("a node that is made after all others, with what it shares with them, is the node that is made alone", () => {
  fc.assert(
    fc.property(randomCluster, fc.nat(4), fc.array(fc.nat(4), { maxLength: 6 }), (cluster, number, before) => {
      const name = `n${number % cluster.nodes}`;
      const [alone, crowded] = [networkOf(cluster), networkOf(cluster)];
      for (const other of before) told(crowded, hostNamed(crowded, `n${other % cluster.nodes}`));
      expect(told(crowded, hostNamed(crowded, name))).toEqual(told(alone, hostNamed(alone, name)));
    }),
    { numRuns: 40 },
  );
});

test("who has an address is told without making all hosts as by looking at all of them", () => {
  fc.assert(
    fc.property(randomCluster, (cluster) => {
      const [found, looked] = [networkOf(cluster), networkOf(cluster)];
      const all = { ...looked, hosts: new Map(looked.hosts) };
      const addresses = [...all.hosts.values()].flatMap(({ interfaces }) =>
        [...interfaces.values()].flatMap((device) => device.addresses.map(({ address }) => formatAddress(address))),
      );
      for (const text of new Set([
        ...addresses,
        "10.96.0.1",
        "10.96.1.1",
        "10.244.0.1",
        "8.8.8.8",
        "fe80::1",
        "169.254.1.1",
      ])) {
        const address = parseAddress(text);
        if (address !== null) expect([text, ownerOf(found, address)]).toEqual([text, ownerOf(all, address)]);
      }
    }),
    { numRuns: 40 },
  );
});

function hostNamed({ hosts }: Network, name: string): Host {
  const host = hosts.get(name);
  if (host === undefined) throw new Error(`there is no ${name}`);
  return host;
}
