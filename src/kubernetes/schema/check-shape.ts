import { nearest } from "../../model/nearest.ts";
import { parsePrefix } from "../../net/prefix.ts";
import { complainBelow, type Field, type FieldPath, isRecord, pathOf } from "../field.ts";
import { holds, type Limit, type ScalarType, type SchemaAge, type Shape } from "./shape.ts";

/** A field that the API does not know. */
export interface UnknownField {
  readonly path: FieldPath;
  /** The known field that it is most like; null: none is. */
  readonly near: string | null;
}

/** A key below others, from the innermost to the top. */
interface Place {
  readonly key: string | number;
  readonly above: Place | null;
}

/** Who hears of everything that is wrong. */
interface Listener {
  readonly wrong: (place: Place | null, value: unknown, expected: string) => void;
  readonly unknown: (place: Place, near: string | null) => void;
}

/**
 * Complains of what an API server refuses in a value, and gives back the fields that it does not know. As the server does, a field whose
 * value is null counts as absent (apiextensions-apiserver, structural schemas). Rules in CEL are not evaluated.
 */
export function checkShape(field: Field, shape: Shape, age: SchemaAge): readonly UnknownField[] {
  // most objects are right, and 150,000 pods are looked through
  if (fits(field.value, shape, age, null, null)) return [];
  const unknown: UnknownField[] = [];
  fits(field.value, shape, age, null, {
    wrong: (place, value, expected) => complainBelow(field, keysOf(place), value, expected),
    unknown: (place, near) => unknown.push({ path: [...pathOf(field), ...keysOf(place)], near }),
  });
  return unknown;
}

function keysOf(place: Place | null): FieldPath {
  const path: (string | number)[] = [];
  for (let one = place; one !== null; one = one.above) path.push(one.key);
  return path.reverse();
}

function below(key: string | number, above: Place | null, listener: Listener | null): Place | null {
  return listener === null ? null : { key, above };
}

function refuse(value: unknown, place: Place | null, listener: Listener | null, expected: string): false {
  listener?.wrong(place, value, expected);
  return false;
}

/** True where nothing is wrong. Without a listener it ends at the first thing that is. */
function fits(value: unknown, shape: Shape, age: SchemaAge, place: Place | null, listener: Listener | null): boolean {
  if (shape.type === "any" || (value === null && shape.nullable)) return true;
  let right = true;
  switch (shape.type) {
    case "list":
      if (!Array.isArray(value)) return refuse(value, place, listener, "a list");
      for (let i = 0; i < value.length && (right || listener !== null); i++)
        if (!fits(value[i], shape.of, age, below(i, place, listener), listener)) right = false;
      break;
    case "map":
      if (!isRecord(value)) return refuse(value, place, listener, "a mapping");
      for (const key of Object.keys(value)) {
        const inner = value[key];
        if (inner !== null && !fits(inner, shape.of, age, below(key, place, listener), listener)) right = false;
      }
      break;
    case "object": {
      if (!isRecord(value)) return refuse(value, place, listener, "a mapping");
      for (const key of Object.keys(value)) {
        const known = shape.fields.get(key);
        const inner = value[key];
        if (known === undefined || (age !== "between" && !holds(known.when, age))) {
          right = false;
          listener?.unknown({ key, above: place }, nearName(key, shape.fields.keys()));
        } else if (
          inner !== null &&
          inner !== undefined &&
          !fits(inner, known.shape, age, below(key, place, listener), listener)
        )
          right = false;
      }
      for (const [key, when] of shape.required) {
        if (!holds(when, age) || (Object.hasOwn(value, key) && value[key] !== undefined && value[key] !== null))
          continue;
        right = false;
        listener?.wrong({ key, above: place }, undefined, "something: it must be there");
      }
      break;
    }
    default:
      if (!isOfType(value, shape.type)) return refuse(value, place, listener, TYPES[shape.type]);
  }
  if (!right && listener === null) return false;
  for (const limit of shape.limits) {
    if (!holds(limit.when, age) || isWithin(value, limit, shape)) continue;
    return refuse(value, place, listener, wordsOf(limit));
  }
  return right;
}

/** Fields written with a slip: their likeness must be closer than for names in general, or all short fields are like each other. */
function nearName(key: string, known: Iterable<string>): string | null {
  const names = [...known];
  const folded = key.toLowerCase().replace(/[-_]/g, "");
  const same = names.find((name) => name.toLowerCase() === folded);
  if (same !== undefined) return same;
  const [near] = nearest(key, names, 1);
  return near !== undefined && Math.min(key.length, near.length) > 2 ? near : null;
}

const TYPES: Readonly<Record<ScalarType, string>> = {
  string: "a string",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  "int-or-string": "a whole number or a string",
};

function isOfType(value: unknown, type: ScalarType): boolean {
  switch (type) {
    case "string":
      // YAML reads a time without quotes as one; the API gets the text
      return typeof value === "string" || value instanceof Date;
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    case "int-or-string":
      return typeof value === "string" || Number.isInteger(value);
  }
}

function isWithin(value: unknown, limit: Limit, shape: Shape): boolean {
  switch (limit.kind) {
    case "one-of":
      return limit.values.includes(String(value));
    case "format":
      if (typeof value !== "string") return true;
      return limit.format === "date-time"
        ? !Number.isNaN(Date.parse(value))
        : value.includes("/") && parsePrefix(value) !== null;
    case "pattern":
      return typeof value !== "string" || limit.test.test(value);
    case "range":
      return typeof value !== "number" || within(value, limit);
    case "length":
      // the API counts characters, not UTF-16 units
      return typeof value !== "string" || within(lengthOf(value, limit), limit);
    case "items":
      return !Array.isArray(value) || within(value.length, limit);
    case "members":
      return !isRecord(value) || within(countKnown(value, shape), limit);
  }
}

function lengthOf(text: string, { least, most }: { readonly least: number; readonly most: number }): number {
  return text.length <= most && text.length >= 2 * least ? text.length : [...text].length;
}

function wordsOf(limit: Limit): string {
  switch (limit.kind) {
    case "one-of":
      return either(limit.values);
    case "format":
      return limit.format === "date-time"
        ? "a time, such as 2025-02-15T10:00:00Z"
        : "a network, such as 192.168.0.0/16";
    case "pattern":
      return patternWords(limit.source);
    case "range":
      return `a number ${bounds(limit)}`;
    case "length":
      return `${bounds(limit)} characters`;
    case "items":
      return `a list of ${bounds(limit)}`;
    case "members":
      return `${bounds(limit)} of its fields`;
  }
}

function either(values: readonly string[]): string {
  return values
    .filter((one) => one !== "")
    .join(", ")
    .replace(/, ([^,]*)$/, " or $1");
}

/** `^(?i)(Drop|Reject)?$` is a choice of words. */
function patternWords(source: string): string {
  const words = /^\^\(\?i\)\(([\w|]+)\)\?\$$/.exec(source)?.[1];
  return words === undefined ? `a text like ${source}` : either(words.split("|"));
}

/** Unknown fields and those without a value are gone before anybody counts. */
function countKnown(value: Readonly<Record<string, unknown>>, shape: Shape): number {
  const known = shape.type === "object" ? shape.fields : null;
  return Object.entries(value).filter(([key, inner]) => inner !== null && (known === null || known.has(key))).length;
}

function within(value: number, { least, most }: { readonly least: number; readonly most: number }): boolean {
  return value >= least && value <= most;
}

function bounds({ least, most }: { readonly least: number; readonly most: number }): string {
  if (least === most) return String(least);
  if (least === Number.NEGATIVE_INFINITY || least === 0) return `up to ${most}`;
  return most === Number.POSITIVE_INFINITY ? `${least} or more` : `from ${least} to ${most}`;
}
