import { at, elements, type Field, integer, member, text } from "../field.ts";
import { matchesLabelSelector, readLabelSelector } from "../label-selector.ts";

/** How the pods of one template may stand to each other on the nodes. */
export interface TopologyRules {
  /** Labels of nodes: of the nodes with one value, one alone takes a pod (required anti-affinity to pods of its own kind). */
  readonly apart: readonly string[];
  /** The label over whose values pods are spread evenly (topologySpreadConstraints with DoNotSchedule); null without. */
  readonly spreadOver: string | null;
  /** What else the pod asks for and podpath's scheduler does not look at. */
  readonly notLookedAt: readonly string[];
}

export const NO_TOPOLOGY: TopologyRules = { apart: [], spreadOver: null, notLookedAt: [] };

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
  const apart: string[] = [];
  const notLookedAt: string[] = [];
  for (const term of elements(at(affinity, "podAntiAffinity", REQUIRED))) {
    const key = text(member(term, "topologyKey"));
    const isElsewhere = elements(member(term, "namespaces")).length > 0;
    if (key !== null && choosesItself(term) && !isElsewhere) apart.push(key);
    else notLookedAt.push("required anti-affinity to other pods");
  }
  if (elements(at(affinity, "podAffinity", REQUIRED)).length > 0) notLookedAt.push("required affinity to pods");
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
  return { apart, spreadOver, notLookedAt: [...new Set(notLookedAt)] };
}
