import fc from "fast-check";
import { expect, test } from "vitest";
import { judged } from "./judged.ts";

const KINDS = [
  ["v1", "Pod"],
  ["v1", "Service"],
  ["v1", "Endpoints"],
  ["v1", "Node"],
  ["v1", "Namespace"],
  ["v1", "ReplicationController"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["batch/v1", "Job"],
  ["batch/v1", "CronJob"],
  ["discovery.k8s.io/v1", "EndpointSlice"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
  ["policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"],
] as const;

/** Names of fields that somebody looks at, wherever they stand. */
const FIELDS =
  "spec metadata labels annotations name namespace template selector matchLabels matchExpressions key operator values podSelector ingress egress from to ports port endPort protocol ipBlock cidr except clusterIP clusterIPs ipFamilies type externalIPs sessionAffinityConfig clientIP loadBalancerSourceRanges nodePort targetPort endpoints addresses addressType subsets notReadyAddresses ip containers initContainers containerPort hostPort hostNetwork dnsConfig nameservers searches hostAliases affinity podAffinity tolerations taints podCIDR podCIDRs jobTemplate policyTypes".split(
    " ",
  );
const WORDS = [
  "",
  "None",
  "In",
  "Exists",
  "10.0.0.1",
  "fd00::1",
  "10.0.0.0/8",
  "a b",
  "a",
  "NodePort",
  "TCP",
  "IPv4",
  "Local",
];

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom<unknown>(...WORDS, 0, 1, 80, -1, 70000, 1.5, true, null, [], {}),
    fc.dictionary(fc.constantFrom(...FIELDS), tie("tree"), { maxKeys: 6, noNullPrototype: true }),
    fc.array(tie("tree"), { maxLength: 3 }),
  ),
}));

test("nothing in an object makes podpath stop", () => {
  const body = fc.dictionary(fc.constantFrom(...FIELDS), tree, { maxKeys: 6, noNullPrototype: true });
  fc.assert(
    fc.property(fc.constantFrom(...KINDS), body, ([apiVersion, kind], content) => {
      const metadata = { ...Object(content["metadata"]), name: "x" };
      judged(JSON.stringify({ ...content, apiVersion, kind, metadata }));
    }),
    { numRuns: 2000 },
  );
});

const letters = (first: string, inner: string, most: number) =>
  fc
    .tuple(
      fc.constantFrom(...first),
      fc.string({ unit: fc.constantFrom(...inner), maxLength: most - 2 }),
      fc.constantFrom(..."abcxyz0189"),
    )
    .map((parts) => parts.join(""));
const label = letters("abcz09", "abc019-", 63);
const portName = letters("abcz", "abcz09", 15);
const value = fc.oneof(fc.constant(""), letters("aAzZ09", "aA0-_.", 63));
const key = fc
  .oneof(
    value,
    fc.tuple(label, label, value).map(([a, b, c]) => `${a}.${b}/${c}`),
  )
  .filter((one) => !/(^|\/)$/.test(one));
const labels = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
const port = fc.integer({ min: 1, max: 65535 });
const protocol = fc.constantFrom("TCP", "UDP", "SCTP");
const requirement = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("In", "NotIn"), values: fc.array(value, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
);
const selector = fc.record(
  { matchLabels: labels, matchExpressions: fc.array(requirement, { maxLength: 2 }) },
  { requiredKeys: [] },
);
const block = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 31 })).chain(([address, length]) =>
  fc.array(fc.integer({ min: length + 1, max: 32 }), { maxLength: 2 }).map((inner) => ({
    ipBlock: { cidr: `${address}/${length}`, except: inner.map((one) => `${address}/${one}`) },
  })),
);
const peer = fc.oneof(
  block,
  fc.record({ podSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
);
const policyPort = fc.oneof(
  fc.record({ protocol, port: fc.oneof(port, portName) }, { requiredKeys: [] }),
  fc.tuple(port, port).map(([x, y]) => ({ port: Math.min(x, y), endPort: Math.max(x, y) })),
);
const policySpec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.uniqueArray(fc.constantFrom("Ingress", "Egress")),
    ingress: fc.array(
      fc.record({ from: fc.array(peer, { maxLength: 2 }), ports: fc.array(policyPort, { maxLength: 2 }) }),
      { maxLength: 2 },
    ),
    egress: fc.array(
      fc.record({ to: fc.array(peer, { maxLength: 2 }), ports: fc.array(policyPort, { maxLength: 2 }) }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);

const servicePorts = (nodePorts: boolean) =>
  fc
    .uniqueArray(fc.record({ name: label, port, protocol, targetPort: fc.oneof(port, portName, fc.constant(0)) }), {
      minLength: 1,
      maxLength: 4,
      selector: (one) => one.name,
      comparator: "IsStrictlyEqual",
    })
    .map((list) =>
      list.map((one, i) => ({
        ...one,
        port: 1 + ((one.port + i) % 9000),
        ...(nodePorts ? { nodePort: 30000 + i } : {}),
      })),
    )
    .filter((list) => new Set(list.map((one) => `${one.protocol} ${one.port}`)).size === list.length);
const addresses = fc.constantFrom(
  {},
  { clusterIP: "10.96.0.7" },
  { clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7"], ipFamilies: ["IPv4"] },
  { clusterIP: "fd00::7", clusterIPs: ["fd00::7", "10.96.0.7"], ipFamilyPolicy: "PreferDualStack" },
  { ipFamilies: ["IPv6", "IPv4"], ipFamilyPolicy: "RequireDualStack" },
);
const serviceSpec = fc
  .oneof(
    fc.tuple(
      servicePorts(false),
      addresses,
      labels,
      fc.constantFrom({}, { externalIPs: ["203.0.113.9"], externalTrafficPolicy: "Local" }),
    ),
    fc.tuple(
      servicePorts(true),
      addresses,
      labels,
      fc.constantFrom(
        { type: "NodePort" },
        {
          type: "LoadBalancer",
          externalTrafficPolicy: "Local",
          healthCheckNodePort: 32000,
          loadBalancerSourceRanges: ["10.0.0.0/8"],
        },
      ),
    ),
    fc.tuple(
      servicePorts(false),
      fc.constant({ clusterIP: "None" }),
      labels,
      fc.constantFrom({}, { sessionAffinity: "ClientIP" }),
    ),
  )
  .map(([ports, own, chosen, more]) => ({ ports, ...own, selector: chosen, ...more }));

const container = fc.record({
  name: label,
  ports: fc.uniqueArray(fc.record({ name: portName, containerPort: port, protocol }), {
    maxLength: 3,
    selector: (one) => one.name,
  }),
});
const podSpec = fc.record(
  {
    containers: fc.uniqueArray(container, { minLength: 1, maxLength: 3, selector: (one) => one.name }),
    nodeSelector: labels,
    subdomain: label,
    tolerations: fc.array(fc.oneof(fc.constant({ operator: "Exists" }), fc.record({ key, value })), { maxLength: 2 }),
    topologySpreadConstraints: fc.array(
      fc.record({
        maxSkew: fc.constant(1),
        topologyKey: key,
        whenUnsatisfiable: fc.constant("DoNotSchedule"),
        labelSelector: selector,
      }),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: ["containers"] },
);

const valid = fc.oneof(
  fc.tuple(fc.constant(["networking.k8s.io/v1", "NetworkPolicy"]), policySpec, label),
  fc.tuple(fc.constant(["v1", "Service"]), serviceSpec, letters("abz", "ab0-", 63)),
  fc.tuple(fc.constant(["v1", "Pod"]), podSpec, label),
  fc.tuple(
    fc.constant(["apps/v1", "Deployment"]),
    fc
      .tuple(
        labels.filter((some) => Object.keys(some).length > 0),
        podSpec,
      )
      .map(([own, spec]) => ({
        selector: { matchLabels: own },
        template: { metadata: { labels: own }, spec },
      })),
    label,
  ),
);

test("an object that keeps every rule is never refused, and nothing is said of it", () => {
  fc.assert(
    fc.property(valid, labels, ([[apiVersion, kind], spec, name], own) => {
      const { findings } = judged(
        JSON.stringify({ apiVersion, kind, metadata: { name, namespace: "d", labels: own }, spec }),
      );
      expect(findings).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});
