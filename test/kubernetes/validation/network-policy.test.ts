import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const policy = (spec: string): string =>
  `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: d}\nspec: ${spec}\n`;
const from = (peer: string): string => policy(`{podSelector: {}, ingress: [{from: [${peer}]}]}`);
const ports = (port: string): string => policy(`{podSelector: {}, egress: [{ports: [${port}]}]}`);

const PEER = "spec.ingress[0].from[0]";
const AT = "spec.egress[0].ports[0]";

describe("a NetworkPolicy that the API server refuses has no effect, and is told with its field:", () => {
  test.each([
    ["a length beyond 32", from("{ipBlock: {cidr: 10.0.0.0/33}}"), `${PEER}.ipBlock.cidr`],
    ["an address without a length", from("{ipBlock: {cidr: 10.0.0.1}}"), `${PEER}.ipBlock.cidr`],
    ["a mask with dots", from("{ipBlock: {cidr: 10.0.0.0/255.0.0.0}}"), `${PEER}.ipBlock.cidr`],
    ["no network", from("{ipBlock: {}}"), `${PEER}.ipBlock.cidr`],
    [
      "an exception that is none",
      from("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/64]}}"),
      `${PEER}.ipBlock.except[0]`,
    ],
    [
      "an exception outside",
      from("{ipBlock: {cidr: 10.0.0.0/8, except: [192.168.0.0/16]}}"),
      `${PEER}.ipBlock.except[0]`,
    ],
    ["an exception of all", from("{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}"), `${PEER}.ipBlock.except[0]`],
    ["a wider exception", from("{ipBlock: {cidr: 'fd00::/64', except: ['fd00::/48']}}"), `${PEER}.ipBlock.except[0]`],
    [
      "an exception of the other family",
      from("{ipBlock: {cidr: 10.0.0.0/8, except: ['fd00::/64']}}"),
      `${PEER}.ipBlock.except[0]`,
    ],
    ["a network beside a selector", from("{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}"), PEER],
    ["a peer of nothing", from("{}"), PEER],
    [
      "a label's key with an equals sign",
      from("{podSelector: {matchLabels: {Like=Equals: b}}}"),
      `${PEER}.podSelector.matchLabels.Like=Equals`,
    ],
    [
      "a label's value with a slash",
      from("{namespaceSelector: {matchLabels: {a: b/c}}}"),
      `${PEER}.namespaceSelector.matchLabels.a`,
    ],
    [
      "In without values",
      policy("{podSelector: {matchExpressions: [{key: a, operator: In}]}}"),
      "spec.podSelector.matchExpressions[0].values",
    ],
    [
      "NotIn with no values",
      policy("{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}}"),
      "spec.podSelector.matchExpressions[0].values",
    ],
    [
      "Exists with values",
      policy("{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}"),
      "spec.podSelector.matchExpressions[0].values",
    ],
    [
      "an operator that is none",
      policy("{podSelector: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}}"),
      "spec.podSelector.matchExpressions[0].operator",
    ],
    [
      "a value with a blank",
      policy("{podSelector: {matchExpressions: [{key: a, operator: In, values: [b, 'c d']}]}}"),
      "spec.podSelector.matchExpressions[0].values[1]",
    ],
    [
      "an expression's key with a blank",
      policy("{podSelector: {matchExpressions: [{key: a b, operator: Exists}]}}"),
      "spec.podSelector.matchExpressions[0].key",
    ],
    ["a protocol that policies do not have", ports("{protocol: ICMP, port: 80}"), `${AT}.protocol`],
    ["a port too high", ports("{port: 70000}"), `${AT}.port`],
    ["port 0", ports("{port: 0}"), `${AT}.port`],
    ["a port by signs", ports("{port: '!@#$'}"), `${AT}.port`],
    ["a port in quotes", ports("{port: '80'}"), `${AT}.port`],
    ["a name of more than 15 letters", ports("{port: abcdefghijklmnop}"), `${AT}.port`],
    ["a range from high to low", ports("{port: 90, endPort: 80}"), `${AT}.endPort`],
    ["a range beyond all ports", ports("{port: 90, endPort: 65536}"), `${AT}.endPort`],
    ["a range without a first port", ports("{protocol: TCP, endPort: 80}"), `${AT}.endPort`],
    ["a range of a name", ports("{port: http, endPort: 80}"), `${AT}.endPort`],
    ["three types", policy("{podSelector: {}, policyTypes: [Ingress, Egress, Ingress]}"), "spec.policyTypes"],
  ])("%s", (_, text, field) => {
    expect(refusedFields(text)).toEqual([field]);
    expect(judged(text).cluster.policy.kubernetesNetworkPolicies.size).toBe(0);
  });
});

describe("a NetworkPolicy that the API server takes is read without a word:", () => {
  test.each([
    ["no peers and no ports", policy("{podSelector: {matchLabels: {a: b}}, ingress: [{from: [], ports: []}]}")],
    ["no selector at all", policy("{ingress: []}")],
    [
      "ports of every kind",
      policy(
        "{podSelector: {}, ingress: [{ports: [{port: 80}, {protocol: TCP}, {protocol: UDP, port: dns}, {protocol: SCTP, port: 7777}]}]}",
      ),
    ],
    [
      "a range of one port, and one of all",
      policy("{podSelector: {}, egress: [{ports: [{port: 80, endPort: 80}, {port: 1, endPort: 65535}]}]}"),
    ],
    ["both selectors", from("{podSelector: {matchLabels: {c: d}}, namespaceSelector: {matchLabels: {c: d}}}")],
    ["a selector of all", from("{namespaceSelector: {}}")],
    ["a network with a hole", from("{ipBlock: {cidr: 192.168.0.0/16, except: [192.168.3.0/24, 192.168.4.0/24]}}")],
    ["a network of IPv6 with a hole", from("{ipBlock: {cidr: 'fd00:192:168::/48', except: ['fd00:192:168:3::/64']}}")],
    ["a network with host bits", from("{ipBlock: {cidr: 192.168.5.6/24, except: [192.168.5.7/32]}}")],
    [
      "expressions of every kind",
      policy(
        "{podSelector: {matchExpressions: [{key: a, operator: In, values: [b, '']}, {key: x.y/z, operator: DoesNotExist, values: []}]}}",
      ),
    ],
  ])("%s", (_, text) => {
    const { cluster, findings } = judged(text);
    expect(findings).toEqual([]);
    expect(cluster.policy.kubernetesNetworkPolicies.size).toBe(1);
  });
});

test("a policy that lost one of its networks would let through other packets: it never counts without", () => {
  // the API server takes decimal numbers with zeros before them, Calico does not
  const text = from("{ipBlock: {cidr: 010.0.0.0/8}}");
  expect(refusedFields(text)).toEqual([`${PEER}.ipBlock.cidr`]);
});
