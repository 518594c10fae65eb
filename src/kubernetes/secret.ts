import type { Origin } from "../model/origin.ts";
import { complain, type Field, isRecord, member } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";

/** A v1 Secret. What stands in it is for programs that are configured with it, and no message ever quotes it. */
export interface Secret {
  readonly metadata: Metadata;
  /** Decoded; `stringData` counts more than `data`, as on the API server. */
  readonly data: ReadonlyMap<string, string>;
}

export function readSecret(resource: Field, origin: Origin): Secret {
  return {
    metadata: readMetadata(resource, origin),
    data: new Map([
      ...entries(member(resource, "data"), decodeBase64, "base64"),
      ...entries(member(resource, "stringData"), (written) => written, "a string"),
    ]),
  };
}

function entries(
  field: Field,
  decode: (written: string) => string | null,
  expected: string,
): readonly (readonly [string, string])[] {
  if (!isRecord(field.value)) return [];
  return Object.keys(field.value).flatMap((key) => {
    const entry = member(field, key);
    const value = typeof entry.value === "string" ? decode(entry.value) : null;
    if (value !== null) return [[key, value] as const];
    complain({ ...entry, value: "…" }, expected);
    return [];
  });
}

function decodeBase64(written: string): string | null {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(written), (byte) => byte.charCodeAt(0)));
  } catch {
    return null;
  }
}
