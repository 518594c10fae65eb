import { isRecord } from "../../../src/kubernetes/field.ts";
import { parseDocument } from "../../../src/readers/resources/parse-document.ts";
import { upstreamText } from "../upstream-data.ts";

/** A structural schema of a CustomResourceDefinition, as far as these tests go by it. */
export type Schema = Readonly<Record<string, unknown>>;

function record(value: unknown): Schema {
  if (!isRecord(value)) throw new Error("no mapping in a schema where there should be one");
  return value;
}

/** The schema in one of upstream's files. */
export function upstreamSchema(path: string): Schema {
  const document = parseDocument(upstreamText(path));
  if (document.kind === "error") throw new Error(document.message);
  const versions = record(record(document.value)["spec"])["versions"];
  const [first] = Array.isArray(versions) ? versions : [];
  return record(record(record(first)["schema"])["openAPIV3Schema"]);
}

export function properties(schema: Schema): readonly (readonly [string, Schema])[] {
  const { properties: inner } = schema;
  return isRecord(inner) ? Object.entries(inner).map(([name, one]) => [name, record(one)]) : [];
}

export function elementsOf(schema: Schema): Schema | null {
  return isRecord(schema["items"]) ? schema["items"] : null;
}

export function valuesOf(schema: Schema): Schema | null {
  return isRecord(schema["additionalProperties"]) ? schema["additionalProperties"] : null;
}

export function requiredOf(schema: Schema): readonly string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}
