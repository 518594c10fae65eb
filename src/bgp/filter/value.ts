import { type Address, compareAddresses, sameAddress } from "../../net/address.ts";
import { type Prefix, samePrefix } from "../../net/prefix.ts";
import type { AsPathSegment } from "../messages/path-attributes.ts";

/** A value of the filter language, with BIRD's name of its type (filter/filter.h of BIRD 1.6). */
export type Value =
  | { readonly type: "void" }
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ip"; readonly value: Address }
  | { readonly type: "prefix"; readonly value: Prefix }
  /** A community: two times 16 bits in one number. */
  | { readonly type: "pair"; readonly value: number }
  /** An extended community: its two halves. */
  | { readonly type: "ec"; readonly value: readonly [number, number] }
  | { readonly type: "lc"; readonly value: readonly [number, number, number] }
  | {
      readonly type: "enum";
      readonly of: "source" | "target" | "origin" | "scope" | "cast" | "roa";
      readonly value: number;
    }
  | { readonly type: "path"; readonly value: readonly AsPathSegment[] }
  | { readonly type: "clist"; readonly value: readonly number[] }
  | { readonly type: "eclist"; readonly value: readonly (readonly [number, number])[] }
  | { readonly type: "lclist"; readonly value: readonly (readonly [number, number, number])[] }
  | { readonly type: "set"; readonly value: readonly SetItem[] }
  | { readonly type: "mask"; readonly value: readonly MaskItem[] };

/** An element of a set, its ends evaluated. */
export type SetItem =
  | { readonly kind: "range"; readonly low: Value; readonly high: Value }
  | { readonly kind: "prefixes"; readonly prefix: Prefix; readonly low: number; readonly high: number }
  | { readonly kind: "tuples"; readonly parts: readonly (readonly [number, number] | null)[] };

/** An element of a path mask. */
export type MaskItem =
  | { readonly kind: "any-number-of" }
  | { readonly kind: "any" }
  | { readonly kind: "range"; readonly low: number; readonly high: number }
  | { readonly kind: "set"; readonly set: readonly SetItem[] };

export const VOID: Value = { type: "void" };

export function integer(value: number): Value {
  return { type: "int", value };
}

export function boolean(value: boolean): Value {
  return { type: "bool", value };
}

/** `=` of two values; values of different types are not the same (val_same). */
export function sameValue(x: Value, y: Value): boolean {
  if (x.type === "ip" && y.type === "ip") return sameAddress(x.value, y.value);
  if (x.type === "prefix" && y.type === "prefix") return samePrefix(x.value, y.value);
  if (x.type === "void" || y.type === "void") return x.type === y.type;
  if (x.type !== y.type || (x.type === "enum" && y.type === "enum" && x.of !== y.of)) return false;
  if (typeof x.value === "object") return JSON.stringify(x.value) === JSON.stringify(y.value);
  return x.value === y.value;
}

/** Order of two values; null where BIRD has none (val_compare). What is not there comes before all that is. */
export function compareValues(x: Value, y: Value): number | null {
  if (x.type === "void" || y.type === "void") return Number(y.type === "void") - Number(x.type === "void");
  if (x.type === "ip" && y.type === "ip") return compareAddresses(x.value, y.value);
  if (x.type === "prefix" && y.type === "prefix") {
    return compareAddresses(x.value.address, y.value.address) || x.value.length - y.value.length;
  }
  if (x.type === "ec" && y.type === "ec") return x.value[0] - y.value[0] || x.value[1] - y.value[1];
  if (x.type === "lc" && y.type === "lc") {
    return x.value[0] - y.value[0] || x.value[1] - y.value[1] || x.value[2] - y.value[2];
  }
  if ((x.type === "int" && y.type === "int") || (x.type === "pair" && y.type === "pair")) return x.value - y.value;
  if (x.type === "string" && y.type === "string") return x.value < y.value ? -1 : x.value > y.value ? 1 : 0;
  if (x.type === "enum" && y.type === "enum") return x.of === y.of ? x.value - y.value : null;
  return null;
}
