import type { AsPathSegment } from "../messages/path-attributes.ts";

/** The path with a number put in front (as_path_prepend): into the first sequence, while it has room. */
export function prepend(path: readonly AsPathSegment[], as: number): readonly AsPathSegment[] {
  const [first, ...rest] = path;
  if (first?.kind === "sequence" && first.numbers.length < 255) {
    return [{ kind: "sequence", numbers: [as, ...first.numbers] }, ...rest];
  }
  return [{ kind: "sequence", numbers: [as] }, ...path];
}

/** How long the path counts: a set is one step, a confederation none (as_path_getlen). */
export function pathLength(path: readonly AsPathSegment[]): number {
  let length = 0;
  for (const { kind, numbers } of path) length += kind === "sequence" ? numbers.length : kind === "set" ? 1 : 0;
  return length;
}

/** How often a number stands in the path. */
export function timesInPath(path: readonly AsPathSegment[], as: number): number {
  let times = 0;
  for (const { numbers } of path) for (const number of numbers) if (number === as) times++;
  return times;
}

/** The AS that told the path: the first number of a sequence (as_path_get_first); null for an empty path or a set. */
export function firstAs(path: readonly AsPathSegment[]): number | null {
  const [first] = path;
  return first?.kind === "sequence" ? (first.numbers[0] ?? null) : null;
}

/** The AS where the path began (as_path_get_last); null for an empty path, or where it ends in a set. */
export function lastAs(path: readonly AsPathSegment[]): number | null {
  const last = path.at(-1);
  return last?.kind === "sequence" ? (last.numbers.at(-1) ?? null) : null;
}

/** The last number before the first set (as_path_get_last_nonaggregated); 0 where there is none. */
export function lastNotAggregated(path: readonly AsPathSegment[]): number {
  let last = 0;
  for (const { kind, numbers } of path) {
    if (kind === "set") return last;
    last = numbers.at(-1) ?? last;
  }
  return last;
}
