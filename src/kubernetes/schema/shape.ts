/** Of a field or limit: in every release that is known, in the older ones only, in the newer ones only. */
export type When = "always" | "earlier" | "later";

/**
 * Which of the releases judges: an older one, a newer one, or one between the two that are known, which has what either has and refuses
 * what both refuse.
 */
export type SchemaAge = "earlier" | "between" | "later";

export type Limit = { readonly when: When } & (
  | { readonly kind: "one-of"; readonly values: readonly string[] }
  | { readonly kind: "format"; readonly format: "cidr" | "date-time" }
  | { readonly kind: "pattern"; readonly source: string; readonly test: RegExp }
  | { readonly kind: "range" | "length" | "items" | "members"; readonly least: number; readonly most: number }
);

export type ScalarType = "string" | "integer" | "number" | "boolean" | "int-or-string";

interface Common {
  readonly limits: readonly Limit[];
  /** Null counts as a value, not as an absent field. */
  readonly nullable: boolean;
}

/** What an API server takes as the value of a field. */
export type Shape =
  | ({ readonly type: ScalarType | "any" } & Common)
  | ({ readonly type: "list" | "map"; readonly of: Shape } & Common)
  | ({
      readonly type: "object";
      readonly fields: ReadonlyMap<string, FieldShape>;
      /** Names of fields without which the API refuses the object, and when. */
      readonly required: readonly (readonly [string, When])[];
    } & Common);

export interface FieldShape {
  readonly shape: Shape;
  readonly when: When;
}

/** True where something of this time holds for a judge of that age. */
export function holds(when: When, age: SchemaAge): boolean {
  return when === "always" || when === age;
}
