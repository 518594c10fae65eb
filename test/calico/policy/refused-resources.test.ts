import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";

function read(text: string) {
  return buildCluster(readResources(text, "policy.yaml", originTable()).resources);
}

/** What upstream's validator refuses (libcalico-go/lib/validator/v3), and where the fault stands in the file. */
const REFUSED: readonly (readonly [what: string, spec: string, place: string])[] = [
  ["ports without a protocol", "ingress: [{action: Allow, destination: {ports: [80]}}]", "5:50"],
  ["ICMP fields of TCP", "ingress: [{action: Allow, protocol: TCP, icmp: {type: 8}}]", "5:50"],
  ["a code without a type", "ingress: [{action: Allow, protocol: ICMP, icmp: {code: 1}}]", "5:51"],
  ["networks of two families", "ingress: [{action: Allow, source: {nets: [10.0.0.0/8, 'fd00::/8']}}]", "5:58"],
  ["a protocol that is none", "ingress: [{action: Allow, protocol: HTTP}]", "5:39"],
  ["an action that is none", "ingress: [{action: Drop}]", "5:22"],
  [
    "a port range from high to low",
    "egress: [{action: Allow, protocol: TCP, destination: {ports: ['90:80']}}]",
    "5:66",
  ],
  ["global() in a selector of endpoints", "selector: global()", "5:13"],
  [
    "services beside a selector",
    "egress: [{action: Allow, destination: {selector: all(), services: {name: a, namespace: b}}}]",
    "5:52",
  ],
  ["a Service in no namespace", "egress: [{action: Allow, destination: {services: {name: a}}}]", "5:52"],
  [
    "services of the source in an egress rule",
    "egress: [{action: Allow, source: {services: {name: a, namespace: b}}}]",
    "5:47",
  ],
  [
    "preDNAT with egress rules",
    "{preDNAT: true, applyOnForward: true, types: [Ingress], egress: [{action: Deny}]}",
    "4:71",
  ],
  ["doNotTrack without applyOnForward", "doNotTrack: true", "5:3"],
  ["http in a rule that denies", "ingress: [{action: Deny, http: {methods: [GET]}}]", "5:34"],
  ["a selector that stops making sense", "selector: has(a) && b === 'c'", "5:27"],
];

describe("a policy that Calico refuses", () => {
  for (const [what, spec, place] of REFUSED) {
    it(`has no effect and is told with its place: ${what}`, () => {
      const body = spec.startsWith("{") ? `spec: ${spec}` : `spec:\n  ${spec}`;
      const text = `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\n${body}\n`;
      const { cluster, findings } = read(text);
      expect(cluster.policy.globalNetworkPolicies.size).toBe(0);
      expect(findings.map(({ code, line, column }) => [code, `${line}:${column}`])).toContainEqual([
        "refused-resource",
        place,
      ]);
    });
  }
});

const KINDS = [
  ["projectcalico.org/v3", "NetworkPolicy"],
  ["projectcalico.org/v3", "GlobalNetworkPolicy"],
  ["projectcalico.org/v3", "StagedNetworkPolicy"],
  ["projectcalico.org/v3", "Tier"],
  ["projectcalico.org/v3", "GlobalNetworkSet"],
  ["projectcalico.org/v3", "HostEndpoint"],
  ["projectcalico.org/v3", "Profile"],
  ["projectcalico.org/v3", "FelixConfiguration"],
  ["projectcalico.org/v3", "KubeControllersConfiguration"],
  ["policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"],
  ["policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"],
] as const;
const FIELDS = [
  "ingress",
  "egress",
  "selector",
  "types",
  "order",
  "tier",
  "nets",
  "profiles",
  "controllers",
  "subject",
];

describe("resources of policy", () => {
  it("never throw, whatever their fields hold", () => {
    const spec = fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true });
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), fc.oneof(spec, fc.jsonValue()), ([apiVersion, kind], content) => {
        read(JSON.stringify({ apiVersion, kind, metadata: { name: "p" }, spec: content }));
      }),
    );
  });
});
