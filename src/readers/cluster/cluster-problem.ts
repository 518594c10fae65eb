import { type FieldPath, formatFieldPath } from "../../kubernetes/field.ts";
import { describeResource, type Metadata } from "../../kubernetes/metadata.ts";
import type { Finding } from "../../model/finding.ts";
import type { Origin } from "../../model/origin.ts";
import type { Resource } from "../resources/read-resources.ts";

/** Something odd about a field of an object. */
export interface ClusterProblem extends Pick<Finding, "code" | "severity" | "advice" | "expected"> {
  readonly metadata: Metadata;
  readonly path: FieldPath;
  /** Without the object's name, which comes before it. */
  readonly message: string;
}

/** So many are told one by one; the rest is counted. */
const TOLD = 100;

/** Findings with file, line, column and field path. */
export function problemFindings(
  problems: readonly ClusterProblem[],
  resources: readonly Resource[],
): readonly Finding[] {
  if (problems.length === 0) return [];
  const byOrigin = new Map<Origin, Resource>(resources.map((resource) => [resource.metadata.origin, resource]));
  const findings = problems.slice(0, TOLD).map(({ metadata, path, message, ...rest }): Finding => {
    const resource = byOrigin.get(metadata.origin);
    const place = resource?.locate(path) ?? null;
    const field = path.length === 0 ? "" : `${formatFieldPath(path)}: `;
    return {
      ...rest,
      message: `${describeResource(metadata.kind, metadata.namespace, metadata.name)}: ${field}${message}`,
      ...(resource === undefined ? {} : { file: resource.file }),
      ...(place === null ? {} : { line: place.line, column: place.column }),
    };
  });
  const [first] = problems.slice(TOLD);
  if (first === undefined) return findings;
  const message = `${problems.length - TOLD} more of these.`;
  return [
    ...findings,
    { code: first.code, severity: first.severity, message, advice: "Correct the first ones and look again." },
  ];
}
