import type { Selector } from "./selector.ts";

/** The value of a label, or undefined where the resource does not have it. */
export type LabelLookup = (label: string) => string | undefined;

/** The label that Calico puts on whatever stands in a namespace; `global()` asks for its absence. */
export const NAMESPACE_LABEL = "projectcalico.org/namespace";

/**
 * Whether the selector chooses a resource with these labels. The negative tests (`!=`, `not in`) are true where the
 * label is absent, all others false (libcalico-go/lib/selector/parser/ast.go).
 */
export function matchesSelector(selector: Selector, labels: LabelLookup): boolean {
  switch (selector.kind) {
    case "all":
      return true;
    case "global":
      return labels(NAMESPACE_LABEL) === undefined;
    case "has":
      return labels(selector.label) !== undefined;
    case "==":
      return labels(selector.label) === selector.value;
    case "!=":
      return labels(selector.label) !== selector.value;
    case "contains":
      return labels(selector.label)?.includes(selector.value) ?? false;
    case "starts with":
      return labels(selector.label)?.startsWith(selector.value) ?? false;
    case "ends with":
      return labels(selector.label)?.endsWith(selector.value) ?? false;
    case "in": {
      const value = labels(selector.label);
      return value !== undefined && selector.values.includes(value);
    }
    case "not in": {
      const value = labels(selector.label);
      return value === undefined || !selector.values.includes(value);
    }
    case "!":
      return !matchesSelector(selector.operand, labels);
    case "&&":
      return selector.operands.every((operand) => matchesSelector(operand, labels));
    case "||":
      return selector.operands.some((operand) => matchesSelector(operand, labels));
  }
}
