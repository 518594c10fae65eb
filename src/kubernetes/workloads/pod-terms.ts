import { type LabelSelector, matchesLabelSelector } from "../label-selector.ts";

/** A pod as the terms of others see it. */
export interface PodFace {
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** A required term of affinity or anti-affinity to pods (v1 PodAffinityTerm). */
export interface PodTerm {
  /** The label of nodes that makes places of them. */
  readonly topologyKey: string;
  /** Null chooses no pod. */
  readonly selector: LabelSelector | null;
  /** Empty: the namespace of the pod that has the term. Null: all. */
  readonly namespaces: readonly string[] | null;
  /** `matchLabelKeys` and `mismatchLabelKeys`: labels in which others must be, or not be, as the pod itself; absent: none. */
  readonly keys?: readonly { readonly key: string; readonly isSame: boolean }[];
}

/**
 * The term as the API server stores it with a pod that has these labels: each key becomes a requirement of the selector, where the pod has the label
 * (pkg/registry/core/pod/strategy.go, applyMatchLabelKeysAndMismatchLabelKeys).
 */
export function withOwnLabels(term: PodTerm, labels: ReadonlyMap<string, string>): PodTerm {
  const { keys = [], selector, ...rest } = term;
  if (selector === null || keys.length === 0) return term;
  const added = keys.flatMap(({ key, isSame }): LabelSelector["matchExpressions"] => {
    const value = labels.get(key);
    return value === undefined ? [] : [{ key, operator: isSame ? "In" : "NotIn", values: [value] }];
  });
  return { ...rest, selector: { ...selector, matchExpressions: [...selector.matchExpressions, ...added] } };
}

/** Whether a term of a pod in a namespace means another pod. */
export function termMeans(term: PodTerm, namespace: string, other: PodFace): boolean {
  if (term.selector === null) return false;
  if (term.namespaces !== null) {
    const isAmong =
      term.namespaces.length === 0 ? other.namespace === namespace : term.namespaces.includes(other.namespace);
    if (!isAmong) return false;
  }
  return matchesLabelSelector(term.selector, other.labels);
}
