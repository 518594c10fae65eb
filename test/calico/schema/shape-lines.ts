import { holds, type Limit, type SchemaAge, type Shape } from "../../../src/kubernetes/schema/shape.ts";
import { elementsOf, properties, requiredOf, type Schema, valuesOf } from "./upstream-schema.ts";

const RANGES = [
  ["range", "minimum", "maximum"],
  ["length", "minLength", "maxLength"],
  ["items", "minItems", "maxItems"],
  ["members", "minProperties", "maxProperties"],
] as const;

function words(limit: Limit): string {
  switch (limit.kind) {
    case "one-of":
      return `one of ${[...limit.values].sort().join(" ")}`;
    case "format":
      return limit.format;
    case "pattern":
      return `~${limit.source.toLowerCase()}`;
    default:
      return `${limit.kind} ${limit.least}..${limit.most}`;
  }
}

/** What a shape asks in one age, a line for each field. */
export function linesOfShape(shape: Shape, age: Exclude<SchemaAge, "between">, path = ""): readonly string[] {
  const limits = shape.limits.filter((limit) => holds(limit.when, age)).map(words);
  const own = `${path}: ${[shape.type, ...(shape.nullable ? ["null"] : []), ...limits.sort()].join(", ")}`;
  switch (shape.type) {
    case "list":
    case "map":
      return [own, ...linesOfShape(shape.of, age, `${path}${shape.type === "list" ? "[]" : "{}"}`)];
    case "object":
      return [
        own,
        ...[...shape.fields].flatMap(([name, field]) => {
          if (!holds(field.when, age)) return [];
          const isRequired = shape.required.some(([one, when]) => one === name && holds(when, age));
          const star = isRequired ? "*" : "";
          return linesOfShape(field.shape, age, `${path}.${name}${star}`);
        }),
      ];
    default:
      return [own];
  }
}

function typeOf(schema: Schema): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "int-or-string";
  if (schema["type"] === "array") return "list";
  if (schema["type"] !== "object") return String(schema["type"]);
  if (valuesOf(schema) !== null) return "map";
  return properties(schema).length > 0 ? "object" : "any";
}

function enumOf(schema: Schema): readonly string[] | null {
  const lists = [schema, ...(Array.isArray(schema["allOf"]) ? schema["allOf"] : [])].flatMap((one: Schema) =>
    Array.isArray(one["enum"]) ? [one["enum"].map(String)] : [],
  );
  const [first, ...rest] = lists;
  return first?.filter((value) => rest.every((other) => other.includes(value))) ?? null;
}

/** The same of one of upstream's schemas. */
export function linesOfSchema(schema: Schema, path = ""): readonly string[] {
  const limits: string[] = [];
  const values = enumOf(schema);
  if (values !== null) limits.push(`one of ${[...values].sort().join(" ")}`);
  for (const [kind, least, most] of RANGES) {
    if (schema[least] === undefined && schema[most] === undefined) continue;
    limits.push(`${kind} ${schema[least] ?? Number.NEGATIVE_INFINITY}..${schema[most] ?? Number.POSITIVE_INFINITY}`);
  }
  const { pattern, format } = schema;
  if (format === "cidr" || format === "date-time") limits.push(format);
  if (typeof pattern === "string" && pattern !== "^.*") limits.push(`~${pattern.toLowerCase()}`);
  const nullable = schema["nullable"] === true ? ["null"] : [];
  const lines = [`${path}: ${[typeOf(schema), ...nullable, ...limits.sort()].join(", ")}`];
  const [items, inner] = [elementsOf(schema), valuesOf(schema)];
  if (items !== null) lines.push(...linesOfSchema(items, `${path}[]`));
  if (inner !== null) lines.push(...linesOfSchema(inner, `${path}{}`));
  const required = requiredOf(schema);
  for (const [name, one] of properties(schema))
    lines.push(...linesOfSchema(one, `${path}.${name}${required.includes(name) ? "*" : ""}`));
  return lines;
}
