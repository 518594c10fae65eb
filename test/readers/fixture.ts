import { readFileSync } from "node:fs";

/** A real output of a tool, kept next to the tests that read it. */
export function fixture(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}

/** A model value without its origins, which differ between two dumps of one state. */
export function withoutOrigin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOrigin);
  if (value instanceof Map) return [...value].map(withoutOrigin);
  if (value instanceof Set) return [...value];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (key === "origin" ? [] : [[key, withoutOrigin(item)]])),
  );
}

/** Codes of findings, for tests that do not care about words. */
export function codes(dump: { readonly findings: readonly { readonly code: string }[] }): readonly string[] {
  return dump.findings.map((finding) => finding.code);
}
