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
