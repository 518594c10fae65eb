import type { CalicoPolicy } from "../network-policy.ts";
import { parseSelector, type SelectorError } from "../selector/parse-selector.ts";
import { prefixLabels } from "../selector/prefix-labels.ts";
import { canonicalSelector, type Selector } from "../selector/selector.ts";

/** What stands for everybody once a policy of the whole cluster asks for namespaces or service accounts. */
const LABELS = {
  namespaceSelector: "projectcalico.org/namespace",
  serviceAccountSelector: "projectcalico.org/serviceaccount",
} as const;
const PREFIXES = { namespaceSelector: "pcns.", serviceAccountSelector: "pcsa." } as const;

/** Which endpoints a policy is for, or the field that does not parse. */
export type PolicySelector =
  | { readonly selector: Selector; readonly wrong: null }
  | {
      readonly selector: null;
      readonly wrong: { readonly field: "selector" | keyof typeof PREFIXES; readonly error: SelectorError };
    };

/**
 * A policy's selectors as one (libcalico-go/lib/backend/syncersv1/updateprocessors/networkpolicyprocessor.go and
 * globalnetworkpolicyprocessor.go): a namespaced policy is for its own namespace.
 */
export function policySelector(policy: CalicoPolicy): PolicySelector {
  const own = parseSelector(policy.selector);
  if (own.error !== null) return { selector: null, wrong: { field: "selector", error: own.error } };
  let text = policy.selector;
  if (policy.namespace !== null) {
    const namespace = `projectcalico.org/namespace == '${policy.namespace}'`;
    text = text === "" ? namespace : `(${text}) && ${namespace}`;
  }
  for (const field of ["namespaceSelector", "serviceAccountSelector"] as const) {
    if (policy[field] === "") continue;
    const { selector, error } = parseSelector(policy[field]);
    if (error !== null) return { selector: null, wrong: { field, error } };
    const prefixed = canonicalSelector(prefixLabels(selector, PREFIXES[field]));
    text = text === "" ? prefixed : `(${text}) && ${prefixed}`;
    // upstream looks for the word in all of the text so far, the policy's own selector included
    if (policy.namespace === null) text = text.replaceAll("all()", `has(${LABELS[field]})`);
  }
  const { selector } = parseSelector(text);
  return { selector: selector ?? { kind: "all" }, wrong: null };
}
