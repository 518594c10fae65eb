import fc from "fast-check";
import type { Cluster } from "../../../src/calico/cluster.ts";
import type { LabelledAddresses } from "../../../src/calico/labelled-addresses.ts";
import {
  ANY_ENTITY,
  ANY_RULE,
  type CalicoPolicy,
  type CalicoRule,
  type EntityRule,
} from "../../../src/calico/network-policy.ts";
import type { NetworkSet } from "../../../src/calico/network-set.ts";
import { noPolicyResources } from "../../../src/calico/policy-resources.ts";
import type { PolicyPacket, PolicyWorld } from "../../../src/calico/policy-verdict.ts";
import { inheritedLabels, type Profile } from "../../../src/calico/profile.ts";
import type { Tier } from "../../../src/calico/tier.ts";
import { workloadInterfaceName } from "../../../src/calico/workload-interface-name.ts";
import { readEndpointSlice } from "../../../src/kubernetes/endpoint-slice.ts";
import { topField } from "../../../src/kubernetes/field.ts";
import type { Metadata } from "../../../src/kubernetes/metadata.ts";
import { type Pod, readPod } from "../../../src/kubernetes/pod.ts";
import { NO_ORIGIN } from "../../../src/model/origin.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { ICMP, SCTP, TCP, UDP } from "../../../src/net/protocol.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";

/** A pod of the random cluster: its interface, and what policy knows of it. */
export interface RandomWorkload {
  readonly interfaceName: string;
  readonly address: Address;
  readonly labels: ReadonlyMap<string, string>;
  readonly profiles: readonly string[];
}

export interface RandomCluster {
  readonly world: PolicyWorld;
  readonly workloads: readonly RandomWorkload[];
  /** The same as resources. */
  readonly cluster: Cluster;
}

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

function nets(...texts: readonly string[]): LabelledAddresses["nets"] {
  return texts.flatMap((text) => parsePrefix(text) ?? []);
}

const NAMESPACES = ["x", "y"] as const;
const ADDRESSES = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.9.0.1", "172.16.0.1", "8.8.8.8"] as const;
const NETS = ["10.0.0.0/8", "10.0.0.2/32", "10.9.0.0/16", "172.16.0.0/12", "0.0.0.0/0", "fd00::/8"] as const;
const PORTS = [0, 79, 80, 81, 443, 8080] as const;

const label = fc.constantFrom("a", "b");
const value = fc.constantFrom("1", "2");
const labels = fc.dictionary(label, value, { maxKeys: 2, noNullPrototype: true });

const term = fc.oneof(
  fc.tuple(label, fc.constantFrom("==", "!="), value).map(([key, operator, v]) => `${key} ${operator} '${v}'`),
  label.map((key) => `has(${key})`),
  label.map((key) => `!has(${key})`),
  fc.constant("all()"),
);
const selector = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 3, arbitrary: term },
  fc.tuple(term, fc.constantFrom("&&", "||"), term).map((parts) => parts.join(" ")),
);
const namespaceSelector = fc.oneof(
  { weight: 4, arbitrary: fc.constant("") },
  fc.constantFrom("all()", "global()", "team == 'x'", "team != 'x'", "!has(team)", "projectcalico.org/name == 'y'"),
);

const port: fc.Arbitrary<EntityRule["ports"][number]> = fc.oneof(
  fc.constantFrom(...PORTS).map((first) => ({ kind: "range" as const, first, last: first })),
  fc.constantFrom({ kind: "range" as const, first: 80, last: 500 }, { kind: "range" as const, first: 0, last: 65535 }),
  fc.constantFrom("http", "dns").map((name) => ({ kind: "named" as const, name })),
);

/** Few lists are long: two blocks of alternatives in a rule, and no more (upstream is known to be wrong from three on). */
function entity(withPorts: boolean, services: boolean): fc.Arbitrary<EntityRule> {
  const list = (maxLength: number) =>
    fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.subarray([...NETS], { maxLength }));
  return fc
    .record({
      nets: list(1),
      notNets: list(2),
      selector,
      notSelector: fc.oneof({ weight: 4, arbitrary: fc.constant("") }, term),
      namespaceSelector,
      ports: withPorts ? fc.array(port, { maxLength: 3 }) : fc.constant([]),
      notPorts: withPorts
        ? fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(port, { maxLength: 2 }))
        : fc.constant([]),
      serviceAccounts: fc.oneof(
        { weight: 6, arbitrary: fc.constant(null) },
        fc.record({ names: fc.subarray(["sa1", "sa2"]), selector: fc.constantFrom("", "role == 'r'") }),
      ),
      services: fc.constant(null),
    })
    .chain((side) =>
      fc
        .boolean()
        .map((chosen) => (services && chosen ? { ...ANY_ENTITY, services: { namespace: "x", name: "web" } } : side)),
    );
}

function rule(ingress: boolean): fc.Arbitrary<CalicoRule> {
  const withPorts = fc
    .constantFrom("TCP", "UDP", "SCTP", "6")
    .chain((protocol) =>
      fc.record({ protocol: fc.constant(protocol), source: entity(false, false), destination: entity(true, false) }),
    );
  const plain = fc.record({
    protocol: fc.constantFrom(null, null, "TCP", "ICMP", "17"),
    source: entity(false, ingress),
    destination: entity(false, !ingress),
  });
  return fc
    .record({
      action: fc.constantFrom("Allow", "Allow", "Deny", "Pass", "Log"),
      ipVersion: fc.constantFrom(null, null, null, 4, 6),
      match: fc.oneof(withPorts, plain),
      icmp: fc.constantFrom(null, { type: 8, code: null }, { type: 3, code: 1 }),
      notProtocol: fc.constantFrom(null, null, null, "UDP"),
    })
    .map(({ action, ipVersion, match, icmp, notProtocol }) => ({
      action,
      ipVersion: ipVersion === 6 ? 6 : ipVersion === 4 ? 4 : null,
      ...match,
      // iptables refuses a second -p, and Felix would write it
      notProtocol: match.protocol === null ? notProtocol : null,
      icmp: match.protocol === "ICMP" ? icmp : null,
      notICMP: null,
      http: false,
      annotations: [],
      path: [],
    }));
}

const TIERS: readonly Tier[] = [
  { name: "default", order: 1_000_000, defaultAction: "Deny" },
  { name: "first", order: 10, defaultAction: "Pass" },
  { name: "second", order: 20, defaultAction: "Deny" },
];

const policy: fc.Arbitrary<CalicoPolicy> = fc
  .record({
    global: fc.boolean(),
    staged: fc.integer({ min: 0, max: 9 }),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom("p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"),
    tier: fc.constantFrom(...TIERS.map(({ name }) => name)),
    order: fc.constantFrom(null, 1, 2),
    selector,
    serviceAccountSelector: fc.constantFrom("", "", "", "role == 'r'"),
    namespaceSelector,
    types: fc.subarray(["Ingress", "Egress"] as const, { minLength: 1 }),
    ingress: fc.array(rule(true), { maxLength: 3 }),
    egress: fc.array(rule(false), { maxLength: 3 }),
  })
  .map(({ global, staged, namespace, name, tier, ...rest }) => ({
    ...rest,
    kind: staged === 0 ? "StagedNetworkPolicy" : global ? "GlobalNetworkPolicy" : "NetworkPolicy",
    namespace: global ? null : namespace,
    name: `${tier}.${name}`,
    tier,
    namespaceSelector: global && rest.namespaceSelector !== "global()" ? rest.namespaceSelector : "",
    doNotTrack: false,
    preDNAT: false,
    applyOnForward: false,
    origin: NO_ORIGIN,
  }));

function profiles(teams: Readonly<Record<string, boolean>>): ReadonlyMap<string, Profile> {
  const namespaces = NAMESPACES.map((name): Profile => {
    const team: [string, string][] = teams[name] ? [["pcns.team", name]] : [];
    const labelsToApply = new Map([["pcns.projectcalico.org/name", name], ...team]);
    return { name: `kns.${name}`, labelsToApply, ingress: [ANY_RULE], egress: [ANY_RULE], origin: NO_ORIGIN };
  });
  const accounts = NAMESPACES.flatMap((namespace) =>
    ["sa1", "sa2"].map((account): Profile => {
      const role: [string, string][] = account === "sa1" ? [["pcsa.role", "r"]] : [];
      const labelsToApply = new Map([["pcsa.projectcalico.org/name", account], ...role]);
      return { name: `ksa.${namespace}.${account}`, labelsToApply, ingress: [], egress: [], origin: NO_ORIGIN };
    }),
  );
  return new Map([...namespaces, ...accounts].map((profile) => [profile.name, profile]));
}

/** A few pods, network sets and policies that meet each other often. */
export const clusterArbitrary: fc.Arbitrary<RandomCluster> = fc
  .record({
    teams: fc.record({ x: fc.boolean(), y: fc.boolean() }),
    pods: fc.tuple(
      ...[0, 1, 2].map(() =>
        fc.record({
          namespace: fc.constantFrom(...NAMESPACES),
          account: fc.constantFrom("sa1", "sa2"),
          labels,
          dns: fc.boolean(),
        }),
      ),
    ),
    networkSets: fc.array(
      fc.record({
        labels,
        nets: fc.subarray([...NETS], { minLength: 1, maxLength: 2 }),
        namespace: fc.constantFrom(null, ...NAMESPACES),
      }),
      { maxLength: 2 },
    ),
    policies: fc.uniqueArray(policy, { maxLength: 8, selector: ({ namespace, name }) => `${namespace}/${name}` }),
  })
  .map(({ teams, pods, networkSets, policies }): RandomCluster => {
    const all = profiles(teams);
    const workloads = pods.map((pod, i) => {
      const names = [`kns.${pod.namespace}`, `ksa.${pod.namespace}.${pod.account}`];
      const own = new Map([
        ...Object.entries(pod.labels),
        ["projectcalico.org/namespace", pod.namespace] as const,
        ["projectcalico.org/serviceaccount", pod.account] as const,
        ["projectcalico.org/orchestrator", "k8s"] as const,
      ]);
      return {
        interfaceName: workloadInterfaceName(pod.namespace, `pod${i}`),
        own: pod,
        address: address(`10.0.0.${i + 1}`),
        labels: inheritedLabels(
          own,
          names.flatMap((name) => all.get(name) ?? []),
        ),
        profiles: names,
        namedPorts: [
          { name: "http", protocol: TCP, port: i === 0 ? 80 : 8080 },
          ...(pod.dns ? [{ name: "dns", protocol: UDP, port: 443 }] : []),
        ],
      };
    });
    const sets = networkSets.map((set): LabelledAddresses => {
      const own: [string, string][] = [...Object.entries(set.labels)];
      if (set.namespace !== null) own.push(["projectcalico.org/namespace", set.namespace]);
      const inherited =
        set.namespace === null ? [] : [all.get(`kns.${set.namespace}`)].flatMap((profile) => profile ?? []);
      return {
        labels: inheritedLabels(new Map(own), inherited),
        nets: nets(...set.nets),
        namedPorts: [],
        origin: NO_ORIGIN,
      };
    });
    const metadata = (
      kind: string,
      namespace: string | null,
      name: string,
      own: ReadonlyMap<string, string>,
    ): Metadata => ({
      kind,
      apiVersion: "v1",
      namespace,
      name,
      labels: own,
      annotations: new Map(),
      origin: NO_ORIGIN,
    });
    const namespaces = NAMESPACES.map((name): [string, Metadata] => [
      name,
      metadata("Namespace", null, name, new Map(teams[name] ? [["team", name]] : [])),
    ]);
    const accounts = NAMESPACES.flatMap((namespace) =>
      ["sa1", "sa2"].map((name): [string, Metadata] => [
        `${namespace}/${name}`,
        metadata("ServiceAccount", namespace, name, new Map(name === "sa1" ? [["role", "r"]] : [])),
      ]),
    );
    const cluster: Cluster = {
      ...buildCluster([]).cluster,
      pods: new Map(
        workloads.map(({ own, address, namedPorts }, i): [string, Pod] => [
          `${own.namespace}/pod${i}`,
          {
            ...readPod(topField({}), NO_ORIGIN),
            metadata: metadata("Pod", own.namespace, `pod${i}`, new Map(Object.entries(own.labels))),
            nodeName: "n",
            podIPs: [address],
            serviceAccount: own.account,
            ports: namedPorts.map((port) => ({ ...port, hostPort: 0, hostIP: null })),
          },
        ]),
      ),
      policy: {
        ...noPolicyResources(),
        namespaces: new Map(namespaces),
        serviceAccounts: new Map(accounts),
        networkPolicies: new Map(policies.map((one) => [`${one.namespace}/${one.name}`, one])),
        tiers: new Map(TIERS.map((tier) => [tier.name, tier])),
        networkSets: new Map(
          networkSets.map((set, i): [string, NetworkSet] => [
            `set${i}`,
            {
              metadata: metadata("NetworkSet", set.namespace, `set${i}`, new Map(Object.entries(set.labels))),
              namespace: set.namespace,
              nets: nets(...set.nets),
            },
          ]),
        ),
      },
      endpointSlices: new Map([
        [
          "x/web-1",
          readEndpointSlice(
            topField({
              metadata: { name: "web-1", namespace: "x", labels: { "kubernetes.io/service-name": "web" } },
              addressType: "IPv4",
              endpoints: [{ addresses: ["10.0.0.2"] }],
              ports: [{ protocol: "TCP", port: 8080 }],
            }),
            NO_ORIGIN,
          ),
        ],
      ]),
    };
    return {
      workloads,
      cluster,
      world: {
        tiers: TIERS,
        policies,
        profiles: all,
        holders: [
          ...workloads.map(({ labels, address, namedPorts }) => ({
            labels,
            nets: [{ address, length: 32 }],
            namedPorts,
            origin: NO_ORIGIN,
          })),
          ...sets,
        ],
        services: new Map([["x/web", [{ address: address("10.0.0.2"), ports: [{ protocol: TCP, port: 8080 }] }]]]),
      },
    };
  });

export const policyPacketArbitrary: fc.Arbitrary<PolicyPacket> = fc
  .record({
    src: fc.constantFrom(...ADDRESSES).map(address),
    dst: fc.constantFrom(...ADDRESSES).map(address),
    protocol: fc.constantFrom(TCP, TCP, UDP, SCTP, ICMP),
    sport: fc.constantFrom(...PORTS),
    dport: fc.constantFrom(...PORTS),
    icmp: fc.constantFrom({ type: 8, code: 0 }, { type: 3, code: 1 }, { type: 3, code: 0 }),
  })
  .map((packet) => (packet.protocol === ICMP ? { ...packet, sport: 0, dport: 0 } : { ...packet, icmp: null }));
