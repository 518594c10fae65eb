/** Tells a virtual time (seconds) as BIRD shows it. */
export type BirdClock = (virtual: number, format?: "short" | "long") => string;

/** BIRD shows a time of day for what is younger than this (`timeformat … iso short`: 20 hours). */
const SHORT = 20 * 3600;

/**
 * `16:07:27`, or the date of what is long past, and both where `timeformat` says `iso long` (lib/timer.c of BIRD 1.6). `origin` is the time of virtual 0 in seconds since 1970
 * (UTC), `now` the virtual time at which somebody asks.
 */
export function birdClock(origin: number, now: number): BirdClock {
  return (virtual, format) => {
    const iso = new Date((origin + virtual) * 1000).toISOString();
    if (format === "long") return iso.slice(0, 19).replace("T", " ");
    return now - virtual < SHORT ? iso.slice(11, 19) : iso.slice(0, 10);
  };
}
