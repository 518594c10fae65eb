import type { BgpCore } from "./bgp-core.ts";
import type { Peer, PeerConnection, SessionTimers } from "./peer.ts";
import { jittered, startTimer, stopTimer, type Timer, timer, whenDue } from "./timer.ts";

/** What timers of instances do that are there from the start (bgp_connect_timeout() and others). */
export interface Timeouts {
  retry(core: BgpCore, peer: Peer): void;
  hold(core: BgpCore, peer: Peer, connection: PeerConnection): void;
  keepalive(core: BgpCore, peer: Peer, connection: PeerConnection): void;
}

/** The connect retry timer of an instance, made when it is needed first. */
export function retryTimerOf(core: BgpCore, peer: Peer): Timer {
  peer.retryTimer ??= timerOf(core, peer, core.timeouts.retry);
  return peer.retryTimer;
}

/** A timer of an instance. */
export function timerOf(core: BgpCore, peer: Peer, action: (core: BgpCore, peer: Peer) => void): Timer {
  const made = timer(core.world);
  whenDue(made, action, [core, peer]);
  return made;
}

/** The timers of a connection, made when they are needed first. */
export function timersOf(core: BgpCore, peer: Peer, connection: PeerConnection): SessionTimers {
  const known = connection.timers;
  if (known !== null) return known;
  const hold = timer(core.world);
  const keepalive = timer(core.world);
  // both have what they work on in common: there are thousands of them
  const on: [BgpCore, Peer, PeerConnection] = [core, peer, connection];
  whenDue(hold, core.timeouts.hold, on);
  whenDue(keepalive, core.timeouts.keepalive, on);
  const made = { hold, keepalive };
  connection.timers = made;
  return made;
}

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
