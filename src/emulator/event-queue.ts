/**
 * Actions in order of virtual time; those of one time in the order they were put in. What is to happen at the very moment that is being
 * played, which most of it is, waits in a line of its own.
 */
export interface EventQueue {
  readonly heap: Event[];
  /** What is done at the time `current`, in order from `first` on, and with what: side by side, as there is nothing else to tell of it. */
  actions: Event["action"][];
  ons: (readonly unknown[])[];
  first: number;
  /** Time of the event that was taken last. */
  current: number;
  sequence: number;
  /** Where in the line the round ends that is being played: what the round before it led to. */
  roundEnd: number;
  /** Rounds of this moment that were played. */
  rounds: number;
  /** So many rounds one moment may have; half as many once that was too few. */
  patience: number;
  /** Seconds that a round takes at least where hosts answer each other without an end: more, the longer that goes on. */
  round: number;
  /** When they did so last; null: never. */
  unrest: number | null;
}

/** What waits in an empty heap. */
const NEVER: Event = { time: Number.POSITIVE_INFINITY, sequence: 0, action: () => {}, on: [], timer: null };
// as `World.now` (`loosenTimes`)
Reflect.set(NEVER, "time", null);
Reflect.set(NEVER, "time", Number.POSITIVE_INFINITY);

/** No way that packets take at one moment, nor any exchange of whole tables, comes near so many rounds. */
const PATIENCE = 20_000;

/** What a round takes at first and in the end, and how it grows: hours of it are played in some thousand rounds. */
const ROUND = 0.001;
const LONGEST_ROUND = 0.1;
const GROWTH = 1.01;

interface Event {
  readonly time: number;
  readonly sequence: number;
  /** What is done, and with what: told apart, so that a World can be copied with all that waits in it (`copy-world.ts`). */
  action(...on: readonly unknown[]): void;
  readonly on: readonly unknown[];
  readonly timer: PendingTimer | null;
}

/** A timer that is looked at again at the time of an event. */
export interface PendingTimer {
  /** When it goes off; null: it rests, and the event does nothing. */
  readonly expires: number | null;
  /** Its looks are left out while somebody plays without the queue what it is for. */
  readonly aside?: boolean;
  /** In which order the looks were due that were taken out (`dropLooks`). */
  place?: number;
}

export function eventQueue(): EventQueue {
  return {
    heap: [],
    actions: [],
    ons: [],
    first: 0,
    current: Number.NaN,
    sequence: 0,
    roundEnd: 0,
    rounds: 0,
    patience: PATIENCE,
    round: ROUND,
    unrest: null,
  };
}

function before(x: Event, y: Event): boolean {
  return x.time < y.time || (x.time === y.time && x.sequence < y.sequence);
}

/**
 * Adds an action at a virtual time (seconds), which is called with `on`. Hosts that answer each other without an end at one moment, as two
 * BGP speakers can that each prefer what the other told, are made to take time for it, as they do in reality.
 */
export function schedule<On extends readonly unknown[]>(
  queue: EventQueue,
  time: number,
  action: (...on: On) => void,
  on: On,
  timer: PendingTimer | null = null,
): void {
  const endless = time === queue.current && queue.rounds > queue.patience;
  const due = endless ? time + queue.round : time;
  const sequence = queue.sequence++;
  if (due === queue.current) {
    queue.actions.push(action);
    queue.ons.push(on);
    return;
  }
  const event: Event = { time: due, sequence, action, on, timer };
  climb(queue.heap, event);
}

/** Whether what is to be done with these is the last that waits in this moment: what is added to it comes after all else, as what is put in does. */
export function isLast({ ons }: EventQueue, on: readonly unknown[]): boolean {
  return ons[ons.length - 1] === on;
}

function climb(heap: Event[], event: Event): void {
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

function act(action: Event["action"], on: readonly unknown[]): void {
  // As many as most have are handed over one by one, which takes less than a list.
  switch (on.length) {
    case 2:
      return action(on[0], on[1]);
    case 3:
      return action(on[0], on[1], on[2]);
    case 4:
      return action(on[0], on[1], on[2], on[3]);
    case 5:
      return action(on[0], on[1], on[2], on[3], on[4]);
    case 1:
      return action(on[0]);
    default:
      return action(...on);
  }
}

/** Puts what still waits in one queue into another. */
export function moveEvents(from: EventQueue, to: EventQueue): void {
  const { heap, actions, ons, first, current } = from;
  heap.sort(inOrder);
  for (const event of heap) if (event.time <= current) moveEvent(event, to);
  for (let index = first; index < actions.length; index++) {
    const action = actions[index];
    if (action !== undefined) schedule(to, current, action, ons[index] ?? NOTHING);
  }
  for (const event of heap) if (event.time > current) moveEvent(event, to);
  heap.length = 0;
  clearLine(from);
}

function moveEvent({ time, action, on, timer }: Event, to: EventQueue): void {
  schedule(to, time, action, on, timer);
}

function inOrder(x: Event, y: Event): number {
  return x.time - y.time || x.sequence - y.sequence;
}

const NOTHING: readonly unknown[] = [];

function clearLine(queue: EventQueue): void {
  queue.actions = [];
  queue.ons = [];
  queue.first = 0;
  queue.roundEnd = 0;
}

/** When the first event is due that is more than a look at a timer which rests or is put aside; null when none is. */
export function nextBeside({ heap, actions, first, current }: EventQueue): number | null {
  let next: number | null = first < actions.length ? current : null;
  for (let index = 0; index < heap.length; index++) {
    const event = heap[index];
    if (event === undefined) continue;
    const { time, timer } = event;
    if (timer !== null && (timer.expires === null || timer.aside === true)) continue;
    if (next === null || time < next) next = time;
  }
  return next;
}

/**
 * Takes out the looks at timers that are put aside which are due before a time, and notes their order (`place`): whoever does that sees to
 * it that others take their place. Returns how many there were.
 */
export function dropLooks(queue: EventQueue, until: number): number {
  const { heap } = queue;
  let kept = 0;
  const dropped = new Map<number, Event[]>();
  for (const event of heap) {
    const { timer, time } = event;
    if (timer !== null && timer.aside === true && time < until) {
      const ofTime = dropped.get(time);
      if (ofTime === undefined) dropped.set(time, [event]);
      else ofTime.push(event);
      continue;
    }
    heap[kept] = event;
    kept++;
  }
  const count = heap.length - kept;
  heap.length = kept;
  for (let index = (kept >> 1) - 1; index >= 0; index--) sink(heap, index);
  let place = count;
  // the earliest of several looks at one timer is the last to tell
  for (const time of [...dropped.keys()].sort((x, y) => y - x)) {
    const events = dropped.get(time) ?? [];
    for (const index of bySequence(events)) {
      place--;
      const timer = events[index]?.timer ?? null;
      if (timer !== null) timer.place = place;
    }
  }
  return count;
}

/** Where events stand in a list, from the last put in to the first. */
function bySequence(events: readonly Event[]): Float64Array {
  const count = events.length;
  const keys = new Float64Array(count);
  for (let index = 0; index < count; index++) keys[index] = -(events[index]?.sequence ?? 0) * count - index;
  // numbers alone are sorted without asking anybody
  keys.sort();
  for (let index = 0; index < count; index++) keys[index] = -(keys[index] ?? 0) % count;
  return keys;
}

/**
 * Does what is due first, if that is by a time, when it is `now` on a clock. What waits at the time `current` was put in later than all that
 * waits in the heap until then. False: there is nothing.
 */
export function playNext(queue: EventQueue, until: number, clock: { now: number }): boolean {
  const { heap, actions, ons, first, current } = queue;
  const earliest = heap[0] ?? NEVER;
  const action = actions[first];
  if (action !== undefined && earliest.time > current) {
    if (current > until) return false;
    const on = ons[first] ?? NOTHING;
    if (first >= queue.roundEnd) {
      queue.roundEnd = actions.length;
      queue.rounds++;
    }
    ons[first] = NOTHING;
    queue.first = first + 1;
    if (queue.first === actions.length) clearLine(queue);
    clock.now = current;
    act(action, on);
    return true;
  }
  if (earliest === NEVER || earliest.time > until) return false;
  takeFirst(heap);
  // What is left of an earlier moment keeps its place before that of a later one.
  if (action === undefined && current !== earliest.time) {
    if (queue.rounds > queue.patience) {
      queue.patience /= 2;
      queue.round = Math.min(queue.round * GROWTH, LONGEST_ROUND);
      queue.unrest = current;
    }
    queue.rounds = 0;
    queue.current = earliest.time;
  }
  clock.now = earliest.time;
  act(earliest.action, earliest.on);
  return true;
}

function takeFirst(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
}

/** An event finds its place below. */
function sink(heap: Event[], from: number): void {
  const event = heap[from];
  if (event === undefined) return;
  let index = from;
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
    if (!before(smallest, event)) break;
    heap[index] = smallest;
    index = child;
  }
  heap[index] = event;
}
