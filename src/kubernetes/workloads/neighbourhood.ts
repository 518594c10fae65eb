import type { CandidateNode } from "./node-selection.ts";
import { type PodFace, type PodTerm, termMeans } from "./pod-terms.ts";
import { HOSTNAME, type TopologyRules } from "./topology-rules.ts";

/** Which nodes pods may run on because of the pods that are there. */
export interface Places {
  /** Why a node may not take one; null where it may. */
  refusal(node: number): string | null;
  /** One of them has come to a node. */
  added(node: number): void;
}

/** The pods on the nodes, as terms of affinity see them. */
export interface Neighbourhood {
  /** The value of a label that makes places of nodes; undefined where the node has none. */
  domain(node: number, key: string): string | undefined;
  /** `rules`: the pod's own; null where they are not known. */
  add(node: number, pod: PodFace, rules: TopologyRules | null): void;
  /** Whether it matters to a pod which pods are where. */
  asks(rules: TopologyRules, pod: PodFace): boolean;
  placesFor(rules: TopologyRules, pod: PodFace): Places;
  findsCompany(rules: TopologyRules, pod: PodFace): boolean;
}

const NEAR = "required affinity to pods";
const APART = "required anti-affinity to pods";

/** kube-scheduler's InterPodAffinity, as far as it filters nodes. */
export function neighbourhood(nodes: readonly CandidateNode[]): Neighbourhood {
  const present = nodes.map((): PodFace[] => []);
  const guarded = guards();
  const domain = (node: number, key: string): string | undefined =>
    nodes[node]?.labels.get(key) ?? (key === HOSTNAME ? nodes[node]?.name : undefined);
  const domainsOf = (term: PodTerm, namespace: string): Set<string> => {
    const found = new Set<string>();
    for (const [i, pods] of present.entries()) {
      const place = domain(i, term.topologyKey);
      if (place !== undefined && !found.has(place) && pods.some((other) => termMeans(term, namespace, other)))
        found.add(place);
    }
    return found;
  };
  return {
    domain,
    add(node, pod, rules) {
      present[node]?.push(pod);
      for (const term of rules?.apart ?? []) guarded.add({ term, namespace: pod.namespace, node });
    },
    asks: (rules, pod) =>
      rules.near.length > 0 || rules.apart.length > 0 || rules.spreadOver !== null || guarded.against(pod).length > 0,
    findsCompany: ({ near }, pod) =>
      near.every((term) => termMeans(term, pod.namespace, pod) || domainsOf(term, pod.namespace).size > 0),
    placesFor(rules, pod) {
      const isOwn = (term: PodTerm): boolean => termMeans(term, pod.namespace, pod);
      const near = rules.near.map((term) => ({ term, places: domainsOf(term, pod.namespace) }));
      const apart = rules.apart.map((term) => ({ term, places: domainsOf(term, pod.namespace) }));
      const kept = guarded
        .against(pod)
        .map(({ term, node }) => ({ key: term.topologyKey, place: domain(node, term.topologyKey) }));
      // the first of pods that want to be near each other may be anywhere
      const isFirst = (): boolean => near.every(({ term, places }) => places.size === 0 && isOwn(term));
      return {
        refusal(node) {
          for (const { term, places } of near) {
            const place = domain(node, term.topologyKey);
            if (place === undefined || !(places.has(place) || isFirst())) return NEAR;
          }
          const isApart = apart.some(({ term, places }) => {
            const place = domain(node, term.topologyKey);
            return place !== undefined && places.has(place);
          });
          const isKept = kept.some(({ key, place }) => place !== undefined && domain(node, key) === place);
          return isApart || isKept ? APART : null;
        },
        added(node) {
          for (const { term, places } of [...near, ...apart]) {
            const place = domain(node, term.topologyKey);
            if (place !== undefined && isOwn(term)) places.add(place);
          }
        },
      };
    },
  };
}

/** A term of a pod that is there by which it keeps others away. */
interface Guard {
  readonly term: PodTerm;
  readonly namespace: string;
  readonly node: number;
}

/** Guards, found by a label that their term asks for: most pods are kept away from by few. */
function guards(): { add(guard: Guard): void; against(pod: PodFace): readonly Guard[] } {
  const byLabel = new Map<string, Guard[]>();
  const keyOf = ({ term }: Guard): string => {
    const [first] = term.selector?.matchLabels ?? [];
    return first === undefined ? "" : first.join("=");
  };
  return {
    add(guard) {
      const key = keyOf(guard);
      const same = byLabel.get(key);
      if (same === undefined) byLabel.set(key, [guard]);
      else same.push(guard);
    },
    against(pod) {
      if (byLabel.size === 0) return [];
      const keys = ["", ...[...pod.labels].map((label) => label.join("="))];
      return keys.flatMap((key) =>
        (byLabel.get(key) ?? []).filter(({ term, namespace }) => termMeans(term, namespace, pod)),
      );
    },
  };
}
