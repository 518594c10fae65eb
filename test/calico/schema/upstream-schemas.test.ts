import { Ajv, type ErrorObject } from "ajv";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calicoShape } from "../../../src/calico/schema/calico-shapes.ts";
import { topField } from "../../../src/kubernetes/field.ts";
import { checkShape } from "../../../src/kubernetes/schema/check-shape.ts";
import { kubernetesShape } from "../../../src/kubernetes/schema/kubernetes-shape.ts";
import type { Shape } from "../../../src/kubernetes/schema/shape.ts";
import { parsePrefix } from "../../../src/net/prefix.ts";
import { withUpstreamData } from "../upstream-data.ts";
import { pruned, randomObject } from "./random-object.ts";
import { linesOfSchema, linesOfShape } from "./shape-lines.ts";
import { properties, type Schema, upstreamSchema } from "./upstream-schema.ts";

const KINDS = [
  "BGPConfiguration",
  "BGPFilter",
  "BGPPeer",
  "BlockAffinity",
  "FelixConfiguration",
  "GlobalNetworkPolicy",
  "GlobalNetworkSet",
  "HostEndpoint",
  "IPAMBlock",
  "IPAMConfig",
  "IPAMHandle",
  "IPPool",
  "IPReservation",
  "KubeControllersConfiguration",
  "NetworkPolicy",
  "NetworkSet",
  "StagedGlobalNetworkPolicy",
  "StagedKubernetesNetworkPolicy",
  "StagedNetworkPolicy",
  "Tier",
];

interface Case {
  readonly kind: string;
  readonly age: "earlier" | "later";
  readonly file: string;
  readonly shape: Shape | null;
}

const plural = (kind: string): string => `${kind.toLowerCase().replace(/y$/, "ie")}s`;

const CASES: readonly Case[] = [
  ...KINDS.flatMap((kind): readonly Case[] =>
    (["earlier", "later"] as const)
      .filter((age) => age === "later" || !kind.startsWith("Staged"))
      .map((age) => ({
        kind,
        age,
        file: `${age === "earlier" ? "v3.29.2" : "head"}/libcalico-go/config/crd/crd.projectcalico.org_${plural(kind)}.yaml`,
        shape: calicoShape(kind),
      })),
  ),
  {
    kind: "AdminNetworkPolicy",
    age: "earlier",
    file: "v3.29.2/libcalico-go/config/crd/policy.networking.k8s.io_adminnetworkpolicies.yaml",
    shape: kubernetesShape("policy.networking.k8s.io", "AdminNetworkPolicy"),
  },
  {
    kind: "ClusterNetworkPolicy",
    age: "later",
    file: "head/libcalico-go/config/crd/policy.networking.k8s.io_clusternetworkpolicies.yaml",
    shape: kubernetesShape("policy.networking.k8s.io", "ClusterNetworkPolicy"),
  },
];

/** Metadata and status are no part of what is compared. */
function specOf(schema: Schema): Schema {
  const fields = properties(schema).filter(([name]) => !["apiVersion", "kind", "metadata", "status"].includes(name));
  const { required } = schema;
  const names = Array.isArray(required) ? required.filter((name) => name === "spec") : [];
  return { type: "object", properties: Object.fromEntries(fields), ...(names.length > 0 ? { required: names } : {}) };
}

/** Selectors by label and blockaffinity's `deleted`, which the two API groups type differently, are taken as podpath has them. */
const lenient = (lines: readonly string[]): readonly string[] =>
  lines
    .filter((line) => !/matchExpressions|matchLabels|namespaceSelector|podSelector|\.namespaces:|\.nodes:/.test(line))
    .map((line) => line.replace(/deleted\*: string$/, "deleted*: any"))
    .sort();

function judgeOf(schema: Schema): (value: unknown) => readonly string[] {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.addFormat("cidr", (text) => text.includes("/") && parsePrefix(text) !== null);
  ajv.addFormat("date-time", (text) => !Number.isNaN(Date.parse(text)));
  for (const format of ["int32", "int64"]) ajv.addFormat(format, true);
  const plain = JSON.parse(JSON.stringify(schema), (_, value) => {
    const pattern: unknown = value?.pattern;
    if (typeof pattern !== "string" || !pattern.includes("(?i)")) return value;
    const letters = pattern
      .replace("(?i)", "")
      .replace(/[A-Za-z]/g, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
    return { ...value, pattern: letters };
  });
  // JavaScript's u flag refuses a dash that Go takes for itself
  const check = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, formats: ajv.formats }).compile(plain);
  const place = ({ instancePath, keyword, params }: ErrorObject): string =>
    keyword === "required" ? `${instancePath}/${String(params["missingProperty"])}` : instancePath;
  return (value) => (check(value) ? [] : [...new Set((check.errors ?? []).map(place))].sort());
}

withUpstreamData(() => {
  describe.each(CASES)("$kind, $age", ({ age, file, shape }) => {
    test("asks for the same fields, types and limits as upstream's schema", () => {
      if (shape === null) throw new Error("no shape");
      expect(lenient(linesOfShape(shape, age))).toEqual(lenient(linesOfSchema(specOf(upstreamSchema(file)))));
    });

    test("refuses the objects that upstream's schema refuses, at the same fields, and no others", () => {
      if (shape === null) throw new Error("no shape");
      const schema = specOf(upstreamSchema(file));
      const judge = judgeOf(schema);
      fc.assert(
        fc.property(randomObject(schema), (object) => {
          fc.pre(object !== null);
          const field = topField(object);
          const unknown = checkShape(field, shape, age);
          const path = (parts: readonly (string | number)[]): string => parts.map((part) => `/${part}`).join("");
          const kept = pruned(object, schema);
          expect(unknown.map((one) => path(one.path)).sort()).toEqual([...kept.unknown].sort());
          const refused = judge(kept.value);
          // what the API server's own code asks of selectors by label goes beyond the schema
          const more = (at: string): boolean =>
            /\/(?:operator|matchLabels\/\w+|deleted)$/.test(at) && !refused.includes(at);
          const told = field.problems.map((problem) => path(problem.path)).filter((at) => !more(at));
          expect(told.sort()).toEqual(refused.filter((at) => !at.endsWith("/deleted") || told.includes(at)));
        }),
        { numRuns: 150 },
      );
    });
  });
});
