import { describe, expect, test } from "vitest";
import { judged, refusedFields } from "./judged.ts";

const apps = (kind: string, spec: string, name = "w"): string =>
  `{apiVersion: apps/v1, kind: ${kind}, metadata: {name: ${name}, namespace: d}, spec: {${spec}}}\n`;
const batch = (kind: string, spec: string, name = "w"): string => apps(kind, spec, name).replace("apps/v1", "batch/v1");
const rc = (spec: string): string => apps("ReplicationController", spec).replace("apps/v1", "v1");
const template = (spec = "containers: [{name: c}]", labels = "{a: b}"): string =>
  `template: {metadata: {labels: ${labels}}, spec: {${spec}}}`;
const SELECTOR = "selector: {matchLabels: {a: b}}";

describe("a controller that the API server refuses makes no pods, and is told with its field:", () => {
  test.each([
    ["a negative number of pods", apps("Deployment", `replicas: -1, ${SELECTOR}, ${template()}`), "spec.replicas"],
    [
      "a selector of other labels",
      apps("Deployment", `selector: {matchLabels: {a: c}}, ${template()}`),
      "spec.selector",
    ],
    [
      "a template without labels",
      apps("DaemonSet", `${SELECTOR}, template: {spec: {containers: [{name: c}]}}`),
      "spec.selector",
    ],
    [
      "an expression that the template's labels are against",
      apps("StatefulSet", `selector: {matchExpressions: [{key: a, operator: DoesNotExist}]}, ${template()}`),
      "spec.selector",
    ],
    ["a selector of all", apps("ReplicaSet", `selector: {}, ${template()}`), "spec.selector"],
    [
      "a selector that is none",
      apps("Deployment", `selector: {matchExpressions: [{key: a, operator: In}]}, ${template()}`),
      "spec.selector.matchExpressions[0].values",
    ],
    [
      "a label of the template",
      apps("Deployment", `${SELECTOR}, ${template("containers: [{name: c}]", '{a: b, "c d": e}')}`),
      "spec.template.metadata.labels.c d",
    ],
    [
      "a port of the template",
      apps("Deployment", `${SELECTOR}, ${template("containers: [{name: c, ports: [{containerPort: 70000}]}]")}`),
      "spec.template.spec.containers[0].ports[0].containerPort",
    ],
    [
      "no container of the template",
      apps("Deployment", `${SELECTOR}, ${template("containers: []")}`),
      "spec.template.spec.containers",
    ],
    [
      "a Deployment of what runs once",
      apps("Deployment", `${SELECTOR}, ${template("restartPolicy: Never, containers: [{name: c}]")}`),
      "spec.template.spec.restartPolicy",
    ],
    [
      "a Job of what always runs",
      batch("Job", template("restartPolicy: Always, containers: [{name: c}]")),
      "spec.template.spec.restartPolicy",
    ],
    [
      "a negative number at a time",
      batch("Job", `parallelism: -1, ${template("restartPolicy: Never")}`),
      "spec.parallelism",
    ],
    [
      "a port of a CronJob's template",
      batch(
        "CronJob",
        `schedule: '* * * * *', jobTemplate: {spec: {${template("containers: [{name: c, ports: [{containerPort: 0}]}]")}}}`,
      ),
      "spec.jobTemplate.spec.template.spec.containers[0].ports[0].containerPort",
    ],
    [
      "a CronJob's name of 53 letters",
      batch("CronJob", `schedule: '* * * * *', jobTemplate: {spec: {${template()}}}`, "a".repeat(53)),
      "metadata.name",
    ],
    ["a selector of a ReplicationController", rc(`selector: {a: c}, ${template()}`), "spec.selector"],
  ])("%s", (_, text, field) => {
    expect(refusedFields(text)).toEqual([field]);
    expect(judged(text).cluster.controllers.size).toBe(0);
  });
});

describe("a controller that the API server takes is read without a word:", () => {
  test.each([
    ["no pods", apps("Deployment", `replicas: 0, ${SELECTOR}, ${template()}`)],
    [
      "expressions",
      apps(
        "StatefulSet",
        `selector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b, c]}, {key: x, operator: NotIn, values: [y]}]}, ${template()}`,
      ),
    ],
    [
      "one port twice in the node's network, of which its pods are told",
      apps(
        "DaemonSet",
        `${SELECTOR}, ${template("hostNetwork: true, containers: [{name: c, ports: [{containerPort: 80}, {containerPort: 80}]}]")}`,
      ),
    ],
    ["a Job that says when to run again", batch("Job", template("restartPolicy: OnFailure, containers: [{name: c}]"))],
    ["a Job that does not say", batch("Job", template())],
    [
      "a CronJob's name of 52 letters",
      batch("CronJob", `schedule: '* * * * *', jobTemplate: {spec: {${template()}}}`, "a".repeat(52)),
    ],
    ["a ReplicationController without a selector", rc(template())],
    ["a ReplicationController with an empty one", rc(`selector: {}, ${template()}`)],
  ])("%s", (_, text) => {
    const { cluster, findings } = judged(text);
    expect(findings).toEqual([]);
    expect(cluster.controllers.size).toBe(1);
  });
});
