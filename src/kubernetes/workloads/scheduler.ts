import { type CandidateNode, type NodeSelection, refusalOf } from "./node-selection.ts";
import { HOSTNAME, type TopologyRules } from "./topology-rules.ts";

/** Where pods may run, and why not. */
export interface Placement {
  /** Names of nodes, one for each pod; shorter than asked for where no node takes the rest. */
  readonly nodes: readonly string[];
  /** What each node refuses them for, and how many nodes do. */
  readonly refusals: ReadonlyMap<string, number>;
}

/** Gives pods to nodes. Stateful: it remembers how many pods each node has. */
export interface Scheduler {
  /** `count` pods of one template, spread over the nodes that they may run on. */
  place(selection: NodeSelection, count: number): Placement;
  /** All nodes that pods of the template may run on, in order of names. */
  every(selection: NodeSelection): Placement;
  /** A pod that is on its node already. */
  note(node: string): void;
}

/** Nodes that a template may run on: equal for many templates. */
interface Feasible {
  readonly nodes: readonly number[];
  readonly refusals: ReadonlyMap<string, number>;
  /** Binary heap of [pods when pushed, index]; an entry may be out of date. */
  readonly heap: [number, number][];
}

/**
 * A scheduler that decides the same every time: of the nodes that a pod may run on, those with the fewest pods of its
 * template come first, then those with the fewest pods of all, then by name. The real one scores resources, images and
 * preferences too, which manifests and nodes.yaml do not tell.
 */
export function scheduler(candidates: readonly CandidateNode[]): Scheduler {
  const nodes = [...candidates].sort((x, y) => (x.name < y.name ? -1 : 1));
  const index = new Map(nodes.map(({ name }, i) => [name, i]));
  const pods = nodes.map(() => 0);
  const known = new Map<string, Feasible>();
  const feasible = (selection: NodeSelection): Feasible => {
    const key = JSON.stringify([[...selection.nodeSelector], selection.terms, selection.tolerations]);
    const earlier = known.get(key);
    if (earlier !== undefined) return earlier;
    const fitting: number[] = [];
    const refusals = new Map<string, number>();
    for (const [i, node] of nodes.entries()) {
      const refusal = refusalOf(node, selection);
      if (refusal === null) fitting.push(i);
      else refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    }
    const made: Feasible = { nodes: fitting, refusals, heap: [] };
    for (const i of fitting) push(made.heap, [pods[i] ?? 0, i]);
    known.set(key, made);
    return made;
  };
  const named = (i: number): string => nodes[i]?.name ?? "";
  return {
    place(selection, count) {
      const { heap, refusals, nodes: fitting } = feasible(selection);
      if (fitting.length === 0) return { nodes: [], refusals };
      const { apart, spreadOver } = selection.topology;
      if (apart.length > 0 || spreadOver !== null) {
        const chosen = choose(
          fitting.map((i) => [nodes[i], i] as const),
          pods,
          selection.topology,
          count,
        );
        for (const i of chosen.taken) pods[i] = (pods[i] ?? 0) + 1;
        return { nodes: chosen.taken.map(named), refusals: new Map([...refusals, ...chosen.refusals]) };
      }
      const placed: string[] = [];
      while (placed.length < count) {
        const round: number[] = [];
        while (placed.length < count && round.length < fitting.length) {
          const top = pop(heap);
          if (top === null) break;
          const [seen, i] = top;
          const now = pods[i] ?? 0;
          if (seen !== now) {
            push(heap, [now, i]);
            continue;
          }
          pods[i] = now + 1;
          round.push(i);
          placed.push(named(i));
        }
        for (const i of round) push(heap, [pods[i] ?? 0, i]);
      }
      return { nodes: placed, refusals };
    },
    every(selection) {
      const { nodes: fitting, refusals } = feasible(selection);
      for (const i of fitting) pods[i] = (pods[i] ?? 0) + 1;
      return { nodes: fitting.map(named), refusals };
    },
    note(node) {
      const i = index.get(node);
      if (i !== undefined) pods[i] = (pods[i] ?? 0) + 1;
    },
  };
}

/** One by one: of the nodes whose domain may take a pod, that with the fewest pods in its domain, of its template, of all. */
function choose(
  fitting: readonly (readonly [CandidateNode | undefined, number])[],
  pods: readonly number[],
  { apart, spreadOver }: TopologyRules,
  count: number,
): { readonly taken: readonly number[]; readonly refusals: ReadonlyMap<string, number> } {
  const domain = (node: CandidateNode | undefined, key: string): string | undefined =>
    node?.labels.get(key) ?? (key === HOSTNAME ? node?.name : undefined);
  const inDomain = new Map<string, number>();
  const ofTemplate = new Map<number, number>();
  const taken: number[] = [];
  const candidates = fitting.flatMap(([node, i]) => {
    const over = spreadOver === null ? "" : domain(node, spreadOver);
    // without the label a node is in no domain, and takes no pod that is to be spread
    if (over === undefined) return [];
    return [{ i, over: `= ${over}`, apart: apart.flatMap((key) => domain(node, key)?.concat(" ", key) ?? []) }];
  });
  const load = (one: (typeof candidates)[number]): readonly number[] => [
    inDomain.get(one.over) ?? 0,
    ofTemplate.get(one.i) ?? 0,
    pods[one.i] ?? 0,
    one.i,
  ];
  while (taken.length < count) {
    const free = candidates.filter((one) => one.apart.every((key) => !inDomain.has(key)));
    const [first] = free;
    if (first === undefined) break;
    const best = free.reduce((x, y) => (isLess(load(y), load(x)) ? y : x), first);
    taken.push(best.i);
    ofTemplate.set(best.i, (ofTemplate.get(best.i) ?? 0) + 1);
    for (const key of [best.over, ...best.apart]) inDomain.set(key, (inDomain.get(key) ?? 0) + 1);
  }
  const refusals = new Map<string, number>();
  const without = fitting.length - candidates.length;
  if (without > 0) refusals.set(`the label ${spreadOver ?? ""} that they are spread over`, without);
  if (taken.length < count && candidates.length > 0)
    refusals.set("anti-affinity to pods of their own kind", candidates.length);
  return { taken, refusals };
}

function isLess(x: readonly number[], y: readonly number[]): boolean {
  const at = x.findIndex((value, i) => value !== y[i]);
  return at >= 0 && (x[at] ?? 0) < (y[at] ?? 0);
}

function isBefore([x, i]: readonly [number, number], [y, j]: readonly [number, number]): boolean {
  return x < y || (x === y && i < j);
}

function push(heap: [number, number][], entry: [number, number]): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: [number, number][]): readonly [number, number] | null {
  const [top = null] = heap;
  const last = heap.pop();
  if (top === null || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const first = heap[left];
    if (first === undefined) break;
    const second = heap[right];
    const child = second !== undefined && isBefore(second, first) ? right : left;
    const entry = child === right && second !== undefined ? second : first;
    if (!isBefore(entry, last)) break;
    heap[at] = entry;
    at = child;
  }
  heap[at] = last;
  return top;
}
