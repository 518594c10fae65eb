import type { EntityRule } from "../network-policy.ts";
import { parseSelector, type SelectorError } from "../selector/parse-selector.ts";
import { prefixLabels } from "../selector/prefix-labels.ts";
import { canonicalSelector } from "../selector/selector.ts";

/** Before the labels that endpoints inherit from their namespace. */
const NAMESPACE_PREFIX = "pcns.";
/** Before the labels that endpoints inherit from their service account. */
const SERVICE_ACCOUNT_PREFIX = "pcsa.";

/** A selector that does not parse, and which field holds it. */
export interface WrongSelector {
  readonly field: "selector" | "notSelector" | "namespaceSelector" | "serviceAccounts.selector";
  readonly error: SelectorError;
}

export type EntitySelector =
  | { readonly selector: string; readonly wrong: null }
  | { readonly selector: null; readonly wrong: WrongSelector };

function prefixed(text: string, prefix: string): string | SelectorError {
  const { selector, error } = parseSelector(text);
  return error === null ? canonicalSelector(prefixLabels(selector, prefix)) : error;
}

/** Every namespaced endpoint, or none: what `all()` and `global()` mean for namespaces. */
function namespaceSelector(text: string): string | SelectorError {
  const selector = prefixed(text, NAMESPACE_PREFIX);
  if (typeof selector !== "string") return selector;
  return selector
    .replaceAll("all()", "has(projectcalico.org/namespace)")
    .replaceAll("global()", "!has(projectcalico.org/namespace)");
}

function serviceAccountSelector(match: NonNullable<EntityRule["serviceAccounts"]>): string | SelectorError {
  const labels = match.selector === "" ? "" : prefixed(match.selector, SERVICE_ACCOUNT_PREFIX);
  if (typeof labels !== "string" || match.names.length === 0) return labels;
  const names = [...new Set(match.names)].sort().map((name) => `"${name}"`);
  const named = `projectcalico.org/serviceaccount in {${names.join(", ")}}`;
  return labels === "" ? named : `(${labels}) && (${named})`;
}

/**
 * All of a side's positive selectors as one, the empty string where it asks for nobody in particular
 * (libcalico-go/lib/backend/syncersv1/updateprocessors/rules.go, GetEntityRuleSelector). In a namespaced policy any
 * selector, even a negative one, limits the side to the policy's own namespace unless it names others.
 *
 * @param namespace the policy's; null for policies of the whole cluster
 */
export function entitySelector(side: EntityRule, namespace: string | null): EntitySelector {
  const wrong = (field: WrongSelector["field"], error: SelectorError): EntitySelector => ({
    selector: null,
    wrong: { field, error },
  });
  for (const field of ["selector", "notSelector"] as const) {
    const { error } = parseSelector(side[field]);
    if (error !== null) return wrong(field, error);
  }
  let namespaces = namespace === null ? "" : `projectcalico.org/namespace == '${namespace}'`;
  if (side.namespaceSelector !== "") {
    const given = namespaceSelector(side.namespaceSelector);
    if (typeof given !== "string") return wrong("namespaceSelector", given);
    namespaces = given;
  }
  const accounts = side.serviceAccounts === null ? "" : serviceAccountSelector(side.serviceAccounts);
  if (typeof accounts !== "string") return wrong("serviceAccounts.selector", accounts);
  const own = [accounts, side.selector].filter((part) => part !== "");
  const selector = own.length > 1 ? `(${own.join(") && (")})` : own.join("");
  const limits = selector !== "" || side.notSelector !== "" || side.namespaceSelector !== "";
  if (namespaces === "" || !limits) return { selector, wrong: null };
  return { selector: selector === "" ? namespaces : `(${namespaces}) && (${selector})`, wrong: null };
}
