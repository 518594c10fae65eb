type Entry = readonly [pods: number, node: number];

/** A binary heap of nodes by how many pods they have, then by their number. */
export function candidateHeap(): { push(pods: number, node: number): void; pop(): Entry | null } {
  const heap: Entry[] = [];
  return {
    push(pods, node) {
      const entry: Entry = [pods, node];
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
    },
    pop() {
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
    },
  };
}

function isBefore([x, i]: Entry, [y, j]: Entry): boolean {
  return x < y || (x === y && i < j);
}
