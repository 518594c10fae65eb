import type { LabelRequirement, LabelSelector } from "../../kubernetes/label-selector.ts";

function requirement({ key, operator, values }: LabelRequirement): string {
  const list = `{ '${values.join("', '")}' }`;
  switch (operator) {
    case "In":
      return `${key} in ${list}`;
    case "NotIn":
      return `${key} not in ${list}`;
    case "Exists":
      return `has(${key})`;
    case "DoesNotExist":
      return `! has(${key})`;
  }
}

function terms(selector: LabelSelector): readonly string[] {
  const labels = [...selector.matchLabels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return [...labels.map(([key, value]) => `${key} == '${value}'`), ...selector.matchExpressions.map(requirement)];
}

/** A pod selector in Calico's language; null chooses every pod (conversion.go, k8sSelectorToCalico). */
export function podSelectorText(selector: LabelSelector | null): string {
  return ["projectcalico.org/orchestrator == 'k8s'", ...(selector === null ? [] : terms(selector))].join(" && ");
}

/** A namespace selector in Calico's language: empty where none is given, `all()` where it asks nothing. */
export function namespaceSelectorText(selector: LabelSelector | null): string {
  if (selector === null) return "";
  const all = terms(selector);
  return all.length === 0 ? "all()" : all.join(" && ");
}
