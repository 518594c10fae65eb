import { type Field, type FieldPath, isRecord, pathOf } from "../kubernetes/field.ts";
import { didYouMean } from "../model/nearest.ts";

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
      return {
        path: [...pathOf(field), key],
        key,
        suggestion: didYouMean(key, known, 1) ?? `Known here: ${known.join(", ")}.`,
      };
    });
}
