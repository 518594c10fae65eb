import { originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { schemaJudge } from "../../../src/readers/resources/schema-judge.ts";

/** A text of manifests as a cluster that judges them takes it. */
export function judged(text: string) {
  const { resources, findings } = readResources(text, "x.yaml", originTable());
  const built = buildCluster(resources, schemaJudge("v3.29.2"));
  return { cluster: built.cluster, findings: [...findings, ...built.findings] };
}

/** The fields for which an object is refused, as their findings name them: `spec.ports[0].name`. */
export function refusedFields(text: string): readonly string[] {
  return judged(text).findings.flatMap(({ code, message }) => {
    if (code !== "refused-resource") return [];
    return /: (.*?) is (?:missing|an? |the |"|null)/.exec(message)?.[1] ?? message;
  });
}
