import { type Field, type FieldPath, isRecord, pathOf } from "../kubernetes/field.ts";
import { nearest } from "../trace/nearest.ts";

/** A key that nobody reads: most often a typing error. */
export interface UnknownKey {
  readonly path: FieldPath;
  readonly key: string;
  readonly suggestion: string;
}

/** The keys of a mapping that are not among `known`, each with the nearest one that is. */
export function unknownKeys(field: Field, known: readonly string[]): readonly UnknownKey[] {
  if (!isRecord(field.value)) return [];
  return Object.keys(field.value)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const [close] = nearest(key, known, 1);
      return {
        path: [...pathOf(field), key],
        key,
        suggestion: close === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean ${close}?`,
      };
    });
}
