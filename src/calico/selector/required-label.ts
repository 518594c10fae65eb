import type { Selector } from "./selector.ts";

/** A label that whoever a selector chooses must have; with `values`, one of those. */
export interface RequiredLabel {
  readonly label: string;
  /** Null: any value. */
  readonly values: readonly string[] | null;
}

/**
 * The labels without which the selector chooses nobody: what an index can be asked instead of looking at everybody
 * (as upstream's libcalico-go/lib/selector LabelRestrictions).
 */
export function requiredLabels(selector: Selector): readonly RequiredLabel[] {
  switch (selector.kind) {
    case "==":
      return [{ label: selector.label, values: [selector.value] }];
    case "in":
      return [{ label: selector.label, values: selector.values }];
    case "has":
    case "contains":
    case "starts with":
    case "ends with":
      return [{ label: selector.label, values: null }];
    case "&&":
      return selector.operands.flatMap(requiredLabels);
    default:
      return [];
  }
}
