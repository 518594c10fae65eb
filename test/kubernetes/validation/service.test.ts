import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const service = (spec: string, metadata = "name: s, namespace: d"): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {${metadata}}\nspec: {${spec}}\n`;

const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";
const RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const PORT = "ports: [{port: 80}]";
const BALANCER = `type: LoadBalancer, ${PORT}`;
const DUAL = "ipFamilyPolicy: RequireDualStack";

/** What upstream's own tests refuse (pkg/apis/core/validation, TestValidateServiceCreate and TestValidateServiceExternalTrafficPolicy). */
const REFUSED: readonly (readonly [what: string, spec: string, ...fields: string[]])[] = [
  ["no ports", "selector: {a: b}", "spec.ports"],
  ["a port without its number", "ports: [{name: a}]", "spec.ports[0].port"],
  ["port 0", "ports: [{port: 0}]", "spec.ports[0].port"],
  ["port 65536", "ports: [{port: 65536}]", "spec.ports[0].port"],
  ["a protocol that no Service has", "ports: [{port: 80, protocol: ICMP}]", "spec.ports[0].protocol"],
  ["a target port that is none", "ports: [{port: 80, targetPort: 65536}]", "spec.ports[0].targetPort"],
  ["a target port by a name with underscores", "ports: [{port: 80, targetPort: a_b}]", "spec.ports[0].targetPort"],
  ["a target port by a number in quotes", "ports: [{port: 80, targetPort: '80'}]", "spec.ports[0].targetPort"],
  ["several ports without names", "ports: [{port: 80}, {port: 81}]", "spec.ports[0].name", "spec.ports[1].name"],
  ["one name for two ports", "ports: [{name: a, port: 80}, {name: a, port: 81}]", "spec.ports[1].name"],
  ["a port's name in capitals", "ports: [{name: Http, port: 80}]", "spec.ports[0].name"],
  ["one port twice", "ports: [{name: a, port: 80}, {name: b, port: 80, protocol: TCP}]", "spec.ports[1].port"],
  ["an application protocol with braces", "ports: [{port: 80, appProtocol: 'a.b/{c}'}]", "spec.ports[0].appProtocol"],
  ["a node port of a ClusterIP Service", "ports: [{port: 80, nodePort: 30080}]", "spec.ports[0].nodePort"],
  [
    "one node port twice",
    "type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]",
    "spec.ports[1].nodePort",
  ],
  ["a negative node port", "type: NodePort, ports: [{port: 80, nodePort: -1}]", "spec.ports[0].nodePort"],
  ["the kubelet's port at a load balancer", "type: LoadBalancer, ports: [{port: 10250}]", "spec.ports[0].port"],
  ["a type that is none", `type: Cluster, ${PORT}`, "spec.type"],
  ["None for a LoadBalancer", `clusterIP: None, ${BALANCER}`, "spec.clusterIP"],
  ["None for a NodePort Service", `type: NodePort, clusterIP: None, ${PORT}`, "spec.clusterIP"],
  ["an address that is none", `clusterIP: 10.96.0.300, ${PORT}`, "spec.clusterIP"],
  ["clusterIPs without clusterIP", `clusterIPs: [10.96.0.7], ${PORT}`, "spec.clusterIP"],
  [
    "clusterIP that is not the first of clusterIPs",
    `clusterIP: 10.96.0.7, clusterIPs: [10.96.0.8], ${PORT}`,
    "spec.clusterIPs",
  ],
  ["None beside an address", `clusterIP: None, clusterIPs: [None, 'fd00::1'], ${DUAL}, ${PORT}`, "spec.clusterIPs"],
  [
    "an address beside None",
    `clusterIP: 'fd00::1', clusterIPs: ['fd00::1', None], ${DUAL}, ${PORT}`,
    "spec.clusterIPs",
  ],
  [
    "two addresses of one family",
    `clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7, 10.96.0.8], ${DUAL}, ${PORT}`,
    "spec.clusterIPs[1]",
  ],
  [
    "three addresses",
    `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1', 10.0.0.2], ${DUAL}, ${PORT}`,
    "spec.clusterIPs",
    "spec.clusterIPs[2]",
  ],
  [
    "an address of another family than asked for",
    `clusterIP: 10.96.0.7, ipFamilies: [IPv6], ${PORT}`,
    "spec.clusterIP",
  ],
  ["one family twice", `ipFamilies: [IPv6, IPv6], ${DUAL}, ${PORT}`, "spec.ipFamilies[1]"],
  ["a family that is none", `ipFamilies: [IPv5], ${PORT}`, "spec.ipFamilies[0]"],
  ["two families of a Service for one", `ipFamilies: [IPv4, IPv6], ${PORT}`, "spec.ipFamilyPolicy"],
  [
    "two addresses of a Service for one",
    `ipFamilyPolicy: SingleStack, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1'], ${PORT}`,
    "spec.ipFamilyPolicy",
  ],
  ["a selector with a blank in a key", `selector: {"a b": c}, ${PORT}`, "spec.selector.a b"],
  ["a selector with a slash in a value", `selector: {a: b/c}, ${PORT}`, "spec.selector.a"],
  ["an affinity that is none", `sessionAffinity: Client, ${PORT}`, "spec.sessionAffinity"],
  [
    "an affinity for no time",
    `sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: -1}}, ${PORT}`,
    "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
  ],
  ["an external address that is none", `externalIPs: [myhost.mydomain], ${PORT}`, "spec.externalIPs[0]"],
  ["an unspecified external address", `externalIPs: [0.0.0.0], ${PORT}`, "spec.externalIPs[0]"],
  ["the loopback address as external", `externalIPs: [127.0.0.1], ${PORT}`, "spec.externalIPs[0]"],
  ["a link-local external address", `externalIPs: [169.254.1.1], ${PORT}`, "spec.externalIPs[0]"],
  [
    "source ranges of a ClusterIP Service",
    `loadBalancerSourceRanges: [10.0.0.0/8], ${PORT}`,
    "spec.loadBalancerSourceRanges",
  ],
  [
    "a source range that is a name",
    `loadBalancerSourceRanges: [foo.bar], ${BALANCER}`,
    "spec.loadBalancerSourceRanges[0]",
  ],
  [
    "a source range without a length",
    `loadBalancerSourceRanges: [10.0.0.1], ${BALANCER}`,
    "spec.loadBalancerSourceRanges[0]",
  ],
  ["a source range of blanks", `loadBalancerSourceRanges: ['  '], ${BALANCER}`, "spec.loadBalancerSourceRanges[0]"],
  [
    "node ports of a load balancer that there is not",
    `allocateLoadBalancerNodePorts: true, ${PORT}`,
    "spec.allocateLoadBalancerNodePorts",
  ],
  ["a class of load balancers of a ClusterIP Service", `loadBalancerClass: a.com/b, ${PORT}`, "spec.loadBalancerClass"],
  ["a class of load balancers in capitals", `loadBalancerClass: Bad/b, ${BALANCER}`, "spec.loadBalancerClass"],
  ["an external policy of an inner Service", `externalTrafficPolicy: Local, ${PORT}`, "spec.externalTrafficPolicy"],
  ["an external policy that is none", `externalTrafficPolicy: invalid, ${BALANCER}`, "spec.externalTrafficPolicy"],
  ["an internal policy that is none", `internalTrafficPolicy: invalid, ${PORT}`, "spec.internalTrafficPolicy"],
  ["a distribution that is none", `trafficDistribution: Random, ${PORT}`, "spec.trafficDistribution"],
  ["a health check of policy Cluster", `healthCheckNodePort: 31100, ${BALANCER}`, "spec.healthCheckNodePort"],
  [
    "a health check of a NodePort Service",
    `type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 31100, ${PORT}`,
    "spec.healthCheckNodePort",
  ],
  [
    "a negative health check port",
    `externalTrafficPolicy: Local, healthCheckNodePort: -1, ${BALANCER}`,
    "spec.healthCheckNodePort",
  ],
  ["an ExternalName without a name", "type: ExternalName", "spec.externalName"],
  ["an ExternalName that is no DNS name", "type: ExternalName, externalName: '-123'", "spec.externalName"],
  ["an ExternalName with an address", "type: ExternalName, externalName: a.b, clusterIP: 10.0.0.1", "spec.clusterIP"],
  ["an ExternalName with None", "type: ExternalName, externalName: a.b, clusterIP: None", "spec.clusterIP"],
  ["an ExternalName with families", "type: ExternalName, externalName: a.b, ipFamilies: [IPv4]", "spec.ipFamilies"],
];

describe("a Service that the API server refuses has no effect, and is told with its field:", () => {
  test.each(REFUSED)("%s", (_, spec, ...fields) => {
    const text = service(spec);
    expect(refusedFields(text)).toEqual(fields);
    expect(judged(text).cluster.services.size).toBe(0);
  });

  test.each([
    ["a name with a dot", "name: a.b, namespace: d", "metadata.name"],
    ["a name that begins with a digit", "name: 1a, namespace: d", "metadata.name"],
    ["a name in capitals", "name: A, namespace: d", "metadata.name"],
    ["a name of 64 letters", `name: ${"a".repeat(64)}, namespace: d`, "metadata.name"],
    ["a namespace with a dot", "name: a, namespace: d.e", "metadata.namespace"],
    ["a label's key with two slashes", 'name: a, labels: {"a/b/c": d}', "metadata.labels.a/b/c"],
    ["a label's value that ends with a dash", "name: a, labels: {a: b-}", "metadata.labels.a"],
    ["an annotation's key with a blank", 'name: a, annotations: {"a b": c}', "metadata.annotations.a b"],
    [
      "topology annotations that disagree",
      `name: a, annotations: {${HINTS}: Auto, ${MODE}: Disabled}`,
      `metadata.annotations.${MODE}`,
    ],
    [
      "source ranges by annotation without a load balancer",
      `name: a, annotations: {${RANGES}: ''}`,
      `metadata.annotations.${RANGES}`,
    ],
  ])("%s", (_, metadata, field) => {
    expect(refusedFields(service(PORT, metadata))).toEqual([field]);
  });

  test("a source range by annotation that is none", () => {
    const text = service(BALANCER, `name: a, annotations: {${RANGES}: '10.0.0.0/8, 1.2.3.4/33'}`);
    expect(refusedFields(text)).toEqual([`metadata.annotations.${RANGES}`]);
  });
});

describe("a Service that the API server takes is read without a word:", () => {
  test.each([
    ["one port without a name", PORT],
    ["two names, two protocols at one port", "ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]"],
    [
      "target port 0 and an empty one, which stand for the port",
      "ports: [{name: a, port: 80, targetPort: 0}, {name: b, port: 81, targetPort: ''}]",
    ],
    ["a target port by name", "ports: [{port: 80, targetPort: http-2}]"],
    ["port names of digits, and of 63 letters", `ports: [{name: '1', port: 80}, {name: ${"a".repeat(63)}, port: 81}]`],
    ["the kubelet's port inside the cluster", "ports: [{port: 10250}]"],
    ["node port 0", "ports: [{port: 80, nodePort: 0}]"],
    [
      "one node port for two protocols",
      "type: NodePort, ports: [{name: a, port: 53, nodePort: 30053}, {name: b, port: 53, nodePort: 30053, protocol: UDP}]",
    ],
    ["headless without ports", "clusterIP: None, selector: {a: b}"],
    ["headless by both fields", "clusterIP: None, clusterIPs: [None], selector: {a: b}"],
    ["headless without selector, of two families, by default", "clusterIP: None, ipFamilies: [IPv4, IPv6]"],
    ["an empty address", `clusterIP: '', ${PORT}`],
    ["an address in both fields", `clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ipFamilies: [IPv4], ${PORT}`],
    ["addresses of two families", `clusterIP: 'fd00::1', clusterIPs: ['fd00::1', 10.96.0.7], ${DUAL}, ${PORT}`],
    [
      "two addresses, one family told",
      `clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1'], ipFamilies: [IPv4], ipFamilyPolicy: PreferDualStack, ${PORT}`,
    ],
    ["one address, two families", `clusterIP: 10.0.0.1, ipFamilies: [IPv4, IPv6], ${DUAL}, ${PORT}`],
    ["two families preferred", `ipFamilies: [IPv6, IPv4], ipFamilyPolicy: PreferDualStack, ${PORT}`],
    ["a selector with a domain and an empty value", `selector: {a.b/c_d: ''}, ${PORT}`],
    [
      "affinity settings that nobody asks for, which are dropped",
      `sessionAffinityConfig: {clientIP: {timeoutSeconds: 90}}, ${PORT}`,
    ],
    [
      "affinity for a day",
      `sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}, ${PORT}`,
    ],
    ["external addresses of both families", `externalIPs: [203.0.113.7, '2001:db8::7'], ${PORT}`],
    ["an external policy with external addresses", `externalIPs: [203.0.113.7], externalTrafficPolicy: Local, ${PORT}`],
    ["source ranges with blanks around", `loadBalancerSourceRanges: ['10.0.0.0/8  ', ' 5.6.7.8/16'], ${BALANCER}`],
    [
      "node ports that a load balancer does without",
      `allocateLoadBalancerNodePorts: false, loadBalancerClass: a.com/b, ${BALANCER}`,
    ],
    ["a health check", `externalTrafficPolicy: Local, healthCheckNodePort: 31100, ${BALANCER}`],
    ["an ExternalName with a dot at its end", "type: ExternalName, externalName: a.example.com."],
    ["an internal policy of an ExternalName", "type: ExternalName, externalName: a.b, internalTrafficPolicy: Cluster"],
    [
      "fields that are null",
      `clusterIP: null, clusterIPs: null, externalIPs: null, selector: null, externalTrafficPolicy: null, ${PORT}`,
    ],
  ])("%s", (_, spec) => {
    const { cluster, findings } = judged(service(spec));
    expect(findings).toEqual([]);
    expect(cluster.services.size).toBe(1);
  });
});

test("an object that is refused leaves another of its name as it is", () => {
  const text = `${service("ports: [{port: 0}]")}---\n${service("ports: [{port: 81}]")}`;
  const { cluster, findings } = judged(text);
  expect(cluster.services.get("d/s")?.ports.map(({ port }) => port)).toEqual([81]);
  expect(findings.map(({ code }) => code)).toEqual(["refused-resource"]);
});
