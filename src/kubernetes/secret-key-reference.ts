import { at, type Field, text } from "./field.ts";

/** A key of a Secret in the namespace of the program that reads it. */
export interface SecretKeyReference {
  readonly name: string;
  readonly key: string;
}

/** The `secretKeyRef` of a field; null without a name or a key. */
export function secretKeyReference(field: Field): SecretKeyReference | null {
  const name = text(at(field, "secretKeyRef", "name")) ?? "";
  const key = text(at(field, "secretKeyRef", "key")) ?? "";
  return name === "" || key === "" ? null : { name, key };
}
