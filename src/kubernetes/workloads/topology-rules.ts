import { at, elements, type Field, integer, listOf, member, text } from "../field.ts";
import { matchesLabelSelector, readLabelSelector } from "../label-selector.ts";
import { type PodTerm, withOwnLabels } from "./pod-terms.ts";

/** How the pods of one template may stand to each other on the nodes. */
export interface TopologyRules {
  /** Of the places with pods that a term means one must be chosen (required affinity). */
  readonly near: readonly PodTerm[];
  /** Places with pods that a term means must not be chosen, nor may those pods come later (required anti-affinity). */
  readonly apart: readonly PodTerm[];
  /** The label over whose values pods are spread evenly (topologySpreadConstraints with DoNotSchedule); null without. */
  readonly spreadOver: string | null;
  /** What else the pod asks for and podpath's scheduler does not look at. */
  readonly notLookedAt: readonly string[];
}

export const NO_TOPOLOGY: TopologyRules = { near: [], apart: [], spreadOver: null, notLookedAt: [] };

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

/** The label that tells nodes one by one. */
export const HOSTNAME = "kubernetes.io/hostname";

/** Of the spec of a pod with these labels (v1 PodAffinity, PodAntiAffinity, TopologySpreadConstraint). */
export function readTopologyRules(spec: Field, labels: ReadonlyMap<string, string>): TopologyRules {
  const affinity = member(spec, "affinity");
  const constraints = elements(member(spec, "topologySpreadConstraints"));
  if (affinity.value === undefined && constraints.length === 0) return NO_TOPOLOGY;
  const choosesItself = (term: Field): boolean => {
    const selector = readLabelSelector(member(term, "labelSelector"));
    return selector !== null && matchesLabelSelector(selector, labels);
  };
  const notLookedAt: string[] = [];
  const terms = (kind: string): readonly PodTerm[] =>
    elements(at(affinity, kind, REQUIRED)).flatMap((term) => {
      const topologyKey = text(member(term, "topologyKey"));
      if (topologyKey === null) return [];
      const ofNamespaces = readLabelSelector(member(term, "namespaceSelector"));
      const isAll = ofNamespaces?.matchLabels.size === 0 && ofNamespaces.matchExpressions.length === 0;
      if (ofNamespaces !== null && !isAll) notLookedAt.push("labels of the namespaces of other pods");
      const keys = (["matchLabelKeys", "mismatchLabelKeys"] as const).flatMap((field) =>
        listOf(member(term, field), text).map((key) => ({ key, isSame: field === "matchLabelKeys" })),
      );
      const namespaces = isAll ? null : listOf(member(term, "namespaces"), text);
      const selector = readLabelSelector(member(term, "labelSelector"));
      return [{ topologyKey, selector, namespaces, ...(keys.length === 0 ? {} : { keys }) }];
    });
  const near = terms("podAffinity");
  const apart = terms("podAntiAffinity");
  const preferences = ["nodeAffinity", "podAffinity", "podAntiAffinity"].filter(
    (kind) => elements(at(affinity, kind, PREFERRED)).length > 0,
  );
  if (preferences.length > 0) notLookedAt.push("preferences");
  const hard = constraints.filter(
    (one) => (text(member(one, "whenUnsatisfiable")) ?? "DoNotSchedule") === "DoNotSchedule",
  );
  if (hard.length < constraints.length) notLookedAt.push("preferences");
  // over nodes one by one pods are spread anyhow
  const keys = hard.filter(choosesItself).flatMap((one) => text(member(one, "topologyKey")) ?? []);
  const [spreadOver = null, ...more] = keys.filter((key) => key !== HOSTNAME);
  const hasNarrow = hard.some((one) => (integer(member(one, "minDomains")) ?? 1) > 1);
  if (more.length > 0 || hasNarrow || keys.length < hard.length) notLookedAt.push("further spread constraints");
  return { near, apart, spreadOver, notLookedAt: [...new Set(notLookedAt)] };
}

/** Whether terms look at labels that a controller gives to the pod, such as `pod-template-hash`. */
export function looksAtOwnLabels({ near, apart }: TopologyRules): boolean {
  return [...near, ...apart].some(({ keys }) => keys !== undefined);
}

/** The rules of a pod that has these labels. */
export function rulesWithOwnLabels(rules: TopologyRules, labels: ReadonlyMap<string, string>): TopologyRules {
  if (!looksAtOwnLabels(rules)) return rules;
  const own = (term: PodTerm): PodTerm => withOwnLabels(term, labels);
  return { ...rules, near: rules.near.map(own), apart: rules.apart.map(own) };
}
