/** Actions in order of virtual time; those of one time in the order they were put in. */
export interface EventQueue {
  readonly heap: Event[];
  sequence: number;
}

interface Event {
  readonly time: number;
  readonly sequence: number;
  readonly action: () => void;
}

export function eventQueue(): EventQueue {
  return { heap: [], sequence: 0 };
}

function before(x: Event, y: Event): boolean {
  return x.time < y.time || (x.time === y.time && x.sequence < y.sequence);
}

/** Adds an action at a virtual time (seconds). */
export function schedule(queue: EventQueue, time: number, action: () => void): void {
  const { heap } = queue;
  const event: Event = { time, sequence: queue.sequence++, action };
  let index = heap.push(event) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(event, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = event;
}

/** Takes the earliest event out; null when none is left. */
export function takeNext(queue: EventQueue): Event | null {
  const { heap } = queue;
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined) return null;
  if (heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    const left = heap[child];
    if (left === undefined) break;
    let smallest = left;
    const right = heap[child + 1];
    if (right !== undefined && before(right, left)) {
      smallest = right;
      child++;
    }
    if (!before(smallest, last)) break;
    heap[index] = smallest;
    index = child;
  }
  heap[index] = last;
  return first;
}
