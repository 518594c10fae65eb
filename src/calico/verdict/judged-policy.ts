import type { CalicoPolicy, CalicoRule } from "../network-policy.ts";
import { type LabelLookup, matchesSelector } from "../selector/matches-selector.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import { type AddressBook, chooses, matchesRule, ofNamespaces, type PolicyPacket } from "./rule-matches.ts";

export type PacketDirection = "Ingress" | "Egress";

/** A policy as somebody reads it, whichever resource it is. */
export interface JudgedPolicy {
  /** For people: `NetworkPolicy shop/web`. */
  readonly name: string;
  readonly tier: string;
  /** Null comes last. */
  readonly order: number | null;
  /** What ties between policies of one order are broken by. */
  readonly tieBreak: string;
  readonly types: readonly PacketDirection[];
  readonly doNotTrack: boolean;
  readonly preDNAT: boolean;
  readonly applyOnForward: boolean;
  chooses(labels: LabelLookup): boolean;
  /** What the first rule that speaks of the packet says; null where none does. */
  decide(direction: PacketDirection, packet: PolicyPacket, book: AddressBook): "Allow" | "Deny" | "Pass" | null;
}

/** The first rule that decides about the packet; rules that log decide nothing. */
export function firstDecision(
  rules: readonly CalicoRule[],
  packet: PolicyPacket,
  namespace: string | null,
  book: AddressBook,
): "Allow" | "Deny" | "Pass" | null {
  for (const rule of rules) {
    if (rule.action !== "Log" && matchesRule(rule, packet, namespace, book)) return rule.action;
  }
  return null;
}

/**
 * Whether a policy of the whole cluster chooses: where it also asks for namespaces or service accounts, `all()` in its own
 * selector means those that have one (updateprocessors/globalnetworkpolicyprocessor.go).
 */
function globallyChosen(policy: CalicoPolicy, labels: LabelLookup): boolean {
  const { selector: own } = parseSelector(policy.selector);
  if (own === null) return false;
  const everybody =
    policy.namespaceSelector !== ""
      ? "projectcalico.org/namespace"
      : policy.serviceAccountSelector !== ""
        ? "projectcalico.org/serviceaccount"
        : null;
  const meant = policy.selector === "" || everybody === null ? own : replaceAll(own, everybody);
  if (!matchesSelector(meant, labels)) return false;
  if (policy.namespaceSelector !== "") {
    const { selector } = parseSelector(policy.namespaceSelector);
    if (selector === null || !matchesSelector(ofNamespaces(selector), labels)) return false;
  }
  return policy.serviceAccountSelector === "" || accountsChosen(policy.serviceAccountSelector, labels, true);
}

function replaceAll(
  selector: NonNullable<ReturnType<typeof parseSelector>["selector"]>,
  label: string,
): typeof selector {
  switch (selector.kind) {
    case "all":
      return { kind: "has", label };
    case "!":
      return { kind: "!", operand: replaceAll(selector.operand, label) };
    case "&&":
    case "||":
      return { ...selector, operands: selector.operands.map((operand) => replaceAll(operand, label)) };
    default:
      return selector;
  }
}

function accountsChosen(text: string, labels: LabelLookup, isGlobal: boolean): boolean {
  const { selector } = parseSelector(text);
  if (selector === null) return false;
  if (isGlobal && selector.kind === "all") return labels("projectcalico.org/serviceaccount") !== undefined;
  return chooses(text, labels, "pcsa.");
}

/**
 * A policy of Calico's own, straight from its fields.
 *
 * @param tieBreak what it is sorted by among policies of its order, as the release keeps it
 */
export function judgeCalicoPolicy(policy: CalicoPolicy, tieBreak: string): JudgedPolicy {
  const { namespace, ingress, egress } = policy;
  const name = namespace === null ? policy.name : `${namespace}/${policy.name}`;
  return {
    name: `${policy.kind} ${name}`,
    tier: policy.tier,
    order: policy.order,
    tieBreak,
    types: policy.types,
    doNotTrack: policy.doNotTrack,
    preDNAT: policy.preDNAT,
    applyOnForward: policy.applyOnForward,
    chooses: (labels) => {
      if (namespace === null) return globallyChosen(policy, labels);
      if (labels("projectcalico.org/namespace") !== namespace || !chooses(policy.selector, labels)) return false;
      return policy.serviceAccountSelector === "" || accountsChosen(policy.serviceAccountSelector, labels, false);
    },
    decide: (direction, packet, book) =>
      firstDecision(direction === "Ingress" ? ingress : egress, packet, namespace, book),
  };
}
