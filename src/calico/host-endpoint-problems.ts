import type { Cluster } from "./cluster.ts";
import type { DeclaredNode } from "./declared-node.ts";
import type { PolicyProblem } from "./policy-problem.ts";

const BUILT_IN_PROFILE = /^(?:projectcalico-default-allow|kns\..*|ksa\..*)$/;

/** Host endpoints of nodes that are not there, and those with profiles that are not there. */
export function hostEndpointProblems(cluster: Cluster, nodes: readonly DeclaredNode[]): readonly PolicyProblem[] {
  const names = new Set(nodes.map(({ name }) => name));
  const problems: PolicyProblem[] = [];
  for (const { metadata, node, profiles } of cluster.policy.hostEndpoints.values()) {
    const missing = (path: PolicyProblem["path"], message: string): void => {
      problems.push({ code: "policy-reference-missing", origin: metadata.origin, path, message });
    };
    if (!names.has(node)) missing(["spec", "node"], `there is no node ${node}: the endpoint holds nowhere.`);
    for (const [i, profile] of profiles.entries()) {
      if (BUILT_IN_PROFILE.test(profile) || cluster.policy.profiles.has(profile)) continue;
      missing(["spec", "profiles", i], `there is no profile ${profile}: it allows nothing.`);
    }
  }
  return problems;
}
