import { candidateHeap } from "./candidate-heap.ts";
import { type Neighbourhood, neighbourhood } from "./neighbourhood.ts";
import { type NodeRoom, nodeRoom } from "./node-room.ts";
import { type CandidateNode, type NodeSelection, refusalOf } from "./node-selection.ts";
import type { PodFace } from "./pod-terms.ts";
import type { Resources } from "./resource-requests.ts";

/** Where pods may run, and why not. */
export interface Placement {
  /** Names of nodes, one for each pod; shorter than asked for where no node takes the rest. */
  readonly nodes: readonly string[];
  /** What each node refuses them for, and how many nodes do. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Nodes that a DaemonSet's pods wait for, as there is no room. */
  readonly waiting: number;
}

/** Gives pods to nodes. Stateful: it remembers which pods each node has. */
export interface Scheduler {
  /** `count` pods of one template, spread over the nodes that they may run on. */
  place(selection: NodeSelection, count: number, pod?: PodFace): Placement;
  /** All nodes that pods of the template may run on, in order of names. */
  every(selection: NodeSelection, pod?: PodFace): Placement;
  /** Whether the pods are there that one must be near to, or it would be the first of its own kind. */
  findsCompany(selection: NodeSelection, pod: PodFace): boolean;
  /** A pod that is on its node already. */
  note(node: string, pod?: PodFace, requests?: Resources): void;
}

/** Nodes that a template may run on: equal for many templates. */
interface Feasible {
  readonly nodes: readonly number[];
  readonly refusals: ReadonlyMap<string, number>;
  /** By how many pods they had when they were pushed; an entry may be out of date. */
  readonly heap: ReturnType<typeof candidateHeap>;
}

const NOBODY: PodFace = { namespace: "", labels: new Map() };

/**
 * A scheduler that decides the same every time: of the nodes that a pod may run on, those with the fewest pods of its
 * template come first, then those with the fewest pods of all, then by name. The real one scores resources, images and
 * preferences too, which manifests and nodes.yaml do not tell.
 */
export function scheduler(candidates: readonly CandidateNode[]): Scheduler {
  const nodes = [...candidates].sort((x, y) => (x.name < y.name ? -1 : 1));
  const index = new Map(nodes.map(({ name }, i) => [name, i]));
  const pods = nodes.map(() => 0);
  const room = nodeRoom(nodes);
  const around = neighbourhood(nodes);
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
    const made: Feasible = { nodes: fitting, refusals, heap: candidateHeap() };
    for (const i of fitting) made.heap.push(pods[i] ?? 0, i);
    known.set(key, made);
    return made;
  };
  const named = (i: number): string => nodes[i]?.name ?? "";
  const take = (i: number, selection: NodeSelection, pod: PodFace): void => {
    pods[i] = (pods[i] ?? 0) + 1;
    room.take(i, selection.requests);
    around.add(i, pod, selection.topology);
  };
  return {
    place(selection, count, pod = NOBODY) {
      const { heap, refusals, nodes: fitting } = feasible(selection);
      if (fitting.length === 0) return { nodes: [], refusals, waiting: 0 };
      if (around.asks(selection.topology, pod)) {
        const chosen = choose(fitting, pods, room, around, selection, pod, count, take);
        return { nodes: chosen.taken.map(named), refusals: new Map([...refusals, ...chosen.refusals]), waiting: 0 };
      }
      const placed: string[] = [];
      const full = new Map<string, number>();
      const without: number[] = [];
      while (placed.length < count && without.length < fitting.length) {
        const round: number[] = [];
        while (placed.length < count && round.length + without.length < fitting.length) {
          const top = heap.pop();
          if (top === null) break;
          const [seen, i] = top;
          const now = pods[i] ?? 0;
          if (seen !== now) {
            heap.push(now, i);
            continue;
          }
          const lack = room.lack(i, selection.requests);
          if (lack !== null) {
            without.push(i);
            full.set(lack, (full.get(lack) ?? 0) + 1);
            continue;
          }
          take(i, selection, pod);
          round.push(i);
          placed.push(named(i));
        }
        for (const i of round) heap.push(pods[i] ?? 0, i);
        if (round.length === 0) break;
      }
      for (const i of without) heap.push(pods[i] ?? 0, i);
      return {
        nodes: placed,
        refusals: placed.length < count ? new Map([...refusals, ...full]) : refusals,
        waiting: 0,
      };
    },
    every(selection, pod = NOBODY) {
      const { nodes: fitting, refusals } = feasible(selection);
      const taken: number[] = [];
      const full = new Map<string, number>();
      for (const i of fitting) {
        const lack = room.lack(i, selection.requests);
        if (lack === null) taken.push(i);
        else full.set(lack, (full.get(lack) ?? 0) + 1);
      }
      for (const i of taken) take(i, selection, pod);
      const waiting = fitting.length - taken.length;
      return { nodes: taken.map(named), refusals: waiting === 0 ? refusals : full, waiting };
    },
    findsCompany: ({ topology }, pod) => around.findsCompany(topology, pod),
    note(node, pod = NOBODY, requests) {
      const i = index.get(node);
      if (i === undefined) return;
      pods[i] = (pods[i] ?? 0) + 1;
      if (requests !== undefined) room.take(i, requests);
      around.add(i, pod, null);
    },
  };
}

/** One by one: of the nodes that may take a pod, that with the fewest pods in its domain, of its template, of all. */
function choose(
  fitting: readonly number[],
  pods: readonly number[],
  room: NodeRoom,
  around: Neighbourhood,
  selection: NodeSelection,
  pod: PodFace,
  count: number,
  take: (i: number, selection: NodeSelection, pod: PodFace) => void,
): { readonly taken: readonly number[]; readonly refusals: ReadonlyMap<string, number> } {
  const { spreadOver } = selection.topology;
  const inDomain = new Map<string, number>();
  const ofTemplate = new Map<number, number>();
  const taken: number[] = [];
  const places = around.placesFor(selection.topology, pod);
  const candidates = fitting.flatMap((i) => {
    const over = spreadOver === null ? "" : around.domain(i, spreadOver);
    // without the label a node is in no domain, and takes no pod that is to be spread
    return over === undefined ? [] : [{ i, over }];
  });
  const load = (one: (typeof candidates)[number]): readonly number[] => [
    inDomain.get(one.over) ?? 0,
    ofTemplate.get(one.i) ?? 0,
    pods[one.i] ?? 0,
    one.i,
  ];
  const refusal = ({ i }: { readonly i: number }): string | null =>
    places.refusal(i) ?? room.lack(i, selection.requests);
  while (taken.length < count) {
    const free = candidates.filter((one) => refusal(one) === null);
    const [first] = free;
    if (first === undefined) break;
    const best = free.reduce((x, y) => (isLess(load(y), load(x)) ? y : x), first);
    taken.push(best.i);
    take(best.i, selection, pod);
    places.added(best.i);
    ofTemplate.set(best.i, (ofTemplate.get(best.i) ?? 0) + 1);
    inDomain.set(best.over, (inDomain.get(best.over) ?? 0) + 1);
  }
  const refusals = new Map<string, number>();
  const without = fitting.length - candidates.length;
  if (without > 0) refusals.set(`the label ${spreadOver ?? ""} that they are spread over`, without);
  if (taken.length < count) {
    for (const one of candidates) {
      const why = refusal(one);
      if (why !== null) refusals.set(why, (refusals.get(why) ?? 0) + 1);
    }
  }
  return { taken, refusals };
}

function isLess(x: readonly number[], y: readonly number[]): boolean {
  const at = x.findIndex((value, i) => value !== y[i]);
  return at >= 0 && (x[at] ?? 0) < (y[at] ?? 0);
}
