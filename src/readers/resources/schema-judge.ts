import { calicoMinor } from "../../calico/calico-version.ts";
import { calicoShape, OPERATOR, operatorShape } from "../../calico/schema/calico-shapes.ts";
import type { Field } from "../../kubernetes/field.ts";
import { checkShape, type UnknownField } from "../../kubernetes/schema/check-shape.ts";
import { configurationShape, kubernetesShape, metadataShape } from "../../kubernetes/schema/kubernetes-shape.ts";
import type { FieldShape, SchemaAge, Shape } from "../../kubernetes/schema/shape.ts";
import { CALICO } from "./shelf.ts";

/** Complains of what the API server of a cluster refuses in an object, and tells the fields that it does not know. */
export type SchemaJudge = (apiVersion: string, kind: string, resource: Field) => readonly UnknownField[];

const ANY: FieldShape = { shape: { type: "any", limits: [], nullable: false }, when: "always" };

/** v3.29 is the last release of the older schemas that are known, v3.33 the first of the newer ones. */
function ageOf(calicoVersion: string): SchemaAge {
  const minor = calicoMinor(calicoVersion) ?? 29;
  return minor <= 29 ? "earlier" : minor >= 33 ? "later" : "between";
}

function whole(inner: Shape, metadata: FieldShape): Shape {
  if (inner.type !== "object") return inner;
  const around: readonly (readonly [string, FieldShape])[] = [
    ["apiVersion", ANY],
    ["kind", ANY],
    ["metadata", metadata],
    ["status", ANY],
  ];
  return { ...inner, fields: new Map([...around, ...inner.fields]) };
}

/**
 * The judge of a cluster with a release of Calico. Of kinds whose schema is not known nothing is said.
 *
 * @param calicoVersion such as `v3.29.2`
 */
export function schemaJudge(calicoVersion: string): SchemaJudge {
  const age = ageOf(calicoVersion);
  const shapes = new Map<string, Shape | null>();
  const shapeOf = (apiVersion: string, kind: string): Shape | null => {
    const slash = apiVersion.indexOf("/");
    const group = slash < 0 ? "" : apiVersion.slice(0, slash);
    const isCalico = CALICO.includes(group);
    const configuration = configurationShape(group, kind);
    // a configuration of a program has no metadata; podpath gives it a name
    if (configuration !== null) return whole(configuration, ANY);
    const inner = isCalico
      ? calicoShape(kind)
      : group === OPERATOR
        ? operatorShape(kind)
        : kubernetesShape(group, kind);
    if (inner === null) return null;
    // calicoctl takes labels that kubectl does not
    const metadata = apiVersion === "projectcalico.org/v3" ? ANY : { ...ANY, shape: metadataShape() };
    return whole(inner, metadata);
  };
  return (apiVersion, kind, resource) => {
    const key = `${apiVersion} ${kind}`;
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = shapeOf(apiVersion, kind);
      shapes.set(key, shape);
    }
    return shape === null ? [] : checkShape(resource, shape, age);
  };
}
