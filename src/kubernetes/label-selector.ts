import { complain, type Field, listOf, member, text, textMap } from "./field.ts";

type LabelOperator = "In" | "NotIn" | "Exists" | "DoesNotExist";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A meta/v1 LabelSelector: everything in it must hold, and one without anything chooses all. */
export interface LabelSelector {
  readonly matchLabels: ReadonlyMap<string, string>;
  readonly matchExpressions: readonly LabelRequirement[];
}

/** The operators that selectors of all kinds have. */
export function isLabelOperator(operator: string): operator is LabelOperator {
  return operator === "In" || operator === "NotIn" || operator === "Exists" || operator === "DoesNotExist";
}

function readRequirement(field: Field): LabelRequirement | null {
  const key = text(member(field, "key"));
  const operator = text(member(field, "operator"));
  if (key === null) return null;
  if (operator === null || !isLabelOperator(operator)) {
    complain(member(field, "operator"), "In, NotIn, Exists or DoesNotExist");
    return null;
  }
  return { key, operator, values: listOf(member(field, "values"), text) };
}

/** Null when the field is absent, which is not the same as an empty selector. */
export function readLabelSelector(field: Field): LabelSelector | null {
  if (field.value === undefined || field.value === null) return null;
  return {
    matchLabels: textMap(member(field, "matchLabels")),
    matchExpressions: listOf(member(field, "matchExpressions"), readRequirement),
  };
}

/** apimachinery's labels.Requirement: `NotIn` holds where the label is missing. */
export function matchesLabelSelector(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  for (const [key, value] of selector.matchLabels) if (labels.get(key) !== value) return false;
  return selector.matchExpressions.every(({ key, operator, values }) => holds(operator, values, labels.get(key)));
}

/** Whether a label's value, undefined where it is missing, is as an operator asks. */
export function holds(operator: LabelOperator, values: readonly string[], value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}
