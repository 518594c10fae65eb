import type { Finding } from "../../model/finding.ts";
import { type Origin, type OriginTable, sourceOf } from "../../model/origin.ts";

/** A finding at the place where something was written. */
export function findingAt(origins: OriginTable, origin: Origin, finding: Finding): Finding {
  const source = sourceOf(origins, origin);
  return {
    ...finding,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
  };
}

/** `cluster/pods.yaml:35` for a message; the empty string when nobody wrote it. */
export function placeOf(origins: OriginTable, origin: Origin): string {
  const source = sourceOf(origins, origin);
  if (source?.file === undefined) return "";
  return source.line === undefined ? source.file : `${source.file}:${source.line}`;
}
