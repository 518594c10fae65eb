import type { FieldPath } from "../../kubernetes/field.ts";
import type { FieldLine } from "../../model/origin.ts";
import type { Position } from "./locate-field.ts";

/** The lines of a resource's fields by their paths as texts, each looked for once. */
export function fieldLine(locate: (path: FieldPath) => Position | null): FieldLine {
  const known = new Map<string, number | null>();
  return (field) => {
    const earlier = known.get(field);
    if (earlier !== undefined) return earlier;
    const line = locate(pathOf(field))?.line ?? null;
    known.set(field, line);
    return line;
  };
}

/** The path that `formatFieldPath` wrote; keys with dots in them end it early. */
function pathOf(field: string): FieldPath {
  return [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, position, key = ""]) =>
    position === undefined ? key : Number(position),
  );
}
