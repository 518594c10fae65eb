import { z } from "zod";
import type { Cluster } from "../../../src/calico/cluster.ts";
import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import type { FelixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { restoreText } from "../../../src/calico/felix/restore-text.ts";
import type { LabelledAddresses } from "../../../src/calico/labelled-addresses.ts";
import { ANY_RULE } from "../../../src/calico/network-policy.ts";
import { inheritedLabels, type Profile } from "../../../src/calico/profile.ts";
import { type JudgedPolicy, judgeCalicoPolicy } from "../../../src/calico/verdict/judged-policy.ts";
import type { PolicyEndpoint, PolicyWorld } from "../../../src/calico/verdict/policy-verdict.ts";
import type { PolicyPacket } from "../../../src/calico/verdict/rule-matches.ts";
import { workloadInterfaceName } from "../../../src/calico/workload-interface-name.ts";
import { interfaceAddress, networkInterface } from "../../../src/model/interface.ts";
import { NO_ORIGIN, originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { hostPrefix, type Prefix, parsePrefix } from "../../../src/net/prefix.ts";
import { ICMP, ICMPV6, SCTP, TCP, UDP } from "../../../src/net/protocol.ts";
import { printIpSet } from "../../../src/readers/ipset/print-save.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { address, type Lab } from "../../kernel/harness/lab.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";
import { judgeAdminPolicy, judgeNetworkPolicy } from "./judge-kubernetes.ts";
import type { JudgedNode } from "./node-verdict.ts";
import {
  type Manifest,
  NAMESPACES,
  type RandomCluster,
  type RandomPod,
  SERVICE,
  type SentPacket,
} from "./random-resources.ts";

const OWN = ["10.1.0.1", "fd00:1::1", "10.2.0.1", "fd00:2::1", "127.0.0.1", "::1"];

/** What Felix of a release programs on the random cluster's node `n`. */
export function programmed({ manifests }: RandomCluster, calico: string): { felix: FelixOfNode; cluster: Cluster } {
  const origins = originTable();
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
  const { resources, findings: unread } = readResources(list, "cluster.json", origins);
  const { cluster, findings } = buildCluster(resources);
  const [first] = [...unread, ...findings];
  if (first !== undefined) throw new Error(`${first.message} Expected ${first.expected}`);
  const device = (name: string, ...texts: readonly string[]) =>
    networkInterface({
      name,
      addresses: texts.map((text) =>
        interfaceAddress({ address: address(text), prefixLength: text.includes(":") ? 64 : 24 }),
      ),
    });
  const interfaces = [
    device("lo", "127.0.0.1", "::1"),
    device("eth0", "10.1.0.1", "fd00:1::1"),
    device("eth1", "10.2.0.1", "fd00:2::1"),
  ];
  const node = declaredNode("n", { interfaces });
  const versions = { calico, kubernetes: "v1.31.0" };
  const context = felixContext(cluster, [node], { tunnels: new Map() }, versions, origins);
  return { felix: felixOfNode(node, context), cluster };
}

function interfaceOf(pod: RandomPod): string {
  return workloadInterfaceName(pod.namespace, pod.name);
}

const NODE_RULES = [
  "-A PREROUTING -d 10.1.0.1/32 -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.0.0.2:8080",
  `-A PREROUTING -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.9:8080`,
  `-A OUTPUT -d ${SERVICE}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.9:8080`,
];

/** Chains and rules of table nat that stand behind Felix's. */
export interface NodeNat {
  readonly chains: readonly string[];
  readonly rules: readonly string[];
}

/** The same cluster's node with the rendered rules and sets, its pods and two machines outside. */
export function labOf(
  random: RandomCluster,
  calico: string,
  nat4: NodeNat = { chains: [], rules: NODE_RULES },
  nat6: NodeNat = { chains: [], rules: [] },
): Lab {
  const { felix } = programmed(random, calico);
  const text = (tables: FelixOfNode["ipv4"]): string =>
    tables
      .map(restoreText)
      .join("")
      .replace(/(\*filter\n[^*]*:FORWARD) ACCEPT/, "$1 DROP");
  const local = random.pods.filter(({ node }) => node === "n");
  const outside = (name: string, subnet: number) => ({
    name,
    interfaces: [{ name: "eth0", addresses: [`10.${subnet}.0.9/24`, `fd00:${subnet}::9/64`] }],
  });
  const withNat = (tables: FelixOfNode["ipv4"], { chains, rules }: NodeNat): string =>
    text(tables).replace(
      /\*nat\n([\s\S]*?)COMMIT/,
      (_, own: string) =>
        `*nat\n${chains.map((name) => `:${name} - [0:0]\n`).join("")}${own}${rules.map((line) => `${line}\n`).join("")}COMMIT`,
    );
  return {
    hosts: [
      {
        name: "n",
        interfaces: [
          { name: "eth0", addresses: ["10.1.0.1/24", "fd00:1::1/64"] },
          { name: "eth1", addresses: ["10.2.0.1/24", "fd00:2::1/64"] },
          ...local.map((pod) => ({ name: interfaceOf(pod), addresses: [] })),
        ],
        routes: [
          "default via 10.1.0.9",
          "-6 default via fd00:1::9",
          ...local.flatMap((pod) =>
            pod.addresses.map((own) => `${own.includes(":") ? "-6 " : ""}${own} dev ${interfaceOf(pod)}`),
          ),
        ],
        rulesets: [{ text: withNat(felix.ipv4, nat4) }, { family: 6, text: withNat(felix.ipv6, nat6) }],
        ipsets: `${felix.ipSets.map(printIpSet).join("\n")}\n`,
        sysctls: { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1" },
      },
      ...local.map((pod) => ({
        name: pod.name,
        interfaces: [{ name: "eth0", addresses: pod.addresses.map((own) => `${own}/${own.includes(":") ? 128 : 32}`) }],
      })),
      outside("lan", 1),
      outside("far", 2),
    ],
    links: [
      ["n:eth0", "lan:eth0"],
      ["n:eth1", "far:eth0"],
      ...local.map((pod) => [`n:${interfaceOf(pod)}`, `${pod.name}:eth0`] as const),
    ],
    staticNeighbours: true,
  };
}

const PROTOCOLS = { TCP, UDP, SCTP } as const;
const SOURCE_PORT = 40_000;

export function policyPacket({ src, dst, protocol, dport, icmp }: SentPacket): PolicyPacket {
  const ends = { src: address(src), dst: address(dst) };
  if (protocol === "ICMP")
    return { ...ends, protocol: ends.src.family === 4 ? ICMP : ICMPV6, sport: 0, dport: 0, icmp };
  return { ...ends, protocol: PROTOCOLS[protocol], sport: SOURCE_PORT, dport, icmp: null };
}

const Labels = z.record(z.string(), z.string()).default({});
const Namespaced = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional(), labels: Labels }),
  spec: z.record(z.string(), z.unknown()).default({}),
});
const HostEndpointSpec = z.object({ interfaceName: z.string().optional(), profiles: z.array(z.string()) });

/** The labels that a namespace or service account gives, straight from its object. */
function givenLabels(
  manifests: readonly Manifest[],
  kind: string,
  prefix: string,
  namespace: string | undefined,
  name: string,
) {
  const found = manifests
    .map((manifest) => Namespaced.safeParse(manifest).data)
    .find((one) => one?.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name);
  const own = Object.entries(found?.metadata.labels ?? {}).map(([key, value]) => [`${prefix}${key}`, value] as const);
  const always = kind === "Namespace" ? [[`${prefix}kubernetes.io/metadata.name`, name] as const] : [];
  return new Map([...own, ...always, [`${prefix}projectcalico.org/name`, name] as const]);
}

function profilesOf({ manifests }: RandomCluster, cluster: Cluster): ReadonlyMap<string, Profile> {
  const bare = { ingress: [], egress: [], origin: NO_ORIGIN };
  const everything = { ingress: [ANY_RULE], egress: [ANY_RULE], origin: NO_ORIGIN };
  const namespaces = NAMESPACES.map(
    (name): Profile => ({
      ...everything,
      name: `kns.${name}`,
      labelsToApply: givenLabels(manifests, "Namespace", "pcns.", undefined, name),
    }),
  );
  const accounts = NAMESPACES.flatMap((namespace) =>
    ["sa1", "sa2"].map(
      (name): Profile => ({
        ...bare,
        name: `ksa.${namespace}.${name}`,
        labelsToApply: givenLabels(manifests, "ServiceAccount", "pcsa.", namespace, name),
      }),
    ),
  );
  const own = [...cluster.policy.profiles.values()];
  const all = [
    ...namespaces,
    ...accounts,
    ...own,
    { ...everything, name: "projectcalico-default-allow", labelsToApply: new Map() },
  ];
  return new Map(all.map((profile) => [profile.name, profile]));
}

function inherited(own: ReadonlyMap<string, string>, names: readonly string[], profiles: ReadonlyMap<string, Profile>) {
  return inheritedLabels(
    own,
    names.flatMap((name) => profiles.get(name) ?? []),
  );
}

/** Whether the release keeps policies by kind, namespace and name: v3.32 on. */
function keepsKinds(calico: string): boolean {
  return Number(calico.split(".")[1]) >= 32;
}

function judgedPolicies({ manifests }: RandomCluster, cluster: Cluster, calico: string): readonly JudgedPolicy[] {
  const newer = keepsKinds(calico);
  const minor = Number(calico.split(".")[1]);
  const own = [...cluster.policy.networkPolicies.values(), ...cluster.policy.globalNetworkPolicies.values()];
  const ofKubernetes = manifests.flatMap((manifest): readonly JudgedPolicy[] => {
    const { kind, apiVersion } = manifest;
    if (kind === "NetworkPolicy" && apiVersion === "networking.k8s.io/v1") return [judgeNetworkPolicy(manifest, newer)];
    const known =
      (kind === "AdminNetworkPolicy" && !newer) ||
      (kind === "BaselineAdminNetworkPolicy" && !newer && minor >= 30) ||
      (kind === "ClusterNetworkPolicy" && newer);
    return known ? [judgeAdminPolicy(manifest)] : [];
  });
  return [
    ...ofKubernetes,
    ...own.map((policy) => {
      const { namespace, name, kind } = policy;
      const stored = namespace === null ? name : `${namespace}/${name}`;
      return judgeCalicoPolicy(policy, newer ? `${name}/${namespace ?? ""}/${kind}` : stored);
    }),
  ];
}

/** The node and everybody around it as an evaluator sees them that knows nothing of chains and sets. */
export function judged(random: RandomCluster, calico: string): JudgedNode {
  const { cluster } = programmed(random, calico);
  const profiles = profilesOf(random, cluster);
  const newer = keepsKinds(calico);
  const baseline = Number(calico.split(".")[1]) >= 30;
  const endpoints = random.pods.map((pod) => {
    const names = [`kns.${pod.namespace}`, `ksa.${pod.namespace}.${pod.account}`];
    const own = new Map([
      ...Object.entries(pod.labels),
      ["projectcalico.org/namespace", pod.namespace] as const,
      ["projectcalico.org/serviceaccount", pod.account] as const,
      ["projectcalico.org/orchestrator", "k8s"] as const,
    ]);
    return { pod, labels: inherited(own, names, profiles), profiles: names };
  });
  const nets = (texts: readonly string[]): readonly Prefix[] => texts.flatMap((text) => parsePrefix(text) ?? []);
  const others = random.manifests.flatMap((manifest) => Namespaced.safeParse(manifest).data ?? []);
  const sets = others
    .filter(({ kind }) => kind === "NetworkSet" || kind === "GlobalNetworkSet")
    .map(({ metadata, spec }): LabelledAddresses => {
      const { namespace } = metadata;
      const own = new Map([
        ...Object.entries(metadata.labels),
        ...(namespace === undefined ? [] : [["projectcalico.org/namespace", namespace] as const]),
      ]);
      const names = namespace === undefined ? [] : [`kns.${namespace}`];
      return {
        labels: inherited(own, names, profiles),
        nets: nets(z.array(z.string()).parse(spec["nets"])),
        namedPorts: [],
        origin: NO_ORIGIN,
      };
    });
  const hosts = others
    .filter(({ kind }) => kind === "HostEndpoint")
    .map(({ metadata, spec }) => {
      const { interfaceName, profiles: names } = HostEndpointSpec.parse(spec);
      const endpoint: PolicyEndpoint = {
        labels: inherited(new Map(Object.entries(metadata.labels)), names, profiles),
        profiles: names,
      };
      const expected = z.array(z.string()).default([]).parse(spec["expectedIPs"]);
      return { name: interfaceName ?? "eth1", endpoint, expected };
    });
  const protocols = { tcp: TCP, udp: UDP };
  const world: PolicyWorld = {
    tiers: [
      { name: "default", order: 1_000_000, defaultAction: "Deny" },
      { name: "first", order: 10, defaultAction: "Pass" },
      { name: "second", order: 20, defaultAction: "Deny" },
      { name: newer ? "kube-admin" : "adminnetworkpolicy", order: 1000, defaultAction: "Pass" },
      ...(baseline
        ? [{ name: newer ? "kube-baseline" : "baselineadminnetworkpolicy", order: 1e7, defaultAction: "Pass" } as const]
        : []),
    ],
    policies: judgedPolicies(random, cluster, calico),
    profiles,
    holders: [
      ...endpoints.map(({ pod, labels }) => ({
        labels,
        nets: pod.addresses.map((text) => hostPrefix(address(text))),
        namedPorts: pod.ports.map(({ name, protocol, containerPort }) => ({
          name,
          protocol: protocol === "UDP" ? UDP : TCP,
          port: containerPort,
        })),
        origin: NO_ORIGIN,
      })),
      ...sets,
      ...hosts.map(({ endpoint, expected }) => ({
        labels: endpoint.labels,
        nets: expected.map((text) => hostPrefix(address(text))),
        namedPorts: [],
        origin: NO_ORIGIN,
      })),
    ],
    services: new Map([["x/web", [{ address: address("10.0.0.2"), ports: [{ protocol: TCP, port: 8080 }] }]]]),
  };
  const local = endpoints.filter(({ pod }) => pod.node === "n");
  const gateways: readonly (readonly [string, string])[] = [
    ["10.2.0.0/24", "eth1"],
    ["fd00:2::/64", "eth1"],
    ...local.flatMap(({ pod }) => pod.addresses.map((own) => [own, pod.name] as const)),
  ];
  return {
    world,
    pods: new Map(local.map(({ pod, ...endpoint }) => [pod.name, { ...endpoint, addresses: pod.addresses }])),
    hosts: new Map(hosts.map(({ name, endpoint }) => [name, endpoint])),
    failsafeIn: [
      { protocol: protocols.tcp, port: 22, net: null },
      { protocol: protocols.udp, port: 80, net: parsePrefix("10.0.0.0/8") },
    ],
    failsafeOut: [{ protocol: protocols.udp, port: 443, net: null }],
    own: OWN,
    route: (destination) => {
      const text = formatAddress(destination);
      const subnet = destination.family === 4 ? /^10\.2\.0\./ : /^fd00:2:/;
      return gateways.find(([to]) => to === text)?.[1] ?? (subnet.test(text) ? "eth1" : "eth0");
    },
    translate: (packet, local_) => {
      const to = `${formatAddress(packet.dst)} ${packet.protocol === TCP ? packet.dport : ""}`;
      if (to === `${SERVICE} 80`) return { ...packet, dst: address("10.1.0.9"), dport: 8080 };
      if (to === "10.1.0.1 30080" && !local_) return { ...packet, dst: address("10.0.0.2"), dport: 8080 };
      return packet;
    },
  };
}

/** The interface of the node that a packet comes in by. */
export function deviceOf(from: SentPacket["from"], pods: readonly RandomPod[]): string {
  const pod = pods.find(({ name }) => name === from);
  return pod === undefined ? from : interfaceOf(pod);
}
