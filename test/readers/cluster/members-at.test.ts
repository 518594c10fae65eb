import fc from "fast-check";
import { expect, test } from "vitest";
import type { SetMember } from "../../../src/model/ip-set.ts";
import { membersAtOf } from "../../../src/model/members-at.ts";
import { type Address, formatAddress, parseAddress } from "../../../src/net/address.ts";
import { prefixContains } from "../../../src/net/prefix.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";

const app = fc.constantFrom("a", "b");
/** Two pods may have one address: which of them a set shows is a matter of all its members. */
const pod = fc.record({ app, node: fc.nat(2), host: fc.nat(30), port: fc.boolean(), isDual: fc.boolean() });
const networkSet = fc.record({
  app,
  nets: fc.array(fc.constantFrom("10.244.0.0/28", "10.244.0.7/32", "192.0.2.0/24", "fd00:10::/124"), { maxLength: 3 }),
});
const selector = fc.constantFrom("app == 'a'", "has(app)", "app != 'a'", "all()", "app in {'a', 'c'}");
const policy = fc.record({ source: selector, port: fc.constantFrom(80, "http") });
const cluster = fc.record({
  calico: fc.constantFrom("v3.29.2", "v3.31.0", "v3.32.1"),
  encapsulation: fc.constantFrom("VXLAN", "IPIP", "None"),
  pods: fc.array(pod, { maxLength: 8 }),
  sets: fc.array(networkSet, { maxLength: 2 }),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
  hostEndpoint: fc.boolean(),
  outside: fc.boolean(),
});
type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never;

function objectsOf({ encapsulation, pods, sets, policies, hostEndpoint, outside }: Cluster): readonly unknown[] {
  const pool = (cidr: string, mode: string) => ({ cidr, encapsulation: mode, natOutgoing: "Enabled" });
  return [
    {
      apiVersion: "operator.tigera.io/v1",
      kind: "Installation",
      metadata: { name: "default" },
      spec: { calicoNetwork: { ipPools: [pool("10.244.0.0/16", encapsulation), pool("fd00:10::/48", "None")] } },
    },
    ...(outside
      ? [
          {
            apiVersion: "projectcalico.org/v3",
            kind: "FelixConfiguration",
            metadata: { name: "default" },
            spec: { externalNodesList: ["172.16.0.0/28", "198.51.100.7/32"] },
          },
        ]
      : []),
    ...pods.map((one, i) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `p${i}`, namespace: "shop", labels: { app: one.app } },
      spec: {
        nodeName: `n${one.node}`,
        containers: [{ name: "c", ports: one.port ? [{ containerPort: 8080, name: "http" }] : [] }],
      },
      status: {
        phase: "Running",
        podIPs: [{ ip: `10.244.0.${one.host}` }, ...(one.isDual ? [{ ip: `fd00:10::${one.host}` }] : [])],
      },
    })),
    ...sets.map(({ app, nets }, i) => ({
      apiVersion: "projectcalico.org/v3",
      kind: "GlobalNetworkSet",
      metadata: { name: `s${i}`, labels: { app } },
      spec: { nets },
    })),
    ...policies.map(({ source, port }, i) => ({
      apiVersion: "projectcalico.org/v3",
      kind: "GlobalNetworkPolicy",
      metadata: { name: `g${i}` },
      spec: {
        selector: "all()",
        types: ["Ingress"],
        ingress: [
          { action: "Allow", protocol: "TCP", source: { selector: source } },
          { action: "Allow", protocol: "TCP", destination: { selector: source, ports: [port] } },
        ],
      },
    })),
    ...(hostEndpoint
      ? [
          {
            apiVersion: "projectcalico.org/v3",
            kind: "HostEndpoint",
            metadata: { name: "first", labels: { app: "a" } },
            spec: {
              node: "n0",
              interfaceName: "eth0",
              expectedIPs: ["172.16.0.10"],
              ports: [{ name: "http", port: 80, protocol: "TCP" }],
            },
          },
        ]
      : []),
  ];
}

function startsWith({ elements }: SetMember, address: Address): boolean {
  const [net] = elements;
  return net?.kind === "net" && net.prefix.address.family === address.family && prefixContains(net.prefix, address);
}

test("the members of a set at an address are found without the others as by looking at all of them", () => {
  let found = 0;
  let leftToAll = 0;
  fc.assert(
    fc.property(cluster, (one) => {
      const nodes = [0, 1, 2].map((i) => `  n${i}: {addresses: [172.16.0.1${i}/16, "fd00:1::1${i}/64"]}`).join("\n");
      const nodesYaml = `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: ${one.calico}, kubernetes: v1.31.3}
nodes:
${nodes}
`;
      const objects = objectsOf(one).map((object) => JSON.stringify(object));
      const files = new Map([
        ["nodes.yaml", nodesYaml],
        ["objects.yaml", objects.join("\n---\n")],
      ]);
      const { network } = readClusterFolder({ name: "random", files });
      const texts = [
        ...one.pods.flatMap(({ host }) => [`10.244.0.${host}`, `fd00:10::${host}`]),
        ...["10.244.0.7", "10.244.0.40", "192.0.2.9", "172.16.0.10", "172.16.0.12", "198.51.100.7", "fd00:10::3"],
      ];
      const addresses = texts.flatMap((text) => parseAddress(text) ?? []);
      for (const name of ["n0", "n1"]) {
        for (const set of network.hosts.get(name)?.ipSets.values() ?? []) {
          const find = membersAtOf(set);
          if (find === null) continue;
          for (const address of addresses) {
            if (address.family !== set.family) continue;
            const told = find(address);
            if (told === null) leftToAll++;
            else found++;
            const all = set.members.filter((member) => startsWith(member, address));
            if (told !== null)
              expect([set.name, formatAddress(address), told]).toEqual([set.name, formatAddress(address), all]);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(found).toBeGreaterThan(leftToAll);
  expect(leftToAll).toBeGreaterThan(0);
});
