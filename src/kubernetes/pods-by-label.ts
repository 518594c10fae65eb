import type { Pod } from "./pod.ts";

const NONE: readonly Pod[] = [];

/**
 * Finds the pods of a namespace that have all labels of a selector, in the order in which they were given. Looks only at
 * the pods with the rarest of the labels. An empty selector selects none, as that of a Service.
 */
export function podsByLabel(
  pods: Iterable<Pod>,
): (namespace: string, selector: ReadonlyMap<string, string>) => readonly Pod[] {
  const index = new Map<string, Pod[]>();
  for (const pod of pods) {
    for (const [key, value] of pod.metadata.labels) {
      const entry = keyOf(pod.metadata.namespace ?? "default", key, value);
      const present = index.get(entry);
      if (present === undefined) index.set(entry, [pod]);
      else present.push(pod);
    }
  }
  return (namespace, selector) => {
    const lists = [...selector].map(([key, value]) => index.get(keyOf(namespace, key, value)) ?? NONE);
    const rarest = lists.reduce<readonly Pod[] | null>(
      (least, list) => (least === null || list.length < least.length ? list : least),
      null,
    );
    return (rarest ?? NONE).filter(({ metadata }) =>
      [...selector].every(([key, value]) => metadata.labels.get(key) === value),
    );
  };
}

function keyOf(namespace: string, key: string, value: string): string {
  return `${namespace}\u0000${key}\u0000${value}`;
}
