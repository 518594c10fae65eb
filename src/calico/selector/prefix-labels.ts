import type { Selector } from "./selector.ts";

/** The selector with every label under a prefix, as namespaces' and service accounts' labels are (PrefixVisitor). */
export function prefixLabels(selector: Selector, prefix: string): Selector {
  switch (selector.kind) {
    case "all":
    case "global":
      return selector;
    case "!":
      return { kind: "!", operand: prefixLabels(selector.operand, prefix) };
    case "&&":
    case "||":
      return { ...selector, operands: selector.operands.map((operand) => prefixLabels(operand, prefix)) };
    default:
      return { ...selector, label: prefix + selector.label };
  }
}
