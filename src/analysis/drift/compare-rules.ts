import type { ComparedRule } from "../programmed/compared-rule.ts";

/** How the rules of a dumped chain differ from those that a program ought to have written there. */
export interface RuleDifference {
  /** Positions among the expected rules. */
  readonly missing: readonly number[];
  /** Positions among the dumped rules. */
  readonly extra: readonly number[];
  /** The rules are the same and stand in another order. */
  readonly reordered: boolean;
  /** For each expected rule the position of the dumped one; -1 where it is missing. */
  readonly matched: readonly number[];
}

/**
 * A rule of Felix is the expected one when it has its hash, whatever a lossy dump made of its text: the hash is made of it and
 * all rules before it. Others are compared by their text. Linear in the number of rules.
 */
export function compareRules(expected: readonly ComparedRule[], dumped: readonly ComparedRule[]): RuleDifference {
  const byHash = new Map<string, number[]>();
  const byText = new Map<string, number[]>();
  // the last first, so that the first is taken from the end
  for (let i = dumped.length - 1; i >= 0; i--) {
    const { hash = null, text = "" } = dumped[i] ?? {};
    if (hash !== null) push(byHash, hash, i);
    push(byText, text, i);
  }
  const taken = new Set<number>();
  const take = (places: number[] | undefined): number => {
    let place = places?.pop();
    while (place !== undefined && taken.has(place)) place = places?.pop();
    if (place === undefined) return -1;
    taken.add(place);
    return place;
  };
  const hashed = expected.map(({ hash }) => (hash === null ? -1 : take(byHash.get(hash))));
  const matched = hashed.map((place, i) => (place >= 0 ? place : take(byText.get(expected[i]?.text ?? ""))));
  const missing = matched.flatMap((place, i) => (place < 0 ? [i] : []));
  const extra = dumped.flatMap((_, i) => (taken.has(i) ? [] : [i]));
  const found = matched.filter((place) => place >= 0);
  const reordered =
    missing.length + extra.length === 0 && found.some((place, i) => i > 0 && place < (found[i - 1] ?? -1));
  return { missing, extra, reordered, matched };
}

function push(map: Map<string, number[]>, key: string, value: number): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [value]);
  else present.push(value);
}
