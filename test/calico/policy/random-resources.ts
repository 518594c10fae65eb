import fc from "fast-check";

/** An object as a manifest has it. */
export type Manifest = Readonly<Record<string, unknown>>;

/** A pod of the random cluster. */
export interface RandomPod {
  readonly namespace: string;
  readonly name: string;
  readonly account: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node: string;
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly containerPort: number }[];
}

/** Small enough that endpoints, policies and packets meet each other often. */
export interface RandomCluster {
  readonly manifests: readonly Manifest[];
  readonly pods: readonly RandomPod[];
}

export const NAMESPACES = ["x", "y"] as const;
const NETS4 = ["10.0.0.0/8", "10.0.0.2/32", "10.9.0.0/16", "172.16.0.0/12", "0.0.0.0/0"] as const;
const NETS6 = ["fd00::/16", "fd00::2/128", "2001:db8::/32", "::/0"] as const;
export const PORTS = [22, 79, 80, 81, 443, 8080] as const;

const label = fc.constantFrom("a", "b");
const value = fc.constantFrom("1", "2");
const labels = fc.dictionary(label, value, { maxKeys: 2, noNullPrototype: true });

const term = fc.oneof(
  fc.tuple(label, fc.constantFrom("==", "!="), value).map(([key, operator, v]) => `${key} ${operator} '${v}'`),
  label.map((key) => `has(${key})`),
  label.map((key) => `!has(${key})`),
  fc.constantFrom("all()", "a in {'1', '2'}", "b not in {'1'}", "a starts with '1'"),
);
const selector = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: term },
  fc.tuple(term, fc.constantFrom("&&", "||"), term).map((parts) => parts.join(" ")),
);
const namespaceSelector = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  fc.constantFrom("all()", "global()", "team == 'x'", "team != 'x'", "!has(team)", "projectcalico.org/name == 'y'"),
);
const accountSelector = fc.constantFrom(undefined, undefined, undefined, "role == 'r'", "all()");

const port = fc.oneof(fc.constantFrom(...PORTS), fc.constantFrom("80:500", "0:65535"), fc.constantFrom("http", "dns"));

/** A field that is mostly not there. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

function entity(family: 4 | 6, options: { ports: boolean; services: boolean; nets: number }): fc.Arbitrary<Manifest> {
  const nets: readonly string[] = family === 4 ? NETS4 : NETS6;
  const ports = options.ports ? seldom(fc.array(port, { minLength: 1, maxLength: 3 })) : fc.constant(undefined);
  const side = fc.record({
    nets: seldom(fc.subarray([...nets], { minLength: 1, maxLength: options.nets })),
    notNets: seldom(fc.subarray([...nets], { minLength: 1, maxLength: 2 })),
    selector,
    notSelector: seldom(term),
    namespaceSelector,
    ports,
    notPorts: options.ports ? seldom(fc.array(port, { minLength: 1, maxLength: 2 })) : fc.constant(undefined),
    serviceAccounts: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      fc.record({ names: fc.subarray(["sa1", "sa2"]), selector: fc.constantFrom(undefined, "role == 'r'") }),
    ),
  });
  if (!options.services) return side;
  return fc.oneof({ weight: 3, arbitrary: side }, fc.constant({ services: { name: "web", namespace: "x" } }));
}

/** Of two lists of alternatives at most, as upstream is known to be wrong from the third on. */
function rule(direction: "ingress" | "egress"): fc.Arbitrary<Manifest> {
  return fc.constantFrom(4 as const, 4 as const, 6 as const).chain((family) => {
    const withPorts = fc.record({
      protocol: fc.constantFrom("TCP", "UDP", "SCTP", 6),
      source: entity(family, { ports: false, services: false, nets: 2 }),
      destination: entity(family, { ports: true, services: false, nets: 1 }),
    });
    const icmp = fc.constantFrom(
      undefined,
      { type: family === 4 ? 8 : 128 },
      family === 4 ? { type: 13, code: 0 } : { type: 128, code: 1 },
    );
    const plain = fc.record({
      protocol: fc.constantFrom(undefined, undefined, "TCP", 17, family === 4 ? "ICMP" : "ICMPv6"),
      source: entity(family, { ports: false, services: direction === "ingress", nets: 2 }),
      destination: entity(family, { ports: false, services: direction === "egress", nets: 2 }),
    });
    return fc
      .record({
        action: fc.constantFrom("Allow", "Allow", "Deny", "Pass", "Log"),
        ipVersion: fc.constantFrom(undefined, undefined, undefined, family),
        match: fc.oneof(withPorts, plain),
        icmp,
        notICMP: fc.boolean(),
        notProtocol: fc.constantFrom(undefined, undefined, undefined, "UDP"),
        annotations: seldom(fc.constant({ annotations: { owner: 'it\'s "us"' } })),
      })
      .map(({ match, icmp: asked, notICMP, notProtocol, annotations, ...rest }) => {
        const isIcmp = match.protocol === "ICMP" || match.protocol === "ICMPv6";
        return {
          ...rest,
          ...match,
          // iptables refuses a second -p, and Felix would write it
          notProtocol: match.protocol === undefined ? notProtocol : undefined,
          ...(isIcmp && asked !== undefined ? { [notICMP ? "notICMP" : "icmp"]: asked } : {}),
          metadata: annotations,
        };
      });
  });
}

const TIERS = ["default", "first", "second"] as const;
const order = fc.constantFrom(undefined, 1, 2, 1000);
const rules = {
  ingress: fc.array(rule("ingress"), { maxLength: 3 }),
  egress: fc.array(rule("egress"), { maxLength: 3 }),
};
const types = fc.subarray(["Ingress", "Egress"], { minLength: 1 });
const number = fc.integer({ min: 1, max: 8 });

const networkPolicy: fc.Arbitrary<Manifest> = fc
  .record({
    staged: fc.integer({ min: 0, max: 9 }),
    namespace: fc.constantFrom(...NAMESPACES),
    number,
    spec: fc.record({
      tier: fc.constantFrom(...TIERS),
      order,
      selector,
      serviceAccountSelector: accountSelector,
      types,
      ...rules,
    }),
  })
  .map(({ staged, namespace, number: n, spec }) => ({
    apiVersion: "projectcalico.org/v3",
    kind: staged === 0 ? "StagedNetworkPolicy" : "NetworkPolicy",
    metadata: { namespace, name: `${spec.tier}.p${n}` },
    spec,
  }));

const STAGES = [
  {},
  {},
  { applyOnForward: true },
  { applyOnForward: true, preDNAT: true },
  { applyOnForward: true, doNotTrack: true },
] as const;

const globalPolicy: fc.Arbitrary<Manifest> = fc
  .record({
    number,
    stage: fc.constantFrom(...STAGES),
    spec: fc.record({
      tier: fc.constantFrom(...TIERS),
      order,
      selector,
      namespaceSelector,
      serviceAccountSelector: accountSelector,
      types,
      ...rules,
    }),
  })
  .map(({ number: n, stage, spec }) => ({
    apiVersion: "crd.projectcalico.org/v1",
    kind: "GlobalNetworkPolicy",
    metadata: { name: `${spec.tier}.g${n}` },
    spec: {
      ...spec,
      ...stage,
      ...("preDNAT" in stage ? { types: ["Ingress"], egress: [] } : {}),
    },
  }));

const labelSelector = fc.oneof(
  fc.constant({}),
  labels.map((matchLabels) => ({ matchLabels })),
  fc.constantFrom(
    { matchExpressions: [{ key: "a", operator: "Exists" }] },
    { matchExpressions: [{ key: "a", operator: "NotIn", values: ["1"] }] },
    { matchExpressions: [{ key: "b", operator: "DoesNotExist" }] },
  ),
);
const namespaceLabels = fc.constantFrom(
  {},
  { matchLabels: { team: "x" } },
  { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values: ["y"] }] },
);
const peer = fc.oneof(
  labelSelector.map((podSelector) => ({ podSelector })),
  namespaceLabels.map((namespaceSelector_) => ({ namespaceSelector: namespaceSelector_ })),
  fc.record({ podSelector: labelSelector, namespaceSelector: namespaceLabels }),
  fc.constantFrom(
    { ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.2/32"] } },
    { ipBlock: { cidr: "0.0.0.0/0" } },
    { ipBlock: { cidr: "fd00::/16", except: ["fd00::2/128"] } },
  ),
);
const policyPort = fc.oneof(
  fc.record({ protocol: fc.constantFrom("TCP", "UDP", "SCTP"), port: fc.constantFrom(...PORTS) }),
  fc.constantFrom<Manifest>({ port: "http" }, { protocol: "UDP" }, { protocol: "TCP", port: 79, endPort: 443 }),
);

function kubernetesRule(peers: "from" | "to"): fc.Arbitrary<Manifest> {
  return fc
    .record({ peers: seldom(fc.array(peer, { maxLength: 2 })), ports: seldom(fc.array(policyPort, { maxLength: 3 })) })
    .map((one) => ({ [peers]: one.peers, ports: one.ports }));
}

const kubernetesPolicy: fc.Arbitrary<Manifest> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    number,
    spec: fc.record({
      podSelector: labelSelector,
      policyTypes: types,
      ingress: fc.array(kubernetesRule("from"), { maxLength: 2 }),
      egress: fc.array(kubernetesRule("to"), { maxLength: 2 }),
    }),
  })
  .map(({ namespace, number: n, spec }) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace, name: `k${n}` },
    spec,
  }));

const adminPeer = fc.oneof(
  namespaceLabels.map((namespaces) => ({ namespaces })),
  fc.record({ pods: fc.record({ namespaceSelector: namespaceLabels, podSelector: labelSelector }) }),
);
const networks = fc.constantFrom({ networks: ["10.0.0.0/8"] }, { networks: ["8.8.8.8/32", "10.9.0.0/16"] });
const subject = fc.oneof(
  namespaceLabels.map((namespaces) => ({ namespaces })),
  fc.record({ pods: fc.record({ namespaceSelector: namespaceLabels, podSelector: labelSelector }) }),
);
const adminPort = fc.oneof(
  fc.constantFrom(...PORTS).map((number_) => ({ portNumber: { protocol: "TCP", port: number_ } })),
  fc.constantFrom({ portRange: { protocol: "UDP", start: 79, end: 443 } }, { portRange: { start: 80, end: 81 } }),
);
const clusterProtocol = fc.oneof(
  fc.constantFrom(...PORTS).map((number_) => ({ tcp: { destinationPort: { number: number_ } } })),
  fc.constantFrom<Manifest>({ udp: {} }, { udp: { destinationPort: { range: { start: 79, end: 443 } } } }),
);

function adminRule(direction: "ingress" | "egress", kind: string): fc.Arbitrary<Manifest> {
  const isCluster = kind === "ClusterNetworkPolicy";
  const peers = direction === "ingress" ? adminPeer : fc.oneof(adminPeer, networks);
  return fc
    .record({
      name: fc.constantFrom(undefined, "some rule"),
      action: fc.constantFrom(isCluster ? "Accept" : "Allow", "Deny", ...(kind.startsWith("Base") ? [] : ["Pass"])),
      peers: fc.array(peers, { minLength: 1, maxLength: 2 }),
      ports: seldom(
        isCluster
          ? fc.array(clusterProtocol, { minLength: 1, maxLength: 2 })
          : fc.array(adminPort, { minLength: 1, maxLength: 2 }),
      ),
    })
    .map(({ peers: list, ports, ...rest }) => ({
      ...rest,
      [direction === "ingress" ? "from" : "to"]: list,
      [isCluster ? "protocols" : "ports"]: ports,
    }));
}

function adminPolicy(kind: "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy") {
  return fc
    .record({
      number,
      tier: fc.constantFrom("Admin", "Baseline"),
      priority: fc.integer({ min: 1, max: 3 }),
      subject,
      ingress: fc.array(adminRule("ingress", kind), { maxLength: 2 }),
      egress: fc.array(adminRule("egress", kind), { maxLength: 2 }),
    })
    .map(({ number: n, tier, priority, ...spec }): Manifest => {
      const isBaseline = kind === "BaselineAdminNetworkPolicy";
      const isCluster = kind === "ClusterNetworkPolicy";
      return {
        apiVersion: `policy.networking.k8s.io/${isCluster ? "v1alpha2" : "v1alpha1"}`,
        kind,
        metadata: { name: isBaseline ? "default" : `a${n}` },
        spec: { ...spec, ...(isBaseline ? {} : { priority }), ...(isCluster ? { tier } : {}) },
      };
    });
}

/** Policies of which nobody takes notice, whatever they say. */
const staged = fc.record({ number, selector, isGlobal: fc.boolean(), action: fc.constantFrom("Allow", "Deny") }).map(
  ({ number: n, selector: chosen, isGlobal, action }): Manifest =>
    isGlobal
      ? {
          apiVersion: "projectcalico.org/v3",
          kind: "StagedGlobalNetworkPolicy",
          metadata: { name: `first.s${n}` },
          spec: { tier: "first", selector: chosen, types: ["Ingress", "Egress"], ingress: [{ action }], egress: [] },
        }
      : {
          apiVersion: "projectcalico.org/v3",
          kind: "StagedKubernetesNetworkPolicy",
          metadata: { namespace: "x", name: `s${n}` },
          spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [] },
        },
);

const policy = fc.oneof(
  { weight: 4, arbitrary: networkPolicy },
  { weight: 5, arbitrary: globalPolicy },
  { weight: 3, arbitrary: kubernetesPolicy },
  staged,
  adminPolicy("AdminNetworkPolicy"),
  adminPolicy("BaselineAdminNetworkPolicy"),
  adminPolicy("ClusterNetworkPolicy"),
);

const profiles = fc.subarray(["projectcalico-default-allow", "own"], { maxLength: 2 });

function hostEndpoint(name: string, spec: Manifest): fc.Arbitrary<Manifest | null> {
  return fc.oneof(
    fc.constant(null),
    fc.record({ labels, profiles }).map(
      (own): Manifest => ({
        apiVersion: "projectcalico.org/v3",
        kind: "HostEndpoint",
        metadata: { name, labels: own.labels },
        spec: { node: "n", ...spec, profiles: own.profiles },
      }),
    ),
  );
}

const networkSet = fc
  .record({
    labels,
    nets: fc.subarray([...NETS4, ...NETS6], { minLength: 1, maxLength: 3 }),
    namespace: fc.constantFrom(undefined, ...NAMESPACES),
  })
  .map(({ labels: own, nets, namespace }) => ({ own, nets, namespace }));

/** More than anybody here sends. */
const LIMITS = Object.fromEntries(
  ["ingressPacketRate", "egressPacketRate", "ingressMaxConnections", "egressMaxConnections"].map((name) => [
    `qos.projectcalico.org/${name}`,
    "5k",
  ]),
);

function identity({ kind, apiVersion, metadata }: Manifest): string {
  return JSON.stringify([kind, apiVersion, metadata]);
}

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
          limited: fc.boolean(),
        }),
      ),
    ),
    networkSets: fc.array(networkSet, { maxLength: 2 }),
    flowLogs: fc.boolean(),
    policies: fc.uniqueArray(policy, { maxLength: 9, selector: identity }),
    endpoints: fc.tuple(
      hostEndpoint("first", { interfaceName: "eth0" }),
      hostEndpoint("second", { expectedIPs: ["10.2.0.1", "fd00:2::1"] }),
      hostEndpoint("third", { interfaceName: "*" }),
    ),
    ownProfile: fc.record({
      ingress: fc.array(rule("ingress"), { maxLength: 2 }),
      egress: fc.array(rule("egress"), { maxLength: 2 }),
    }),
  })
  .map(({ teams, pods, networkSets, flowLogs, policies, endpoints, ownProfile }): RandomCluster => {
    const calico = "projectcalico.org/v3";
    const all = pods.map(
      (pod, i): RandomPod => ({
        namespace: pod.namespace,
        name: `pod${i}`,
        account: pod.account,
        labels: pod.labels,
        node: i === 2 ? "m" : "n",
        addresses: [`10.0.0.${i + 1}`, `fd00::${i + 1}`],
        ports: [
          { name: "http", protocol: "TCP", containerPort: i === 0 ? 80 : 8080 },
          ...(pod.dns ? [{ name: "dns", protocol: "UDP", containerPort: 443 }] : []),
        ],
      }),
    );
    const manifests: Manifest[] = [
      ...NAMESPACES.map((name) => ({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name, labels: teams[name] ? { team: name } : {} },
      })),
      ...NAMESPACES.flatMap((namespace) =>
        ["sa1", "sa2"].map((name) => ({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { namespace, name, labels: name === "sa1" ? { role: "r" } : {} },
        })),
      ),
      ...all.map(({ namespace, name, account, labels: own, node, addresses, ports }, i) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { namespace, name, labels: own, annotations: pods[i]?.limited === true ? LIMITS : {} },
        spec: { nodeName: node, serviceAccountName: account, containers: [{ name: "c", ports }] },
        status: { phase: "Running", podIPs: addresses.map((ip) => ({ ip })) },
      })),
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { namespace: "x", name: "web-1", labels: { "kubernetes.io/service-name": "web" } },
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.0.0.2"] }],
        ports: [{ protocol: "TCP", port: 8080 }],
      },
      ...networkSets.map(({ own, nets, namespace }, i) => ({
        apiVersion: calico,
        kind: namespace === undefined ? "GlobalNetworkSet" : "NetworkSet",
        metadata: { name: `set${i}`, namespace, labels: own },
        spec: { nets },
      })),
      { apiVersion: calico, kind: "Tier", metadata: { name: "first" }, spec: { order: 10, defaultAction: "Pass" } },
      { apiVersion: calico, kind: "Tier", metadata: { name: "second" }, spec: { order: 20 } },
      {
        apiVersion: calico,
        kind: "Profile",
        metadata: { name: "own" },
        spec: { ...ownProfile, labelsToApply: { a: "1" } },
      },
      {
        apiVersion: calico,
        kind: "FelixConfiguration",
        metadata: { name: "default" },
        spec: {
          failsafeInboundHostPorts: [
            { protocol: "tcp", port: 22 },
            { protocol: "udp", port: 80, net: "10.0.0.0/8" },
          ],
          failsafeOutboundHostPorts: [{ protocol: "udp", port: 443 }],
          ...(flowLogs ? { flowLogsLocalReporter: "Enabled" } : {}),
        },
      },
      { apiVersion: calico, kind: "IPPool", metadata: { name: "four" }, spec: { cidr: "10.0.0.0/16" } },
      { apiVersion: calico, kind: "IPPool", metadata: { name: "six" }, spec: { cidr: "fd00::/112" } },
      ...endpoints.filter((endpoint) => endpoint !== null),
      ...policies,
    ];
    return { manifests, pods: all };
  });

/** A packet as somebody around the node sends it; `lan` and `far` are the machines behind eth0 and eth1. */
export interface SentPacket {
  readonly from: "pod0" | "pod1" | "eth0" | "eth1" | "node";
  readonly src: string;
  readonly dst: string;
  readonly protocol: "TCP" | "UDP" | "SCTP" | "ICMP";
  readonly dport: number;
  readonly icmp: { readonly type: number; readonly code: number };
}

const OUTSIDE = {
  4: ["10.1.0.9", "10.2.0.9", "8.8.8.8", "10.9.0.1", "172.16.0.1"],
  6: ["fd00:1::9", "fd00:2::9", "2001:db8::8"],
} as const;
const PODS = { 4: ["10.0.0.1", "10.0.0.2", "10.0.0.3"], 6: ["fd00::1", "fd00::2", "fd00::3"] } as const;
const NODE = { 4: ["10.1.0.1", "10.2.0.1"], 6: ["fd00:1::1", "fd00:2::1"] } as const;
/** A Service's address, which the node's own rules translate. */
export const SERVICE = "10.99.0.1";

export const sentPacketArbitrary: fc.Arbitrary<SentPacket> = fc
  .record({
    from: fc.constantFrom("pod0", "pod1", "eth0", "eth1", "node"),
    family: fc.constantFrom(4 as const, 4 as const, 6 as const),
    own: fc.integer({ min: 0, max: 9 }),
    outside: fc.integer({ min: 0, max: 9 }),
    target: fc.integer({ min: 0, max: 19 }),
    protocol: fc.constantFrom("TCP", "TCP", "UDP", "SCTP", "ICMP"),
    dport: fc.constantFrom(...PORTS, 30080),
    // errors of no connection are dropped as invalid
    icmp: fc.constantFrom({ type: 8, code: 0 }, { type: 8, code: 1 }, { type: 13, code: 0 }),
  })
  .map(({ from, family, own, outside, target, protocol, dport, icmp }): SentPacket => {
    const targets: readonly string[] = [
      ...OUTSIDE[family],
      ...PODS[family],
      ...NODE[family],
      ...(family === 4 ? [SERVICE] : []),
    ];
    const sources: readonly string[] =
      from === "pod0" || from === "pod1"
        ? // one in ten pods lies about itself
          own === 0
          ? [OUTSIDE[family][0]]
          : [PODS[family][from === "pod0" ? 0 : 1]]
        : from === "node"
          ? [NODE[family][0]]
          : [...OUTSIDE[family], PODS[family][2]];
    return {
      from: from === "pod0" || from === "pod1" || from === "eth0" || from === "eth1" ? from : "node",
      src: sources[outside % sources.length] ?? "",
      dst: targets[target % targets.length] ?? "",
      protocol: protocol === "UDP" || protocol === "SCTP" || protocol === "ICMP" ? protocol : "TCP",
      dport,
      icmp: family === 6 ? { type: 128, code: icmp.code } : icmp,
    };
  });
