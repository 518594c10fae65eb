import fc from "fast-check";
import { isRecord } from "../../../src/kubernetes/field.ts";
import { elementsOf, properties, type Schema, valuesOf } from "./upstream-schema.ts";

const JUNK = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.integer({ min: -3, max: 70_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant([]),
  fc.constant({}),
  fc.constant(null),
  fc.constant([null]),
  fc.constant("x".repeat(1030)),
);

const TEXTS = fc.constantFrom(
  "10.0.0.0/8",
  "fd00::/48",
  "5s",
  "1.5s",
  "Auto",
  "Drop",
  "insert",
  "65000:1",
  "2025-02-15T10:00:00Z",
  "100/second",
  "x",
  "",
);

/** Objects that the schema takes, mostly; some values are of another kind, some fields misspelt or missing. */
export function randomObject(schema: Schema): fc.Arbitrary<unknown> {
  const values = Array.isArray(schema["enum"]) ? fc.constantFrom(...schema["enum"]) : null;
  const [items, inner] = [elementsOf(schema), valuesOf(schema)];
  const valid = (): fc.Arbitrary<unknown> => {
    if (schema["x-kubernetes-int-or-string"] === true) return fc.oneof(fc.integer(), fc.string());
    switch (schema["type"]) {
      case "array":
        return fc.array(items === null ? fc.anything() : randomObject(items), { maxLength: 3 });
      case "integer":
        return fc.oneof(fc.nat(300), fc.integer());
      case "number":
        return fc.double({ noNaN: true, noDefaultInfinity: true });
      case "boolean":
        return fc.boolean();
      case "object": {
        if (inner !== null) return fc.dictionary(fc.constantFrom("a", "b"), randomObject(inner), { maxKeys: 2 });
        const fields = properties(schema);
        if (fields.length === 0) return fc.constant({});
        const some = fc.subarray([...fields], { maxLength: Math.min(8, fields.length) });
        return fc
          .tuple(some, fc.boolean())
          .chain(([chosen, all]) => {
            const required = fields.filter(([name]) => JSON.stringify(schema["required"] ?? []).includes(`"${name}"`));
            const taken = all ? [...new Map([...chosen, ...required])] : chosen;
            return fc.record(Object.fromEntries(taken.map(([name, one]) => [name, randomObject(one)])));
          })
          .chain((object) =>
            fc.oneof(
              { weight: 9, arbitrary: fc.constant(object) },
              { weight: 1, arbitrary: fc.constant({ ...object, podSelectr: 1 }) },
            ),
          );
      }
      default:
        return fc.oneof(TEXTS, fc.string({ maxLength: 4 }));
    }
  };
  return fc.oneof({ weight: 15, arbitrary: values ?? valid() }, { weight: 1, arbitrary: JUNK });
}

/** What an API server keeps of an object: without unknown fields, which come back, and without fields that are null. */
export function pruned(
  value: unknown,
  schema: Schema,
  path = "",
): { readonly value: unknown; readonly unknown: readonly string[] } {
  const [items, inner] = [elementsOf(schema), valuesOf(schema)];
  const unknown: string[] = [];
  const keep = (one: unknown, of: Schema, at: string): unknown => {
    const kept = pruned(one, of, at);
    unknown.push(...kept.unknown);
    return kept.value;
  };
  if (Array.isArray(value) && items !== null)
    return { value: value.map((one: unknown, i) => keep(one, items, `${path}/${i}`)), unknown };
  if (!isRecord(value)) return { value, unknown };
  const known = new Map(properties(schema));
  const kept: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    const of = inner ?? known.get(key);
    if (of === undefined && known.size > 0) unknown.push(`${path}/${key}`);
    else if (one !== null || of?.["nullable"] === true)
      kept[key] = of === undefined ? one : keep(one, of, `${path}/${key}`);
  }
  return { value: kept, unknown };
}
