import type { PolicyProblem } from "../../calico/policy-problem.ts";
import type { Resource } from "../resources/read-resources.ts";
import type { ClusterProblem } from "./cluster-problem.ts";

/** Problems of policies as the folder tells them: with the object's name and the field's place. */
export function policyClusterProblems(
  problems: readonly PolicyProblem[],
  resources: readonly Resource[],
): readonly ClusterProblem[] {
  if (problems.length === 0) return [];
  const byOrigin = new Map(resources.map(({ metadata }) => [metadata.origin, metadata]));
  return problems.flatMap(({ code, origin, path, message, expected }): readonly ClusterProblem[] => {
    const metadata = byOrigin.get(origin);
    if (metadata === undefined) return [];
    const severity = code === "policy-without-effect" ? "info" : "warning";
    return [{ code, severity, metadata, path, message, ...(expected === undefined ? {} : { expected }) }];
  });
}
