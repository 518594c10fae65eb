import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { ROOT } from "../docs/root.ts";

const NAMES = ["snapshot", "nodes", "facts", "scenario", "packet", "result", "explain-rule"] as const;

export type SchemaName = (typeof NAMES)[number];

export function isSchemaName(name: string): name is SchemaName {
  return NAMES.some((known) => known === name);
}

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
for (const name of NAMES) ajv.addSchema(readSchema(name), name);

export function readSchema(name: SchemaName): Record<string, unknown> {
  return JSON.parse(readFileSync(join(ROOT, "schemas", `${name}.schema.json`), "utf8"));
}

/** What a schema says against a value, in words; nothing when it accepts it. */
export function errorsAgainst(name: SchemaName, value: unknown): readonly string[] {
  const validate: ValidateFunction | undefined = ajv.getSchema(name);
  if (validate === undefined) throw new Error(`there is no schema ${name}`);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
}
