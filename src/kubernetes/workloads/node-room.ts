import type { CandidateNode } from "./node-selection.ts";
import type { Resources } from "./resource-requests.ts";

/** How much room each node has left. */
export interface NodeRoom {
  /** What a node has too little of for a pod; null where it fits. */
  lack(node: number, requests: Resources): string | null;
  take(node: number, requests: Resources): void;
}

/** Resources that every node has, told or not. */
const EVERYWHERE = /^(?:cpu|memory|ephemeral-storage|pods)$/;

/**
 * What pods ask for together may not be more than the node's `allocatable`, their number not more than its `pods` (kube-scheduler's
 * NodeResourcesFit). Where nobody tells it, everything fits.
 */
export function nodeRoom(nodes: readonly CandidateNode[]): NodeRoom {
  const used = nodes.map(() => new Map<string, number>());
  const without = (node: number, name: string, amount: number): boolean => {
    const told = nodes[node]?.allocatable ?? null;
    if (told === null || amount === 0) return false;
    const all = told.get(name) ?? (EVERYWHERE.test(name) ? Number.POSITIVE_INFINITY : 0);
    // quantities such as 100m are no sums of powers of two
    return (used[node]?.get(name) ?? 0) + amount > all * (1 + 1e-9);
  };
  return {
    lack(node, requests) {
      if (without(node, "pods", 1)) return "too many pods";
      for (const [name, amount] of requests) if (without(node, name, amount)) return `too little ${name}`;
      return null;
    },
    take(node, requests) {
      if ((nodes[node]?.allocatable ?? null) === null) return;
      const own = used[node];
      if (own === undefined) return;
      own.set("pods", (own.get("pods") ?? 0) + 1);
      for (const [name, amount] of requests) own.set(name, (own.get(name) ?? 0) + amount);
    },
  };
}
