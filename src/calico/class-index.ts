import type { LabelledClass } from "./labelled-class.ts";
import { matchesSelector } from "./selector/matches-selector.ts";
import { requiredLabels } from "./selector/required-label.ts";
import type { Selector } from "./selector/selector.ts";

/** Finds the classes that selectors choose, by the labels that the selectors require. */
export interface ClassIndex {
  chosenBy(selector: Selector): readonly LabelledClass[];
}

type ByValue = ReadonlyMap<string, readonly LabelledClass[]>;

/** An index of each label is made when a selector first asks for it: most labels are never asked for. */
export function classIndex(classes: readonly LabelledClass[]): ClassIndex {
  const indexes = new Map<string, ByValue>();
  const indexOf = (label: string): ByValue => {
    const known = indexes.get(label);
    if (known !== undefined) return known;
    const byValue = new Map<string, LabelledClass[]>();
    for (const one of classes) {
      const value = one.labels(label);
      if (value === undefined) continue;
      const same = byValue.get(value);
      if (same === undefined) byValue.set(value, [one]);
      else same.push(one);
    }
    indexes.set(label, byValue);
    return byValue;
  };
  const candidates = (selector: Selector): readonly LabelledClass[] => {
    let fewest: readonly (readonly LabelledClass[])[] = [classes];
    let count = classes.length;
    for (const { label, values } of requiredLabels(selector)) {
      const byValue = indexOf(label);
      const lists = values === null ? [...byValue.values()] : values.map((value) => byValue.get(value) ?? []);
      const own = lists.reduce((sum, list) => sum + list.length, 0);
      if (own >= count) continue;
      fewest = lists;
      count = own;
    }
    const [only] = fewest;
    return fewest.length === 1 && only !== undefined ? only : fewest.flat();
  };
  return {
    chosenBy: (selector) => candidates(selector).filter(({ labels }) => matchesSelector(selector, labels)),
  };
}
