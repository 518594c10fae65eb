import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { kubernetesShape, metadataShape } from "../../../src/kubernetes/schema/kubernetes-shape.ts";
import type { Shape } from "../../../src/kubernetes/schema/shape.ts";

/** The types of the API, made of Kubernetes 1.30's OpenAPI document by somebody else. */
const FILES = ["core/v1", "apps/v1", "batch/v1", "networking/v1", "discovery/v1", "meta/v1"];

/** Fields that came after 1.30 (read in later releases' types). */
const NEWER = new Set([
  "PodSpec.hostnameOverride",
  "PodSpec.resources",
  "PodSpec.schedulingGroup",
  "Container.restartPolicyRules",
  "EphemeralContainer.restartPolicyRules",
  "EndpointHints.forNodes",
]);

type Fields = ReadonlyMap<string, string>;

function interfaces(): ReadonlyMap<string, Fields> {
  const found = new Map<string, Fields>();
  for (const file of FILES) {
    const path = fileURLToPath(import.meta.resolve(`kubernetes-types/${file}.d.ts`));
    const source = ts.createSourceFile(file, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (!ts.isInterfaceDeclaration(statement)) continue;
      const fields = statement.members.flatMap((one) =>
        ts.isPropertySignature(one) && one.type !== undefined
          ? ([[one.name.getText(), one.type.getText()]] as const)
          : [],
      );
      // EndpointPort is one of core/v1 and one of discovery/v1, with the same fields
      found.set(statement.name.text, new Map(fields));
    }
  }
  return found;
}

/** Where a shape and a type of the judge differ, as paths. */
function differences(shape: Shape, type: string, all: ReadonlyMap<string, Fields>, path: string): readonly string[] {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  const map = /^\{\s*\[name: string\]: (.*?);?\s*\}$/.exec(type)?.[1];
  const fields = all.get(type);
  const wrong = [`${path} is ${shape.type}, not ${type.replaceAll(/\s+/g, " ")}`];
  switch (shape.type) {
    case "any":
      return [];
    case "list":
      return list === undefined ? wrong : differences(shape.of, list, all, `${path}[]`);
    case "map":
      return map === undefined ? wrong : differences(shape.of, map, all, `${path}{}`);
    case "object": {
      if (fields === undefined) return wrong;
      const mine = [...shape.fields.keys()].filter((name) => !fields.has(name) && !NEWER.has(`${type}.${name}`));
      const theirs = [...fields.keys()].filter(
        (name) => !shape.fields.has(name) && !["apiVersion", "kind", "metadata", "status"].includes(name),
      );
      return [
        ...mine.map((name) => `${path}.${name} is no field of ${type}`),
        ...theirs.map((name) => `${path}.${name} of ${type} is missing`),
        ...[...shape.fields].flatMap(([name, field]) => {
          const its = fields.get(name);
          return its === undefined ? [] : differences(field.shape, its, all, `${path}.${name}`);
        }),
      ];
    }
    case "string":
      return ["string", "Time", "MicroTime"].includes(type) ? [] : wrong;
    case "integer":
    case "number":
      return type === "number" ? [] : wrong;
    case "boolean":
      return type === "boolean" ? [] : wrong;
    case "int-or-string":
      return /IntOrString|number \| string/.test(type) ? [] : wrong;
  }
}

const KINDS: readonly (readonly [string, string])[] = [
  ["", "Pod"],
  ["", "ReplicationController"],
  ["", "Service"],
  ["", "Endpoints"],
  ["", "Namespace"],
  ["", "Node"],
  ["", "ServiceAccount"],
  ["", "ConfigMap"],
  ["", "Secret"],
  ["apps", "Deployment"],
  ["apps", "ReplicaSet"],
  ["apps", "DaemonSet"],
  ["apps", "StatefulSet"],
  ["batch", "Job"],
  ["batch", "CronJob"],
  ["discovery.k8s.io", "EndpointSlice"],
  ["networking.k8s.io", "NetworkPolicy"],
];

describe("the fields and types of Kubernetes' kinds are those of its OpenAPI document", () => {
  const all = interfaces();
  test.each(KINDS)("%s %s", (group, kind) => {
    const shape = kubernetesShape(group, kind);
    if (shape === null) throw new Error(`no shape of ${kind}`);
    const found = differences(shape, kind, all, kind);
    // one block serves all three sorts of containers
    const shared = (line: string): boolean => /targetContainerName is no field of Container$/.test(line);
    expect(found.filter((line) => !shared(line))).toEqual([]);
  });

  test("metadata", () => {
    expect(differences(metadataShape(), "ObjectMeta", all, "metadata")).toEqual([]);
  });
});
