import { type Field, ownValue } from "../field.ts";

/**
 * Looks at fields without a word about their types: whoever reads the object, and the schema of its kind, complain of those. A field
 * whose value is null counts as absent, as for the API server.
 */
export function peek(field: Field, key: string): Field {
  return { value: ownValue(field.value, key) ?? undefined, within: field, key, problems: field.problems };
}

/** The same under a chain of keys. */
export function peekAt(field: Field, ...keys: readonly string[]): Field {
  return keys.reduce(peek, field);
}

const NONE: readonly Field[] = [];

/** The elements of a list; none where it is absent or something else. */
export function peekList(field: Field): readonly Field[] {
  const { value } = field;
  if (!Array.isArray(value) || value.length === 0) return NONE;
  return value.map((inner: unknown, key) => ({ value: inner, within: field, key, problems: field.problems }));
}

/** The string that a field holds; null where it is absent or of another type. */
export function peekText(field: Field): string | null {
  return typeof field.value === "string" ? field.value : null;
}

/** The whole number that a field holds; null where it is absent or of another type. */
export function peekInteger(field: Field): number | null {
  return typeof field.value === "number" && Number.isSafeInteger(field.value) ? field.value : null;
}

export function isAbsent(field: Field): boolean {
  return field.value === undefined;
}
