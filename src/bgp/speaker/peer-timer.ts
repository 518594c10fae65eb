import type { Peer } from "./peer.ts";
import { jittered, startTimer, stopTimer, type Timer } from "./timer.ts";

/** Starts a timer of an instance for about that many seconds (bgp_start_timer); 0 stops it. */
export function startJittered(peer: Peer, timer: Timer, seconds: number): void {
  if (seconds === 0) stopTimer(timer);
  else startTimer(timer, jittered(seconds, peer.hash, peer.timersStarted++));
}
