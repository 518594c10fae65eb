import type { Cluster } from "./cluster.ts";
import type { ClusterVersions, DeclaredNode } from "./declared-node.ts";
import { declaredPolicies } from "./declared-policy.ts";
import { environmentProblems } from "./environment-problems.ts";
import { felixBand } from "./felix/felix-band.ts";
import { settingProblems } from "./felix/setting-problems.ts";
import { hostEndpointProblems } from "./host-endpoint-problems.ts";
import type { PolicyProblem } from "./policy-problem.ts";

/** The Services that a rule asks for by name must be there, or nobody is meant. */
function missingServices(cluster: Cluster): readonly PolicyProblem[] {
  const { networkPolicies, globalNetworkPolicies } = cluster.policy;
  const problems: PolicyProblem[] = [];
  for (const policy of [...networkPolicies.values(), ...globalNetworkPolicies.values()]) {
    for (const rule of [...policy.ingress, ...policy.egress]) {
      for (const side of ["source", "destination"] as const) {
        const service = rule[side].services;
        if (service === null || cluster.services.has(`${service.namespace}/${service.name}`)) continue;
        problems.push({
          code: "policy-reference-missing",
          origin: policy.origin,
          path: [...rule.path, side, "services"],
          message: `there is no Service ${service.namespace}/${service.name}: the rule means nobody.`,
        });
      }
    }
  }
  return problems;
}

/** What is wrong, missing or without effect in a cluster's policies, host endpoints and settings of Felix. */
export function policyProblems(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  versions: ClusterVersions,
): readonly PolicyProblem[] {
  const band = felixBand(versions.calico) ?? "v3.29";
  return [
    ...declaredPolicies(cluster, band).problems,
    ...missingServices(cluster),
    ...hostEndpointProblems(cluster, nodes),
    ...settingProblems(cluster, nodes, band),
    ...environmentProblems(cluster),
  ];
}
