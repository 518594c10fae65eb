import type { Peer } from "./peer.ts";
import { jittered, startTimer, stopTimer, type Timer } from "./timer.ts";

/** Starts a timer of an instance for about that many seconds (bgp_start_timer); 0 stops it. */
export function startJittered(peer: Peer, timer: Timer, seconds: number): void {
  if (seconds === 0) stopTimer(timer);
  else startTimer(timer, jittered(seconds, peer.hash, peer.timersStarted++));
}

/** Starts it so many times at one moment: but for the last, only what is due sooner than before leaves something behind. */
export function startJitteredTimes(peer: Peer, timer: Timer, seconds: number, times: number): void {
  if (seconds === 0) return stopTimer(timer);
  const { now } = timer.world;
  for (let left = times; left > 0; left--) {
    const jitter = jittered(seconds, peer.hash, peer.timersStarted++);
    if (left === 1 || timer.queued === null || timer.queued > now + jitter) startTimer(timer, jitter);
  }
}
