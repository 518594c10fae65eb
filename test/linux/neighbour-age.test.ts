import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dumpedAge,
  longestProbing,
  mayBeConfirmed,
  type NeighbourAge,
  type NeighbourTimes,
  probingTime,
  use,
} from "../../src/linux/neighbour-age.ts";

/**
 * The kernel's own states (neigh_timer_handler(), neigh_event_send(), neigh_confirm() of Linux 6.18, read), for an entry at whose MAC address nobody
 * answers: with what it drew, how late its timers fire, and what a socket really heard.
 */
interface Entry {
  state: "REACHABLE" | "STALE" | "DELAY" | "PROBE" | "FAILED";
  confirmed: number;
  used: number;
  cached: boolean;
  timer: number;
  questions: number;
}

interface Draws {
  readonly reachable: number;
  /** How late each timer fires, as a share of its length, one after the other. */
  readonly late: readonly number[];
}

interface Sent {
  /** Seconds after the packet before. */
  readonly after: number;
  readonly mayConfirm: boolean;
  readonly heard: boolean;
}

const TICK = 0.01;

function run(entry: Entry, until: number, times: NeighbourTimes, { reachable, late }: Draws, next: () => number): void {
  const set = (now: number, at: number): void => {
    const length = Math.max(TICK, at - now);
    entry.timer = now + length * (1 + (late[next() % late.length] ?? 0) / 8);
  };
  while (entry.timer <= until) {
    const now = entry.timer;
    entry.timer = Number.POSITIVE_INFINITY;
    if (entry.state === "REACHABLE") {
      if (now <= entry.confirmed + reachable) set(now, entry.confirmed + reachable);
      else if (now <= entry.used + times.delay) {
        entry.state = "DELAY";
        set(now, now + times.delay);
      } else entry.state = "STALE";
    } else if (entry.state === "DELAY") {
      if (now <= entry.confirmed + times.delay) {
        entry.state = "REACHABLE";
        set(now, entry.confirmed + reachable);
      } else {
        entry.state = "PROBE";
        entry.questions = 1;
        set(now, now + times.between);
      }
    } else if (entry.questions >= times.unicasts) entry.state = "FAILED";
    else {
      entry.questions++;
      set(now, now + times.between);
    }
  }
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const seconds = (max: number): fc.Arbitrary<number> => fc.double({ min: 0, max, noNaN: true });

const times = fc
  .record({
    reachable: fc.constantFrom(0.4, 2, 30),
    delay: fc.constantFrom(1, 5),
    unicasts: fc.constantFrom(1, 3),
    between: fc.constantFrom(0.5, 1),
  })
  .map(
    ({ reachable, delay, unicasts, between }): NeighbourTimes => ({
      shortest: reachable / 2,
      longest: (reachable * 3) / 2,
      delay,
      unicasts,
      multicasts: 3,
      again: 0,
      between,
    }),
  );

/** The entry at the time of a dump, somewhere within its state. */
function dumped(state: Entry["state"], times: NeighbourTimes, reachable: number, one: number, two: number): Entry {
  const never = Number.NEGATIVE_INFINITY;
  const entry = { state, confirmed: never, used: never, cached: false, timer: Number.POSITIVE_INFINITY, questions: 1 };
  switch (state) {
    case "REACHABLE":
      return { ...entry, confirmed: -reachable * one, used: -reachable * two, timer: reachable * (1 - one) };
    case "DELAY":
      // Half of them have been confirmed since it began.
      return {
        ...entry,
        timer: times.delay * one,
        confirmed: two < 0.5 ? never : -times.delay * (1 - one) * (two - 0.5),
      };
    case "PROBE":
      return { ...entry, timer: times.between * one, questions: 1 + Math.floor(two * (times.unicasts - 0.01)) };
    default:
      return entry;
  }
}

describe("the age of a neighbour at whose MAC address nobody answers", () => {
  const cases = fc.record({
    times,
    state: fc.constantFrom("REACHABLE" as const, "STALE" as const, "DELAY" as const, "PROBE" as const),
    part: share,
    one: share,
    two: share,
    late: fc.array(share, { minLength: 1, maxLength: 8 }),
    sent: fc.array(
      fc.record({ after: fc.oneof(seconds(1), seconds(12)), mayConfirm: fc.boolean(), heard: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 20,
      },
    ),
  });

  it("lies between its soonest and its latest, whatever was drawn, however late timers fire and whatever sockets heard", () => {
    let failed = 0;
    let kept = 0;
    fc.assert(
      fc.property(cases, ({ times, state, part, one, two, late, sent }) => {
        const reachable = times.shortest + part * (times.longest - times.shortest);
        const entry = dumped(state, times, reachable, one, two);
        const age: NeighbourAge = dumpedAge(state, times);
        let timers = 0;
        let now = 0;
        for (const packet of sent as readonly Sent[]) {
          now += packet.after;
          run(entry, now, times, { reachable, late }, () => timers++);
          const span = use(age, now, times, entry.cached);
          if (entry.state === "FAILED") {
            failed++;
            expect(now).toBeGreaterThanOrEqual(span.soonest + probingTime(times) - 1e-9);
            return;
          }
          if (now >= span.soonest + probingTime(times)) kept++;
          expect(now).toBeLessThan(span.latest + longestProbing(times) + 1e-9);
          if (packet.mayConfirm) {
            if (packet.heard) entry.confirmed = now;
            mayBeConfirmed(age, now, times);
          }
          if (entry.state !== "REACHABLE" || !entry.cached) entry.used = now;
          entry.cached = true;
          if (entry.state === "STALE") {
            entry.state = "DELAY";
            entry.timer = now + times.delay * (1 + (late[timers++ % late.length] ?? 0) / 8);
          }
        }
      }),
      { numRuns: Number(process.env["AGE_RUNS"] ?? 3000) },
    );
    // Both ends of the doubt are met.
    expect(failed).toBeGreaterThan(200);
    expect(kept).toBeGreaterThan(50);
  });
});
