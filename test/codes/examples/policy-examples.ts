import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import type { POLICY_CODES } from "../../../src/model/codes/policy-codes.ts";
import { originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { declaredNode } from "../../calico/felix/declared-node-fixture.ts";
import { type ExamplesOf, type LibraryExample, snapshot, textOf } from "../example.ts";

/** What Felix of a declared cluster says of a policy. */
function declared(...lines: readonly string[]): LibraryExample {
  return {
    library: () => {
      const origins = originTable();
      const { cluster } = buildCluster(readResources(textOf(lines), "policy.yaml", origins).resources);
      const versions = { calico: "v3.29.2", kubernetes: "v1.31.3" };
      return felixContext(cluster, [], { tunnels: new Map() }, versions, origins).findings;
    },
  };
}

function globalPolicy(...spec: readonly string[]): readonly string[] {
  return ["apiVersion: projectcalico.org/v3", "kind: GlobalNetworkPolicy", "metadata: {name: p}", "spec:", ...spec];
}

/** What Felix of a node says of its own settings. */
function configured(...spec: readonly string[]): LibraryExample {
  return {
    library: () => {
      const origins = originTable();
      const lines = [
        "apiVersion: projectcalico.org/v3",
        "kind: FelixConfiguration",
        "metadata: {name: default}",
        ...spec,
      ];
      const { cluster } = buildCluster(readResources(textOf(lines), "felix.yaml", origins).resources);
      const versions = { calico: "v3.29.2", kubernetes: "v1.31.3" };
      const node = declaredNode("n1");
      return felixOfNode(node, felixContext(cluster, [node], { tunnels: new Map() }, versions, origins)).findings;
    },
  };
}

export const POLICY_EXAMPLES: ExamplesOf<typeof POLICY_CODES> = {
  "felix-cannot-program": declared(...globalPolicy("  ingress: [{action: Allow, protocol: TCP, notProtocol: UDP}]")),
  "felix-mode-not-modelled": configured("spec: {bpfEnabled: true}"),
  "felix-setting-refused": configured("spec: {serviceLoopPrevention: Ignore}"),
  "policy-reference-missing": declared(...globalPolicy("  tier: security")),
  "policy-rule-left-out": declared(
    "apiVersion: networking.k8s.io/v1",
    "kind: NetworkPolicy",
    "metadata: {name: p, namespace: shop}",
    "spec:",
    "  podSelector: {}",
    "  ingress: [{ports: [{port: 443, endPort: 80}]}]",
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
  "refused-resource": snapshot({
    "cluster/policy.yaml": textOf(globalPolicy("  selector: app = 'web'")),
  }),
};
