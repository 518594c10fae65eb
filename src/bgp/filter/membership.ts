import { type Prefix, prefixContains } from "../../net/prefix.ts";
import type { AsPathSegment } from "../messages/path-attributes.ts";
import { compareValues, integer, type MaskItem, type SetItem, sameValue, type Value } from "./value.ts";

/** `a ~ b` (val_in_range); null: BIRD has no such test, which ends the filter with an error. */
export function isIn(value: Value, container: Value): boolean | null {
  if (container.type === "mask") return value.type === "path" ? matchesMask(value.value, container.value) : null;
  if (value.type === "int" && container.type === "path") {
    return container.value.some(({ numbers }) => numbers.includes(value.value));
  }
  if (value.type === "pair" && container.type === "clist") return container.value.includes(value.value);
  if (value.type === "ec" && container.type === "eclist")
    return container.value.some((item) => sameParts(item, value.value));
  if (value.type === "lc" && container.type === "lclist")
    return container.value.some((item) => sameParts(item, value.value));
  if (value.type === "string" && container.type === "string") return matchesPattern(value.value, container.value);
  if (value.type === "ip" && container.type === "prefix") return prefixContains(container.value, value.value);
  if (value.type === "prefix" && container.type === "prefix") return isWithin(value.value, container.value);
  if (container.type !== "set") return null;
  if (value.type === "clist") return value.value.some((item) => inSet({ type: "pair", value: item }, container.value));
  if (value.type === "eclist") return value.value.some((item) => inSet({ type: "ec", value: item }, container.value));
  if (value.type === "lclist") return value.value.some((item) => inSet({ type: "lc", value: item }, container.value));
  if (value.type === "path") {
    return value.value.some(({ numbers }) => numbers.some((as) => inSet(integer(as), container.value)));
  }
  return isAlike(value, container.value[0]) ? inSet(value, container.value) : null;
}

/** Only values of the type of a set are looked for in it (val_in_range); a set without elements is of none. */
function isAlike(value: Value, item: SetItem | undefined): boolean {
  if (item === undefined) return false;
  if (item.kind === "prefixes") return value.type === "prefix";
  if (item.kind === "tuples") return value.type === "pair" || value.type === "lc";
  const { low } = item;
  return value.type === "enum" && low.type === "enum" ? value.of === low.of : value.type === low.type;
}

function isWithin(inner: Prefix, outer: Prefix): boolean {
  return inner.length >= outer.length && prefixContains(outer, inner.address);
}

function sameParts(x: readonly number[], y: readonly number[]): boolean {
  return x.every((part, index) => part === y[index]);
}

export function inSet(value: Value, set: readonly SetItem[]): boolean {
  return set.some((item) => {
    switch (item.kind) {
      case "range": {
        if (sameValue(value, item.low) || sameValue(value, item.high)) return true;
        const low = compareValues(item.low, value);
        const high = compareValues(value, item.high);
        return low !== null && high !== null && low <= 0 && high <= 0;
      }
      case "prefixes":
        // A pattern with lengths below its own also fits the shorter prefixes that hold it (trie_match_prefix).
        return (
          value.type === "prefix" &&
          value.value.length >= item.low &&
          value.value.length <= item.high &&
          (isWithin(value.value, item.prefix) || isWithin(item.prefix, value.value))
        );
      case "tuples": {
        const parts = partsOf(value);
        return (
          parts !== null &&
          parts.length === item.parts.length &&
          parts.every((part, index) => {
            const range = item.parts[index] ?? null;
            return range === null || (part >= range[0] && part <= range[1]);
          })
        );
      }
    }
    return false;
  });
}

function partsOf(value: Value): readonly number[] | null {
  if (value.type === "pair") return [value.value >>> 16, value.value & 0xffff];
  return value.type === "lc" ? value.value : null;
}

/** patmatch() of lib/patmatch.c: `*` and `?`. Linear in both lengths but for what the last star skips. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let want = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const wanted = pattern[want];
    if (wanted === "*") {
      star = want++;
      resume = at;
    } else if (wanted !== undefined && (wanted === "?" || wanted === text[at])) {
      at++;
      want++;
    } else if (star >= 0) {
      want = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[want] === "*") want++;
  return want === pattern.length;
}

/** as_path_match() of nest/a-path.c: every number of an AS set may stand for it. */
function matchesMask(path: readonly AsPathSegment[], mask: readonly MaskItem[]): boolean {
  const places = path.flatMap(({ kind, numbers }) =>
    kind === "sequence" ? numbers.map((as) => [as]) : kind === "set" ? [numbers] : [],
  );
  let reached = new Set([0]);
  for (const item of mask) {
    const next = new Set<number>();
    if (item.kind === "any-number-of") {
      const first = Math.min(...reached);
      if (reached.size > 0) for (let place = first; place <= places.length; place++) next.add(place);
    } else {
      for (const place of reached) if (places[place]?.some((as) => fits(item, as)) === true) next.add(place + 1);
    }
    reached = next;
  }
  return reached.has(places.length);
}

function fits(item: Exclude<MaskItem, { kind: "any-number-of" }>, as: number): boolean {
  if (item.kind === "any") return true;
  return item.kind === "range" ? as >= item.low && as <= item.high : inSet(integer(as), item.set);
}
