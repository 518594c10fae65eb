/**
 * How a known neighbour ages (net/core/neighbour.c neigh_timer_handler()): REACHABLE for a time, then STALE; from its first use on
 * DELAY for `delay_first_probe_time`, then PROBE. Nobody knows how long REACHABLE lasts, which the kernel draws, nor for how long the
 * state of a dump has been so: an entry lives two lives, in which it is asked about as soon and as late as may be. Whatever the
 * kernel drew lies between them: an entry that ceases to be reachable later is never asked about earlier.
 */
export interface NeighbourAge {
  readonly soonest: Life;
  readonly latest: Life;
}

/** One of the two; virtual seconds. */
interface Life {
  /** When somebody last said that it is there; before all time: nobody did. */
  reachableFrom: number;
  /** The last packet that asked for its state, as those do whose Ethernet header is not cached yet (neigh_hh_output()); null: none. */
  lastUsed: number | null;
  /** Since when it is in use without being reachable; null: it is not. */
  delayedSince: number | null;
}

/** Seconds and counts of `net.ipv4.neigh.DEV.*` and `net.ipv6.neigh.DEV.*`. */
export interface NeighbourTimes {
  /** REACHABLE lasts so long, drawn of `base_reachable_time_ms` (neigh_rand_reach_time()). */
  readonly shortest: number;
  readonly longest: number;
  /** `delay_first_probe_time` */
  readonly delay: number;
  /** `ucast_solicit` */
  readonly unicasts: number;
  /** `mcast_solicit` */
  readonly multicasts: number;
  /** `mcast_resolicit`: questions to all, after those to whoever was known. */
  readonly again: number;
  /** `retrans_time_ms` */
  readonly between: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

function life(reachableFrom: number, lastUsed: number | null, delayedSince: number | null): Life {
  return { reachableFrom, lastUsed, delayedSince };
}

/**
 * A timer of some length fires up to an eighth of it late (kernel/time/timer.c: each level of the wheel is coarser): what the latest life
 * waits for.
 */
const LATE = 9 / 8;

/** Seconds after which a timer of neighbours fires at the earliest (HZ / 100), though its time be past. */
const TICK = 0.01;

/** The age of an entry in a state of `ip neigh` at time 0. */
export function dumpedAge(state: string, times: NeighbourTimes): NeighbourAge {
  switch (state) {
    case "REACHABLE":
      // It may have been in use until then, and go on to DELAY with nobody using it.
      return { soonest: life(-times.shortest, 0, null), latest: life(0, null, null) };
    case "DELAY":
      // A connection may have confirmed it before the dump, so that it becomes reachable at the end of DELAY.
      return {
        soonest: life(NEVER, null, -times.delay),
        latest: life(Math.max(0, (times.delay + TICK - times.longest) * LATE), null, null),
      };
    case "PROBE": {
      const last = life(NEVER, null, -times.delay * LATE);
      return { soonest: life(NEVER, null, -times.delay - probingTime(times)), latest: last };
    }
    default:
      return staleAge();
  }
}

/** The age of one that nobody has asked about yet. */
export function staleAge(): NeighbourAge {
  return { soonest: life(NEVER, null, null), latest: life(NEVER, null, null) };
}

/** The age of one that said so itself. */
export function reachableAge(since: number): NeighbourAge {
  return { soonest: life(since, null, null), latest: life(since, null, null) };
}

/** Seconds in which questions about a known neighbour are asked in vain, at least. */
export function probingTime({ unicasts, again, between }: NeighbourTimes): number {
  return (unicasts + again) * between;
}

/** The same, at most. */
export function longestProbing(times: NeighbourTimes): number {
  return probingTime(times) * LATE;
}

/** When questions about an entry that a packet uses now begin: at the soonest and at the latest. Infinite where it need not be asked. */
export interface ProbeSpan {
  readonly soonest: number;
  readonly latest: number;
}

/** `cached`: a packet has gone there before. */
export function use({ soonest, latest }: NeighbourAge, now: number, times: NeighbourTimes, cached: boolean): ProbeSpan {
  return {
    soonest: useLife(soonest, now, times.shortest, times.delay, cached),
    latest: useLife(latest, now, times.longest * LATE, times.delay * LATE, cached),
  };
}

/** What was used shortly before it ceased to be reachable is in DELAY from then on, else from its first use. */
function useLife(one: Life, now: number, reachable: number, delay: number, cached: boolean): number {
  if (one.delayedSince === null) {
    const ceases = one.reachableFrom + reachable;
    if (now < ceases) {
      if (!cached) one.lastUsed = now;
      return Number.POSITIVE_INFINITY;
    }
    one.delayedSince = one.lastUsed !== null && one.lastUsed + delay >= ceases ? ceases : now;
  }
  one.lastUsed = now;
  return one.delayedSince + delay;
}

/** Whoever was asked has answered, in each life as soon as it was asked. */
export function renew({ soonest, latest }: NeighbourAge, now: number, span: ProbeSpan): void {
  if (span.soonest <= now) renewLife(soonest, span.soonest);
  if (span.latest <= now) renewLife(latest, span.latest);
}

/**
 * dst_confirm(): a packet whose socket may have heard from the other end goes to it (`Skb.confirms`). What is reachable then stays so for longer;
 * what is in DELAY becomes reachable at its end, instead of being asked about; in PROBE it is too late. In the soonest life the socket
 * heard nothing.
 */
export function mayBeConfirmed({ latest }: NeighbourAge, now: number, { delay, longest }: NeighbourTimes): void {
  const ends = (latest.delayedSince ?? now) + delay * LATE;
  if (now >= ends) return;
  // What becomes reachable is so for a tick, though its time be over by then.
  const from = Math.max(now, ends + (TICK - longest) * LATE);
  renewLife(latest, Math.max(latest.reachableFrom, from));
}

function renewLife(one: Life, asked: number): void {
  one.reachableFrom = asked;
  one.delayedSince = null;
}

/** A packet may use it as it is, without a further look. */
export function isFresh({ soonest }: NeighbourAge, now: number, { shortest }: NeighbourTimes): boolean {
  return soonest.delayedSince === null && now < soonest.reachableFrom + shortest;
}
