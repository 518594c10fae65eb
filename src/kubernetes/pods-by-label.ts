import type { Pod } from "./pod.ts";

const NONE: readonly Pod[] = [];

/** The pods that have a label of one key, by namespace and value. */
type PodsOfKey = ReadonlyMap<string, ReadonlyMap<string, readonly Pod[]>>;

/**
 * Finds the pods of a namespace that have all labels of a selector, in the order in which they were given. Looks only at
 * the pods with the rarest of the labels. An empty selector selects none, as that of a Service. Labels that no selector asks for are
 * not looked at.
 */
export function podsByLabel(
  pods: Iterable<Pod>,
): (namespace: string, selector: ReadonlyMap<string, string>) => readonly Pod[] {
  const all = [...pods];
  const index = new Map<string, PodsOfKey>();
  const ofKey = (key: string): PodsOfKey => {
    const known = index.get(key) ?? podsOfKey(all, key);
    index.set(key, known);
    return known;
  };
  return (namespace, selector) => {
    let rarest: readonly Pod[] | null = null;
    for (const [key, value] of selector) {
      const list = ofKey(key).get(namespace)?.get(value) ?? NONE;
      if (rarest === null || list.length < rarest.length) rarest = list;
    }
    const found = rarest ?? NONE;
    if (selector.size < 2) return found;
    return found.filter(({ metadata }) => [...selector].every(([key, value]) => metadata.labels.get(key) === value));
  };
}

function podsOfKey(pods: readonly Pod[], key: string): PodsOfKey {
  const byNamespace = new Map<string, Map<string, Pod[]>>();
  for (const pod of pods) {
    const value = pod.metadata.labels.get(key);
    if (value === undefined) continue;
    const namespace = pod.metadata.namespace ?? "default";
    let byValue = byNamespace.get(namespace);
    if (byValue === undefined) {
      byValue = new Map();
      byNamespace.set(namespace, byValue);
    }
    const present = byValue.get(value);
    if (present === undefined) byValue.set(value, [pod]);
    else present.push(pod);
  }
  return byNamespace;
}
