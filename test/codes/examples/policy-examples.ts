import type { POLICY_CODES } from "../../../src/model/codes/policy-codes.ts";
import { clusterFolder } from "../cluster-example.ts";
import { type Example, type ExamplesOf, textOf } from "../example.ts";

/** A folder of a cluster with one more object. */
function declared(...lines: readonly string[]): Example {
  return clusterFolder({ "more.yaml": textOf(lines) }, ["check", "shop"]);
}

function globalPolicy(...spec: readonly string[]): readonly string[] {
  return ["apiVersion: projectcalico.org/v3", "kind: GlobalNetworkPolicy", "metadata: {name: p}", "spec:", ...spec];
}

function configured(spec: string): Example {
  return declared("apiVersion: projectcalico.org/v3", "kind: FelixConfiguration", "metadata: {name: default}", spec);
}

function calicoNode(...variables: readonly string[]): readonly string[] {
  return [
    "apiVersion: apps/v1",
    "kind: DaemonSet",
    "metadata: {name: calico-node, namespace: kube-system}",
    "spec:",
    "  selector: {matchLabels: {k8s-app: calico-node}}",
    "  template:",
    "    metadata: {labels: {k8s-app: calico-node}}",
    "    spec:",
    "      hostNetwork: true",
    "      containers:",
    "        - name: calico-node",
    "          env:",
    ...variables.map((variable) => `            - {${variable}}`),
  ];
}

export const POLICY_EXAMPLES: ExamplesOf<typeof POLICY_CODES> = {
  "address-not-looked-for": declared(
    ...calicoNode("name: IP, value: autodetect"),
    "---",
    "apiVersion: projectcalico.org/v3",
    "kind: IPPool",
    "metadata: {name: six}",
    "spec: {cidr: fd00:10::/64}",
  ),
  "environment-not-honoured": declared(...calicoNode("name: FELIX_IPINIPMUT, value: '1400'")),
  "felix-cannot-program": declared(...globalPolicy("  ingress: [{action: Allow, protocol: TCP, notProtocol: UDP}]")),
  "felix-mode-not-modelled": configured("spec: {bpfEnabled: true}"),
  "felix-setting-refused": configured("spec: {serviceLoopPrevention: Ignore}"),
  "policy-reference-missing": declared(...globalPolicy("  tier: security")),
  "policy-rule-left-out": declared(
    "apiVersion: policy.networking.k8s.io/v1alpha1",
    "kind: AdminNetworkPolicy",
    "metadata: {name: p}",
    "spec:",
    "  priority: 10",
    "  subject: {namespaces: {}}",
    "  ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{namedPort: web}]}]",
  ),
  "policy-rule-not-enforced": declared(
    ...globalPolicy(
      "  ingress:",
      "    - action: Allow",
      "      protocol: TCP",
      "      source: {nets: [10.0.0.0/8, 172.16.0.0/12]}",
      "      destination: {nets: [192.168.1.0/24, 192.168.2.0/24], ports: [80, http]}",
    ),
  ),
  "policy-without-effect": declared(
    "apiVersion: projectcalico.org/v3",
    "kind: StagedGlobalNetworkPolicy",
    "metadata: {name: p}",
    "spec: {selector: all()}",
  ),
  "refused-resource": declared(
    "apiVersion: networking.k8s.io/v1",
    "kind: NetworkPolicy",
    "metadata: {name: p, namespace: shop}",
    "spec:",
    "  podSelector: {}",
    "  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]",
    "---",
    ...globalPolicy("  selector: app = 'web'"),
  ),
};
