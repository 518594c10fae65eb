import fc from "fast-check";

/** A resource as JSON, which is YAML. */
export type PlainResource = Readonly<Record<string, unknown>>;

const NODES = ["a-node", "b-node", "c-node", "n.with.dots", "z"];

function v3(kind: string, name: string, spec: unknown, labels: Readonly<Record<string, string>> = {}): PlainResource {
  return { apiVersion: "projectcalico.org/v3", kind, metadata: { name, labels }, spec };
}

const as = fc.constantFrom(64512, 64513, 65000, 4200000000);
const port = fc.constantFrom(179, 1179, 150);
const cidr4 = fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "172.16.5.0/24", "203.0.113.9/32");
const cidr6 = fc.constantFrom("fd00::/48", "2001:db8::/32", "5000::0/64", "fd00:1::5/128");
const selector = fc.constantFrom("all()", "has(rr)", "!has(rr)", "rack == 'a'", "rack in {'a', 'b'}", "rack == 'none'");
const duration = fc.constantFrom("10s", "2m", "1m30s", "119.6s");
const priority = fc.integer({ min: 1, max: 2147483646 });
const community = fc.constantFrom("64512:100", "0:1", "64512:1:2");

function optional<T>(values: Readonly<Record<string, fc.Arbitrary<T>>>) {
  return fc.record(values, { requiredKeys: [] });
}

const node = (name: string, i: number): fc.Arbitrary<PlainResource> =>
  fc
    .record({
      hasIPv4: fc.boolean(),
      hasIPv6: fc.boolean(),
      asNumber: fc.option(as, { nil: undefined }),
      cluster: fc.option(fc.constantFrom("10.0.0.1", "244.0.0.1"), { nil: undefined, freq: 3 }),
      labels: fc.dictionary(fc.constantFrom("rack", "rr"), fc.constantFrom("a", "b"), { maxKeys: 2 }),
    })
    .map(({ hasIPv4, hasIPv6, asNumber, cluster, labels }) =>
      v3(
        "Node",
        name,
        {
          bgp: {
            ...(hasIPv4 ? { ipv4Address: `10.192.${i % 2}.${9 + i}/24` } : {}),
            ...(hasIPv6 ? { ipv6Address: `2001:db8:${i}::${i + 1}/64` } : {}),
            asNumber,
            routeReflectorClusterID: cluster,
          },
        },
        labels,
      ),
    );

const ruleOf = (cidr: fc.Arbitrary<string>, longest: number) =>
  fc
    .record({
      action: fc.constantFrom("Accept", "Reject"),
      match: fc.option(
        fc.record({
          cidr,
          matchOperator: fc.constantFrom("In", "NotIn"),
          prefixLength: fc.option(optional({ min: fc.integer({ min: 0, max: longest }), max: fc.constant(longest) }), {
            nil: undefined,
          }),
        }),
        { nil: undefined },
      ),
      others: fc.record(
        {
          source: fc.constant("RemotePeers"),
          interface: fc.constantFrom("eth0", "*.calico", "cali*"),
          peerType: fc.constantFrom("iBGP", "eBGP"),
          communities: community.map((value) => ({ values: [value] })),
          asPathPrefix: fc.array(as, { minLength: 1, maxLength: 3 }),
          priority,
        },
        { requiredKeys: [] },
      ),
      operations: fc.array(
        fc.oneof(
          community.map((value) => ({ addCommunity: { value } })),
          fc.array(as, { minLength: 1, maxLength: 3 }).map((prefix) => ({ prependASPath: { prefix } })),
          priority.map((value) => ({ setPriority: { value } })),
        ),
        { maxLength: 2 },
      ),
    })
    .map(({ action, match, others, operations }) => ({ action, ...match, ...others, operations }));

const rules4 = fc.array(ruleOf(cidr4, 32), { maxLength: 3 });
const rules6 = fc.array(ruleOf(cidr6, 128), { maxLength: 3 });
const filterNames = ["plain", "with.dots-and-minus", `long-${"x".repeat(60)}`];
const filter = (name: string) =>
  fc
    .record({ importV4: rules4, exportV4: rules4, importV6: rules6, exportV6: rules6 })
    .map((spec) => v3("BGPFilter", name, spec));

const peerAddress = fc.constantFrom(
  "10.192.0.9",
  "10.192.1.10:1179",
  "172.31.0.1",
  "172.31.0.1:1179",
  "[2001:db8:0::1]:1179",
  "2001:db8:77::1",
);

const peer = (name: string) =>
  fc
    .record({
      whose: fc.constantFrom<fc.Arbitrary<object>>(
        fc.constant({}),
        fc.record({ node: fc.constantFrom(...NODES) }),
        fc.record({ nodeSelector: selector }),
      ),
      whom: fc.constantFrom<fc.Arbitrary<object>>(
        fc.record({ peerIP: peerAddress, asNumber: as }),
        fc.record({ peerSelector: selector }),
        fc.record({ localWorkloadSelector: selector, asNumber: as }),
      ),
      others: fc.record(
        {
          localASNumber: as,
          keepOriginalNextHop: fc.boolean(),
          nextHopMode: fc.constantFrom("Auto", "Self", "Keep"),
          password: fc.constant({ secretKeyRef: { name: "bgp", key: "p" } }),
          sourceAddress: fc.constantFrom("UseNodeIP", "None"),
          maxRestartTime: duration,
          keepaliveTime: duration,
          numAllowedLocalASNumbers: fc.nat(9),
          ttlSecurity: fc.nat(255),
          filters: fc.subarray([...filterNames, "absent"]),
          reachableBy: fc.constantFrom("10.192.0.1", "2001:db8::1"),
          reversePeering: fc.constantFrom("Auto", "Manual"),
        },
        { requiredKeys: [] },
      ),
    })
    .chain(({ whose, whom, others }) =>
      fc.tuple(whose, whom).map(([local, remote]) => v3("BGPPeer", name, { ...local, ...remote, ...others })),
    );

const advertisement = fc.record({
  cidr: fc.oneof(cidr4, cidr6),
  communities: fc.array(fc.oneof(community, fc.constantFrom("blue", "unknown")), { maxLength: 3 }),
});
const cidrs = fc.array(
  fc.oneof(cidr4, cidr6).map((cidr) => ({ cidr })),
  { maxLength: 2 },
);

const configuration = (name: string) =>
  fc
    .record(
      {
        logSeverityScreen: fc.constantFrom("Debug", "Info", "Error"),
        nodeToNodeMeshEnabled: fc.boolean(),
        asNumber: as,
        listenPort: port,
        bindMode: fc.constantFrom("None", "NodeIP"),
        serviceClusterIPs: cidrs,
        serviceExternalIPs: cidrs,
        serviceLoadBalancerIPs: cidrs,
        serviceLoadBalancerAggregation: fc.constantFrom("Enabled", "Disabled"),
        prefixAdvertisements: fc.array(advertisement, { maxLength: 3 }),
        ignoredInterfaces: fc.array(fc.constantFrom("eth1", "docker0", "br-*"), { maxLength: 2 }),
        nodeMeshPassword: fc.constant({ secretKeyRef: { name: "bgp", key: "p" } }),
        nodeMeshMaxRestartTime: duration,
        programClusterRoutes: fc.constantFrom("Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"),
        ipv4NormalRoutePriority: priority,
        ipv6NormalRoutePriority: priority,
      },
      { requiredKeys: [] },
    )
    .map((spec) => v3("BGPConfiguration", name, { ...spec, communities: [{ name: "blue", value: "64512:7" }] }));

const pools = fc
  .subarray([
    ["p4", "192.168.0.0/16"],
    ["p4b", "10.244.0.0/16"],
    ["p6", "fd00:10::/56"],
  ] as const)
  .chain(
    (chosen): fc.Arbitrary<readonly PlainResource[]> =>
      fc.tuple(
        ...chosen.map(([name, cidr]) =>
          fc
            .record({
              mode: fc.constantFrom<object>(
                {},
                { ipipMode: "Always" },
                { ipipMode: "CrossSubnet" },
                { vxlanMode: "Always" },
                { vxlanMode: "CrossSubnet" },
              ),
              disableBGPExport: fc.boolean(),
              disabled: fc.boolean(),
            })
            .map(({ mode, ...settings }): PlainResource => v3("IPPool", name, { cidr, ...settings, ...mode })),
        ),
      ),
  );

const affinities = fc
  .uniqueArray(
    fc.tuple(fc.constantFrom(...NODES), fc.nat(7), fc.constantFrom("", "confirmed", "pending", "pendingDeletion")),
    {
      selector: ([, i]) => i,
      maxLength: 5,
    },
  )
  .map((rows): readonly PlainResource[] =>
    rows.map(([name, i, state]) => ({
      ...v3("BlockAffinity", `${name}-${i}`, {
        node: name,
        cidr: i === 7 ? "192.168.9.9/32" : i > 4 ? `fd00:10::${i}00/122` : `192.168.${i}.0/26`,
        state,
        deleted: "false",
      }),
      apiVersion: "crd.projectcalico.org/v1",
    })),
  );

const services = fc
  .array(
    fc.record({
      type: fc.constantFrom("ClusterIP", "NodePort", "LoadBalancer"),
      policy: fc.constantFrom("Cluster", "Local"),
      externalIPs: fc.subarray(["203.0.113.9", "172.16.5.7", "fd00:1::5"]),
      loadBalancerIP: fc.option(fc.constantFrom("203.0.113.9", "172.16.5.8"), { nil: undefined }),
      endpointNode: fc.constantFrom(...NODES),
    }),
    { maxLength: 3 },
  )
  .map((rows) =>
    rows.flatMap(({ type, policy, externalIPs, loadBalancerIP, endpointNode }, i): PlainResource[] => [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: `s${i}`, namespace: "default" },
        spec: { type, clusterIP: `10.1.0.${i + 1}`, externalIPs, loadBalancerIP, externalTrafficPolicy: policy },
        status: { loadBalancer: { ingress: loadBalancerIP === undefined ? [] : [{ ip: loadBalancerIP }] } },
      },
      {
        apiVersion: "v1",
        kind: "Endpoints",
        metadata: { name: `s${i}`, namespace: "default" },
        subsets: [{ addresses: [{ ip: `192.168.0.${i + 5}`, nodeName: endpointNode }] }],
      },
    ]),
  );

const others: readonly PlainResource[] = [
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bgp", namespace: "kube-system" },
    stringData: { p: "s3cret" },
  },
  ...NODES.map((name, i) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `w-${name}`, namespace: "default", labels: { rack: i % 2 === 0 ? "a" : "b" } },
    spec: { nodeName: name },
    status: { podIPs: [{ ip: `192.168.0.${70 + i}` }, { ip: `fd00:10::${70 + i}` }] },
  })),
];

/** Resources of a cluster of a few nodes with any of BGP's settings. */
export const anyBgpResources: fc.Arbitrary<readonly PlainResource[]> = fc
  .record({
    nodes: fc.tuple(...NODES.map(node)),
    filters: fc.tuple(...filterNames.map(filter)),
    peers: fc.tuple(...["p-1", "p-2", "p-3"].map(peer)),
    cluster: fc.option(configuration("default"), { nil: null }),
    own: fc.option(configuration("node.b-node"), { nil: null }),
    pools,
    affinities,
    services,
  })
  .map((all) => [
    ...all.nodes,
    ...all.filters,
    ...all.peers,
    ...(all.cluster === null ? [] : [all.cluster]),
    ...(all.own === null ? [] : [all.own]),
    ...all.pools,
    ...all.affinities,
    ...all.services,
    ...others,
  ]);
