import fc from "fast-check";
import { z } from "zod";
import type { Lab, LabHost, LabInterface } from "../../harness/lab.ts";
import type { HostRuleset } from "../case.ts";
import { sequencesOf } from "../packets.ts";
import { mark } from "../pools.ts";
import type { Arrival, Head, Traffic } from "../traffic.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type FuzzedHost, randomRulesets, type WorldKind, worldKind } from "../world-kind.ts";

/**
 * Nodes with pods behind veths as Calico wires them, on a LAN with a gateway, and an outside host behind that. Node i is
 * 172.16.0.1i, its block 192.168.i.0/26.
 */
export interface Cluster {
  readonly vxlan: boolean;
  readonly nodes: readonly {
    readonly number: number;
    readonly pods: readonly number[];
    readonly routes: readonly string[];
    readonly rules: readonly string[];
    readonly sysctls: Readonly<Record<string, string>>;
  }[];
  readonly gateway: readonly string[];
}

export const clusterSchema: z.ZodType<Cluster> = z.object({
  vxlan: z.boolean(),
  nodes: z.array(
    z.object({
      number: z.number(),
      pods: z.array(z.number()),
      routes: z.array(z.string()),
      rules: z.array(z.string()),
      sysctls: z.record(z.string(), z.string()),
    }),
  ),
  gateway: z.array(z.string()),
});

type Node = Cluster["nodes"][number];

const nodeName = (node: number): string => `n${node}`;
const podName = (node: number, pod: number): string => `p${node}${pod}`;
const nodeAddress = (node: number): string => `172.16.0.1${node}`;
const podAddress = (node: number, pod: number): string => `192.168.${node}.${pod + 1}`;
const block = (node: number): string => `192.168.${node}.0/26`;
const vtepAddress = (node: number): string => `192.168.${node}.0`;
const vtepMac = (node: number): string => `66:00:00:00:00:0${node}`;
const podDevice = (node: number, pod: number): string => `cali${node}${pod}`;
const podMac = (node: number, pod: number): string => `0a:00:00:00:0${node}:0${pod}`;

const GATEWAY = "172.16.0.1";
const OUTSIDE = "203.0.113.10";
const SERVICE = "10.96.0.80";

function routesOf(node: number, count: number, vxlan: boolean): fc.Arbitrary<readonly string[]> {
  const others = Array.from({ length: count }, (_, index) => index + 1).filter((other) => other !== node);
  const remote = others.map((other) =>
    fc.oneof(
      {
        weight: 8,
        arbitrary: fc.constant(
          vxlan
            ? `${block(other)} via ${vtepAddress(other)} dev vxlan.calico onlink`
            : `${block(other)} via ${nodeAddress(other)} dev eth0`,
        ),
      },
      // What a node that lost its BGP session has, or one that was told wrong.
      { weight: 1, arbitrary: fc.constant("") },
      { weight: 1, arbitrary: fc.constant(`${block(other)} via ${GATEWAY} dev eth0`) },
    ),
  );
  const fallback = fc.constantFrom(`default via ${GATEWAY}`, `default via ${GATEWAY}`, "");
  const services = fc.constantFrom("", "", "blackhole 10.96.0.0/16", "10.66.0.0/16 via 172.16.0.1 table 100");
  return fc.tuple(fallback, services, ...remote).map((list) => list.filter((text) => text !== ""));
}

const rules = fc
  .uniqueArray(
    fc.tuple(
      fc.constantFrom("fwmark 1", "fwmark 0x10/0x10", `from ${block(1)}`, `to ${block(2)}`, "iif eth0", "iif lo"),
      fc.constantFrom("table 100", "table 254 suppress_prefixlength 0", "unreachable"),
    ),
    { maxLength: 1, selector: ([text]) => text },
  )
  .map((list) => list.map(([text, what], index) => `${text} pref ${100 + index * 10} ${what}`));

function sysctlsOf(node: number, pods: readonly number[]): fc.Arbitrary<Readonly<Record<string, string>>> {
  const devices = pods.map((pod) => podDevice(node, pod));
  return fc
    .tuple(
      fc.constantFrom("0", "0", "1", "2"),
      fc.constantFrom("0", "0", "1", "2"),
      fc.subarray(
        [
          ["net.ipv4.conf.eth0.forwarding", "0"],
          ["net.ipv4.conf.all.route_localnet", "1"],
          ["net.ipv4.icmp_errors_use_inbound_ifaddr", "1"],
          ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
          ...devices.flatMap((device) => [
            [`net.ipv4.conf.${device}.rp_filter`, "0"] as const,
            [`net.ipv4.conf.${device}.forwarding`, "0"] as const,
            [`net.ipv4.conf.${device}.accept_local`, "1"] as const,
            [`net.ipv4.conf.${device}.proxy_arp`, "0"] as const,
          ]),
        ] as const,
        { maxLength: 1 },
      ),
    )
    .map(([all, eth0, more]) => ({
      "net.ipv4.conf.all.rp_filter": all,
      "net.ipv4.conf.eth0.rp_filter": eth0,
      ...Object.fromEntries(more),
    }));
}

type Sysctls = (node: number, pods: readonly number[]) => fc.Arbitrary<Readonly<Record<string, string>>>;

export const clusterWorlds = (settings: Sysctls): fc.Arbitrary<Cluster> =>
  fc
    .tuple(fc.boolean(), fc.array(fc.constantFrom([1], [1, 2]), { minLength: 2, maxLength: 3 }))
    .chain(([vxlan, counts]) => {
      const nodes = counts.map((pods, index) => {
        const number = index + 1;
        return fc
          .tuple(routesOf(number, counts.length, vxlan), rules, settings(number, pods))
          .map(([routes, policy, sysctls]): Node => ({ number, pods, routes, rules: policy, sysctls }));
      });
      const gateway = fc.subarray(counts.map((_, index) => `${block(index + 1)} via ${nodeAddress(index + 1)}`));
      return fc.tuple(fc.tuple(...nodes), gateway).map(([list, ways]) => ({ vxlan, nodes: list, gateway: ways }));
    });

function nodeHost(cluster: Cluster, { number, pods, routes, rules: policy, sysctls }: Node): LabHost {
  const others = cluster.vxlan ? cluster.nodes.filter((other) => other.number !== number) : [];
  const overlay: readonly LabInterface[] = cluster.vxlan
    ? [
        {
          name: "vxlan.calico",
          kind: "vxlan",
          mac: vtepMac(number),
          mtu: 1450,
          addresses: [`${vtepAddress(number)}/32`],
          vxlan: { vni: 4096, port: 4789, local: nodeAddress(number), device: "eth0" },
        },
      ]
    : [];
  return {
    name: nodeName(number),
    interfaces: [
      { name: "eth0", addresses: [`${nodeAddress(number)}/24`] },
      ...pods.map((pod) => ({ name: podDevice(number, pod), mac: "ee:ee:ee:ee:ee:ee" })),
      ...overlay,
    ],
    routes: [
      ...pods.map((pod) => `${podAddress(number, pod)} dev ${podDevice(number, pod)} scope link`),
      `blackhole ${block(number)}`,
      ...routes,
    ],
    rules: policy,
    neighbours: [
      ...pods.map((pod) => `${podAddress(number, pod)} ${podDevice(number, pod)} ${podMac(number, pod)}`),
      ...others.map((other) => `${vtepAddress(other.number)} vxlan.calico ${vtepMac(other.number)}`),
    ],
    fdb: others.map((other) => `${vtepMac(other.number)} vxlan.calico ${nodeAddress(other.number)}`),
    sysctls: {
      "net.ipv4.ip_forward": "1",
      "net.ipv4.conf.all.send_redirects": "0",
      "net.ipv4.conf.eth0.send_redirects": "0",
      ...(cluster.vxlan ? { "net.ipv4.conf.vxlan/calico.send_redirects": "0" } : {}),
      ...Object.fromEntries(
        pods.flatMap((pod) => {
          const device = podDevice(number, pod);
          return [
            [`net.ipv4.conf.${device}.proxy_arp`, "1"],
            [`net.ipv4.conf.${device}.rp_filter`, "1"],
            [`net.ipv4.conf.${device}.route_localnet`, "1"],
            [`net.ipv4.conf.${device}.send_redirects`, "0"],
            [`net.ipv4.neigh.${device}.proxy_delay`, "0"],
          ];
        }),
      ),
      ...sysctls,
    },
  };
}

function podsOf(cluster: Cluster): readonly { readonly node: number; readonly pod: number }[] {
  return cluster.nodes.flatMap(({ number, pods }) => pods.map((pod) => ({ node: number, pod })));
}

export function clusterLab(cluster: Cluster): Lab {
  const pods = podsOf(cluster);
  return {
    hosts: [
      ...cluster.nodes.map((node) => nodeHost(cluster, node)),
      ...pods.map(
        ({ node, pod }): LabHost => ({
          name: podName(node, pod),
          interfaces: [{ name: "eth0", mac: podMac(node, pod), addresses: [`${podAddress(node, pod)}/32`] }],
          routes: ["169.254.1.1 dev eth0 scope link", "default via 169.254.1.1 dev eth0"],
        }),
      ),
      {
        name: "gw",
        interfaces: [
          { name: "eth0", addresses: [`${GATEWAY}/24`] },
          { name: "wan", addresses: ["203.0.113.1/24"] },
        ],
        routes: cluster.gateway,
        sysctls: {
          "net.ipv4.ip_forward": "1",
          "net.ipv4.conf.all.send_redirects": "0",
          "net.ipv4.conf.eth0.send_redirects": "0",
          "net.ipv4.conf.wan.send_redirects": "0",
        },
      },
      {
        name: "x",
        interfaces: [{ name: "eth0", addresses: [`${OUTSIDE}/24`] }],
        routes: ["default via 203.0.113.1"],
      },
    ],
    links: [
      ...pods.map(
        ({ node, pod }) => [`${nodeName(node)}:${podDevice(node, pod)}`, `${podName(node, pod)}:eth0`] as const,
      ),
      ["gw:wan", "x:eth0"],
    ],
    segments: [{ name: "lan", members: [...cluster.nodes.map(({ number }) => `${nodeName(number)}:eth0`), "gw:eth0"] }],
    staticNeighbours: true,
  };
}

function words(cluster: Cluster, { number, pods }: Node): Vocabulary {
  const everyPod = podsOf(cluster).map(({ node, pod }) => podAddress(node, pod));
  const network = fc.oneof(
    fc.constantFrom(...cluster.nodes.map((node) => block(node.number)), "192.168.0.0/16", "172.16.0.0/24"),
    fc.constantFrom(...everyPod, SERVICE, "10.96.0.0/16", OUTSIDE),
    fc.constantFrom(nodeAddress(number), GATEWAY, "0.0.0.0/1"),
  );
  return {
    family: 4,
    prefix: network,
    network,
    host: fc.constantFrom(...everyPod, nodeAddress(number), OUTSIDE, SERVICE),
    range: fc.constantFrom("192.168.1.0-192.168.1.2", "172.16.0.1-172.16.0.11", "192.168.1.3-192.168.3.2"),
    device: fc.constantFrom(
      "eth0",
      ...pods.map((pod) => podDevice(number, pod)),
      ...(cluster.vxlan ? ["vxlan.calico"] : []),
    ),
    devicePattern: fc.constantFrom("cali+", "vxlan+", "lo"),
    mac: fc.constantFrom(podMac(number, pods[0] ?? 1)),
    dnatTo: fc.constantFrom(
      ...everyPod,
      ...everyPod,
      nodeAddress(1),
      nodeAddress(2),
      "127.0.0.1",
      OUTSIDE,
      "10.66.0.1",
    ),
    snatTo: fc.constantFrom(nodeAddress(number), nodeAddress(number), "10.77.0.9", ...everyPod),
    netmapDestination: fc.constant(block(2)),
    netmapSource: fc.constant("10.77.3.0/24"),
    tunnels: cluster.vxlan,
  };
}

export function clusterTraffic(cluster: Cluster): Traffic {
  const pods = podsOf(cluster);
  const everyPod = pods.map(({ node, pod }) => podAddress(node, pod));
  const nodes = cluster.nodes.map(({ number }) => number);
  const fromPods = pods.map(
    ({ node, pod }): Arrival => ({
      host: nodeName(node),
      interface: podDevice(node, pod),
      src: podAddress(node, pod),
    }),
  );
  const fromLan = nodes.map((node) =>
    fc.record({
      host: fc.constant(nodeName(node)),
      interface: fc.constant("eth0"),
      src: fc.constantFrom(OUTSIDE, GATEWAY, ...everyPod, ...nodes.map(nodeAddress), "10.66.0.9"),
    }),
  );
  const wrongPods = pods.map(({ node, pod }) =>
    fc.record({
      host: fc.constant(nodeName(node)),
      interface: fc.constant(podDevice(node, pod)),
      src: fc.constantFrom(...everyPod, OUTSIDE, nodeAddress(node), "10.66.0.9", "127.0.0.1", "192.168.1.60"),
    }),
  );
  const flowDestination = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...everyPod) },
    { weight: 2, arbitrary: fc.constantFrom(SERVICE, OUTSIDE) },
    { weight: 2, arbitrary: fc.constantFrom(...nodes.map(nodeAddress)) },
  );
  const fromNode: fc.Arbitrary<Head> = fc.record({
    host: fc.constantFrom(...nodes.map(nodeName)),
    dst: flowDestination,
  });
  const fromPod: fc.Arbitrary<Head> = fc.record({
    host: fc.constantFrom(...pods.map(({ node, pod }) => podName(node, pod)), "x"),
    dst: flowDestination,
  });
  return {
    family: 4,
    arrival: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...fromPods) },
      { weight: 1, arbitrary: fc.oneof(...fromLan) },
    ),
    oddArrival: fc.oneof(...wrongPods, ...fromLan),
    sent: fc.oneof(
      { weight: 2, arbitrary: fromNode },
      { weight: 3, arbitrary: fromPod },
      {
        weight: 1,
        arbitrary: fc.record({ host: fc.constantFrom(...nodes.map(nodeName)), dst: flowDestination, mark }),
      },
    ),
    flowSent: fc.oneof(fromNode, fromPod, fromPod),
    destination: fc.oneof(
      { weight: 8, arbitrary: flowDestination },
      {
        weight: 1,
        arbitrary: fc.constantFrom("192.168.1.60", "10.66.0.1", "169.254.1.1", "127.0.0.1", ...nodes.map(vtepAddress)),
      },
    ),
    flowDestination,
    errorArrival: fc.oneof(fc.constantFrom(...fromPods), ...fromLan),
    cousin: everyPod[0] ?? "",
  };
}

export function clusterHosts(cluster: Cluster): readonly FuzzedHost[] {
  return cluster.nodes.map((node) => ({ name: nodeName(node.number), words: words(cluster, node) }));
}

/**
 * The ruleset with a first rule in nat OUTPUT that leaves a tunnel's outer packets alone: turned back into the tunnel, each
 * would be wrapped again, which the oracle cannot follow.
 */
export function sparingTunnels(ruleset: HostRuleset): HostRuleset {
  const spare = "-p udp -m udp --dport 4789 -j ACCEPT";
  return {
    ...ruleset,
    tables: ruleset.tables.map((table) =>
      table.name !== "nat"
        ? table
        : {
            ...table,
            chains: table.chains.map((chain) =>
              chain.name === "OUTPUT" ? { ...chain, rules: [spare, ...chain.rules] } : chain,
            ),
          },
    ),
  };
}

export function mutedHosts(cluster: Cluster): readonly string[] {
  return [...podsOf(cluster).map(({ node, pod }) => podName(node, pod)), "gw", "x"];
}

/** Nodes with pods on a LAN, with or without a VXLAN overlay. */
export const cluster: WorldKind = worldKind({
  name: "cluster",
  families: [4],
  schema: clusterSchema,
  worlds: clusterWorlds(sysctlsOf),
  lab: clusterLab,
  mute: mutedHosts,
  fuzzed: clusterHosts,
  rulesets: (world, wish) =>
    randomRulesets(clusterHosts(world), wish).map((list) => (world.vxlan ? list.map(sparingTunnels) : list)),
  sequences: (world) => sequencesOf(clusterTraffic(world)),
  conntrack: true,
});
