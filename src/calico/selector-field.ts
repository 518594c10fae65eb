import { complain, type Field, text } from "../kubernetes/field.ts";
import { parseSelector } from "./selector/parse-selector.ts";
import type { Selector } from "./selector/selector.ts";

function asksGlobal(selector: Selector): boolean {
  switch (selector.kind) {
    case "global":
      return true;
    case "!":
      return asksGlobal(selector.operand);
    case "&&":
    case "||":
      return selector.operands.some(asksGlobal);
    default:
      return false;
  }
}

/**
 * A selector's text, the empty string where none is written. What does not parse is complained of with its place, and so
 * is `global()` where it means nothing (libcalico-go/lib/validator/v3, validateSelector).
 */
export function selectorField(field: Field, of: "endpoints" | "namespaces" = "endpoints"): string {
  const written = text(field) ?? "";
  const { selector, error } = parseSelector(written);
  if (error !== null) {
    complain(field, `${error.expected}, where ${error.found} stands`, error.column);
    return "";
  }
  if (!asksGlobal(selector)) return written;
  if (of === "endpoints") complain(field, "global() in a namespaceSelector only");
  else if (selector.kind === "&&" || selector.kind === "||") complain(field, "global() by itself");
  return written;
}
