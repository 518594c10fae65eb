import { complain, complainBelow, type Field, isRecord } from "../field.ts";
import { checkName, LABEL_KEY, LABEL_VALUE, type NameRule } from "./names.ts";
import { isAbsent, peek, peekList, peekText } from "./peek.ts";

/** Labels, or the labels that a selector asks for (apimachinery/pkg/apis/meta/v1/validation, ValidateLabels). */
export function checkLabels(field: Field): void {
  if (!isRecord(field.value)) return;
  checkKeys(field, LABEL_KEY);
  for (const [key, value] of Object.entries(field.value)) {
    if (typeof value === "string" && !LABEL_VALUE.allows(value))
      complainBelow(field, [key], value, LABEL_VALUE.expected);
  }
}

/** The keys of a mapping. */
export function checkKeys(field: Field, rule: NameRule, folded = false): void {
  if (!isRecord(field.value)) return;
  for (const key of Object.keys(field.value)) {
    if (!rule.allows(folded ? key.toLowerCase() : key))
      complainBelow(field, [key], field.value[key], `${rule.expected}, in place of "${key}"`);
  }
}

/** A meta/v1 LabelSelector (the same, ValidateLabelSelector). */
export function checkLabelSelector(field: Field): void {
  if (isAbsent(field)) return;
  checkLabels(peek(field, "matchLabels"));
  for (const requirement of peekList(peek(field, "matchExpressions"))) checkRequirement(requirement);
}

function checkRequirement(requirement: Field): void {
  const operator = peek(requirement, "operator");
  const values = peek(requirement, "values");
  const listed = peekList(values);
  switch (peekText(operator) ?? "") {
    case "In":
    case "NotIn":
      if (listed.length === 0) complain(values, "at least one value, as operator is In or NotIn");
      break;
    case "Exists":
    case "DoesNotExist":
      if (listed.length > 0) complain(values, "no values, as operator is Exists or DoesNotExist");
      break;
    default:
      complain(operator, "In, NotIn, Exists or DoesNotExist");
  }
  const key = peek(requirement, "key");
  if (isAbsent(key)) complain(key, LABEL_KEY.expected);
  checkName(key, LABEL_KEY);
  for (const value of listed) checkName(value, LABEL_VALUE);
}
