import type { BirdFilterUse } from "../../model/bird/configuration.ts";
import type { FilterEnvironment } from "./evaluate.ts";

const texts = new WeakMap<FilterEnvironment, WeakMap<BirdFilterUse, string>>();

/**
 * All that a filter does, as text: its statements, with those of the functions that it calls, wherever they stand. Made once for all
 * protocols that have the filter from one template.
 */
export function filterText(use: BirdFilterUse, environment: FilterEnvironment): string {
  let ofEnvironment = texts.get(environment);
  if (ofEnvironment === undefined) {
    ofEnvironment = new WeakMap();
    texts.set(environment, ofEnvironment);
  }
  const known = ofEnvironment.get(use);
  if (known !== undefined) return known;
  const made = textOf(use, environment);
  ofEnvironment.set(use, made);
  return made;
}

function textOf(use: BirdFilterUse, environment: FilterEnvironment): string {
  const called = new Map<string, string>();
  const walk = (value: unknown): string =>
    JSON.stringify(value, (key, one: unknown) => {
      if (key === "origin" || key === "column") return undefined;
      if (typeof one === "string" && !called.has(one)) {
        const meant =
          environment.functions.get(one) ?? environment.filters.get(one) ?? environment.constants.get(one) ?? null;
        if (meant !== null) {
          called.set(one, "");
          called.set(one, walk(meant));
        }
      }
      return one;
    });
  const own = walk(use);
  return `${own} ${[...called.values()].join(" ")}`;
}
