import { dropLooks, schedule } from "../../emulator/event-queue.ts";
import type { World } from "../../emulator/world.ts";

/** A timer on the virtual clock; starting it again puts off what was due. */
export interface Timer {
  readonly world: World;
  /** What is done when it goes off, and with what. */
  action(...on: readonly unknown[]): void;
  on: readonly unknown[];
  /** Virtual time at which it goes off; null: it rests. */
  expires: number | null;
  /** Time of the event that looks at it again; null: none is in the queue. */
  queued: number | null;
  /** What it is for is played without the queue just now. */
  aside: boolean;
  place: number;
}

/** A timer that has at most one event in the queue, however often it is started anew. */
export function timer(world: World): Timer {
  return { world, action: nothing, on: NOTHING, expires: null, queued: null, aside: false, place: 0 };
}

const NOTHING: readonly unknown[] = [];

function nothing(): void {}

export function whenDue<On extends readonly unknown[]>(timer: Timer, action: (...on: On) => void, on: On): void {
  timer.action = action;
  timer.on = on;
}

export function startTimer(timer: Timer, seconds: number): void {
  const at = timer.world.now + seconds;
  timer.expires = at;
  if (timer.queued === null || timer.queued > at) queue(timer, at);
}

/** Null: it was never needed. */
export function stopTimer(timer: Timer | null): void {
  if (timer !== null) timer.expires = null;
}

/**
 * These timers are no longer aside. `putOff`: none of them goes off before that time, and looks that were due earlier make place for one at
 * each, when it goes off.
 */
export function takeBack(world: World, timers: readonly Timer[], putOff: number | null): void {
  if (putOff === null) {
    for (const item of timers) item.aside = false;
    return;
  }
  // Of timers that go off at one time, that one is first whose look was first.
  const inOrder = new Array<Timer | undefined>(dropLooks(world.queue, putOff));
  for (const item of timers) {
    item.aside = false;
    if (item.queued !== null && item.queued < putOff) inOrder[item.place] = item;
  }
  for (const item of inOrder) {
    if (item === undefined) continue;
    item.queued = null;
    if (item.expires !== null) queue(item, item.expires);
  }
}

function queue(timer: Timer, at: number): void {
  timer.queued = at;
  schedule(timer.world.queue, at, look, [timer, at], timer);
}

function look(timer: Timer, at: number): void {
  if (timer.queued !== at) return;
  timer.queued = null;
  const { expires, world, on } = timer;
  if (expires === null) return;
  if (expires > world.now) return queue(timer, expires);
  timer.expires = null;
  timer.action(...on);
}

/**
 * How long a BGP timer of so many seconds runs: BIRD takes up to a quarter off at random (bgp_start_timer). Here the share is
 * made of who starts it and for the how-manieth time, so that runs are equal and timers not all at once.
 */
export function jittered(seconds: number, who: number, times: number): number {
  const most = Math.floor(seconds / 4);
  if (most === 0) return seconds;
  let hash = Math.imul(who ^ Math.imul(times + 1, 0x9e3779b1), 0x85ebca6b);
  hash ^= hash >>> 13;
  return seconds - most + ((hash >>> 0) % (most + 1));
}
