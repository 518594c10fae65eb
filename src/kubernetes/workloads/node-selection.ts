import { at, type Field, integer, listOf, member, text, textMap } from "../field.ts";
import { holds, isLabelOperator } from "../label-selector.ts";
import { NO_RESOURCES, podRequests, type Resources } from "./resource-requests.ts";
import { NO_TOPOLOGY, readTopologyRules, type TopologyRules } from "./topology-rules.ts";

/** One requirement of a node selector term (v1 NodeSelectorRequirement). */
interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

/** A term holds when all of it holds; one without requirements never does. */
interface NodeTerm {
  readonly labels: readonly NodeRequirement[];
  /** `matchFields`: of `metadata.name` alone. */
  readonly names: readonly NodeRequirement[];
}

export interface Toleration {
  /** Null: every key. */
  readonly key: string | null;
  readonly exists: boolean;
  readonly value: string;
  /** Null: every effect. */
  readonly effect: string | null;
}

/** What of a pod's spec decides on which nodes it may run, as far as podpath's scheduler reads it. */
export interface NodeSelection {
  readonly nodeSelector: ReadonlyMap<string, string>;
  /** Of required node affinity; null without any. One term is enough. */
  readonly terms: readonly NodeTerm[] | null;
  readonly tolerations: readonly Toleration[];
  readonly topology: TopologyRules;
  readonly requests: Resources;
}

/** Of a pod that asks for nothing. */
export const ANY_NODE: NodeSelection = {
  nodeSelector: new Map(),
  terms: null,
  tolerations: [],
  topology: NO_TOPOLOGY,
  requests: NO_RESOURCES,
};

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** A node as the scheduler sees it. */
export interface CandidateNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
  /** What its pods may ask for together; null where nobody tells, and everything fits. */
  readonly allocatable: Resources | null;
}

function readRequirement(field: Field): NodeRequirement | null {
  const key = text(member(field, "key"));
  if (key === null) return null;
  return { key, operator: text(member(field, "operator")) ?? "", values: listOf(member(field, "values"), text) };
}

function readToleration(field: Field): Toleration {
  return {
    key: text(member(field, "key")) || null,
    exists: text(member(field, "operator")) === "Exists",
    value: text(member(field, "value")) ?? "",
    effect: text(member(field, "effect")) || null,
  };
}

export function readTaint(field: Field): Taint | null {
  const key = text(member(field, "key"));
  if (key === null) return null;
  return { key, value: text(member(field, "value")) ?? "", effect: text(member(field, "effect")) ?? "" };
}

/** Reads the spec of a pod with these labels. */
export function readNodeSelection(spec: Field, labels: ReadonlyMap<string, string>): NodeSelection {
  const required = at(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  const isAbsent = required.value === undefined || required.value === null;
  return {
    nodeSelector: textMap(member(spec, "nodeSelector")),
    terms: isAbsent
      ? null
      : listOf(member(required, "nodeSelectorTerms"), (term) => ({
          labels: listOf(member(term, "matchExpressions"), readRequirement),
          names: listOf(member(term, "matchFields"), readRequirement),
        })),
    tolerations: listOf(member(spec, "tolerations"), readToleration),
    topology: readTopologyRules(spec, labels),
    requests: podRequests(spec),
  };
}

/** What the DaemonSet controller lets its pods tolerate (pkg/controller/daemon/util/daemonset_util.go). */
export const DAEMON_TOLERATIONS: readonly Toleration[] = [
  "node.kubernetes.io/not-ready",
  "node.kubernetes.io/unreachable",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/pid-pressure",
  "node.kubernetes.io/unschedulable",
  "node.kubernetes.io/network-unavailable",
].map((key) => ({ key, exists: true, value: "", effect: null }));

/**
 * Why a pod may not run on a node; null where it may (component-helpers/scheduling/corev1: nodeSelector, required node affinity,
 * taints with NoSchedule and NoExecute).
 */
export function refusalOf(node: CandidateNode, selection: NodeSelection): string | null {
  for (const [key, value] of selection.nodeSelector) {
    if (node.labels.get(key) !== value) return `the label ${key}=${value} of nodeSelector`;
  }
  if (selection.terms !== null && !selection.terms.some((term) => termHolds(node, term))) {
    return "required node affinity";
  }
  const taint = node.taints.find((one) => repels(one) && !selection.tolerations.some((other) => tolerates(other, one)));
  return taint === undefined
    ? null
    : `the taint ${taint.key}${taint.value === "" ? "" : `=${taint.value}`}:${taint.effect}`;
}

function repels({ effect }: Taint): boolean {
  return effect === "NoSchedule" || effect === "NoExecute";
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== null && toleration.effect !== taint.effect) return false;
  if (toleration.key !== null && toleration.key !== taint.key) return false;
  if (toleration.key === null && !toleration.exists) return false;
  return toleration.exists || toleration.value === taint.value;
}

function termHolds(node: CandidateNode, { labels, names }: NodeTerm): boolean {
  if (labels.length === 0 && names.length === 0) return false;
  return (
    labels.every((one) => meets(one, node.labels.get(one.key))) &&
    names.every((one) => one.key === "metadata.name" && meets(one, node.name))
  );
}

function meets({ operator, values }: NodeRequirement, value: string | undefined): boolean {
  if (isLabelOperator(operator)) return holds(operator, values, value);
  switch (operator) {
    case "Gt":
      return wholeNumber(value) > wholeNumber(values[0]);
    case "Lt":
      return wholeNumber(value) < wholeNumber(values[0]);
    default:
      return false;
  }
}

/** NaN, which no comparison holds for, where there is none. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^[-+]?\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** `replicas` and the like: null where nothing is written. */
export function count(field: Field): number | null {
  const value = integer(field);
  return value === null ? null : Math.max(0, value);
}
