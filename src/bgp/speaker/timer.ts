import { schedule } from "../../emulator/event-queue.ts";
import type { World } from "../../emulator/world.ts";

/** A timer on the virtual clock; starting it again puts off what was due. */
export interface Timer {
  /** Virtual time at which it goes off; null: it rests. */
  expires: number | null;
  start(seconds: number): void;
  stop(): void;
}

/** A timer that has at most one event in the queue, however often it is started anew. */
export function timer(world: World, action: () => void): Timer {
  let queued: number | null = null;
  const fire = (at: number): void => {
    if (queued !== at) return;
    queued = null;
    const { expires } = self;
    if (expires === null) return;
    if (expires > world.now) return queue(expires);
    self.expires = null;
    action();
  };
  const queue = (at: number): void => {
    queued = at;
    schedule(world.queue, at, () => fire(at), self);
  };
  const self: Timer = {
    expires: null,
    start(seconds) {
      const at = world.now + seconds;
      self.expires = at;
      if (queued === null || queued > at) queue(at);
    },
    stop() {
      self.expires = null;
    },
  };
  return self;
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
