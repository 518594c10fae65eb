/** One operand of a selector that looks at a single label. */
export type LabelTest =
  | { readonly kind: "has"; readonly label: string }
  | { readonly kind: "=="; readonly label: string; readonly value: string }
  | { readonly kind: "!="; readonly label: string; readonly value: string }
  | { readonly kind: "contains"; readonly label: string; readonly value: string }
  | { readonly kind: "starts with"; readonly label: string; readonly value: string }
  | { readonly kind: "ends with"; readonly label: string; readonly value: string }
  | { readonly kind: "in"; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: "not in"; readonly label: string; readonly values: readonly string[] };

/** A selector of Calico's language, as parsed (libcalico-go/lib/selector/parser). */
export type Selector =
  | { readonly kind: "all" }
  | { readonly kind: "global" }
  | LabelTest
  | { readonly kind: "!"; readonly operand: Selector }
  /** At least two operands. */
  | { readonly kind: "&&"; readonly operands: readonly Selector[] }
  /** At least two operands. */
  | { readonly kind: "||"; readonly operands: readonly Selector[] };

function quoted(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}

/** The text that Felix hashes into the names of ipsets: one spelling for every way to write the same tree. */
export function canonicalSelector(selector: Selector): string {
  switch (selector.kind) {
    case "all":
    case "global":
      return `${selector.kind}()`;
    case "has":
      return `has(${selector.label})`;
    case "==":
    case "!=":
    case "contains":
    case "starts with":
    case "ends with":
      return `${selector.label} ${selector.kind} ${quoted(selector.value)}`;
    case "in":
    case "not in":
      return `${selector.label} ${selector.kind} {${selector.values.map(quoted).join(", ")}}`;
    case "!":
      return `!${canonicalSelector(selector.operand)}`;
    case "&&":
    case "||":
      return `(${selector.operands.map(canonicalSelector).join(` ${selector.kind} `)})`;
  }
}
