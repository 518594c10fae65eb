import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { convertKubernetesNetworkPolicy } from "../../../src/calico/conversion/kubernetes-network-policy.ts";
import type { CalicoPolicy, CalicoRule, EntityRule, PolicyPort } from "../../../src/calico/network-policy.ts";
import { topField } from "../../../src/kubernetes/field.ts";
import { readKubernetesNetworkPolicy } from "../../../src/kubernetes/network-policy.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { upstreamText, withUpstreamData } from "../upstream-data.ts";

const FOLDER = "v3.29.2/calicoctl/test-data/convert";

/** Without the members that say nothing, as YAML leaves them out. */
function told(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([, value]) => value !== null && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

function port(port: PolicyPort): string | number {
  if (port.kind === "named") return port.name;
  return port.first === port.last ? port.first : `${port.first}:${port.last}`;
}

function entity(side: EntityRule): Readonly<Record<string, unknown>> {
  return told({ ...side, ports: side.ports.map(port), notPorts: side.notPorts.map(port) });
}

function rule(rule: CalicoRule): Readonly<Record<string, unknown>> {
  const { path: _, source, destination, ...rest } = rule;
  return { ...told(rest), source: entity(source), destination: entity(destination) };
}

/** The policy as calicoctl convert prints it. */
function printed(policy: CalicoPolicy): unknown {
  return {
    apiVersion: "projectcalico.org/v3",
    kind: "NetworkPolicy",
    metadata: { creationTimestamp: null, ...told({ name: policy.name, namespace: policy.namespace }) },
    spec: told({
      order: policy.order,
      selector: policy.selector,
      types: policy.types,
      ingress: policy.ingress.map(rule),
      egress: policy.egress.map(rule),
    }),
  };
}

function converted(text: string): readonly ReturnType<typeof convertKubernetesNetworkPolicy>[] {
  const { resources, findings } = readResources(text, "policies.yaml", originTable());
  expect(findings).toEqual([]);
  return resources.map(({ content, metadata }) =>
    convertKubernetesNetworkPolicy(readKubernetesNetworkPolicy(topField(content), metadata.origin)),
  );
}

describe("a Kubernetes NetworkPolicy as Calico's", () => {
  withUpstreamData(() => {
    for (const name of ["k8s-networkpolicy", "k8s-networkpolicy-multiple", "k8s-networkpolicy-multiple-list"]) {
      it(`is what upstream makes of ${name}`, () => {
        const policies = converted(upstreamText(`${FOLDER}/input/k8s/${name}.yaml`)).map(({ policy }) =>
          printed(policy),
        );
        const expected = load(upstreamText(`${FOLDER}/output/k8s/${name}.yaml`));
        expect(
          policies.length === 1 ? policies[0] : { apiVersion: "v1", kind: "List", metadata: {}, items: policies },
        ).toEqual(expected);
      });
    }

    it("loses a rule with a port that does not exist, and says so", () => {
      const [only] = converted(upstreamText(`${FOLDER}/input/k8s/k8s-networkpolicy-invalid.yaml`));
      expect(only?.refused).toEqual([
        { policy: "NetworkPolicy default/test-network-policy", path: ["spec", "ingress", 0], found: "-50:-1" },
      ]);
      expect(only?.policy).toMatchObject({ types: ["Ingress", "Egress"], ingress: [], egress: [{ protocol: "TCP" }] });
    });
  });
});
