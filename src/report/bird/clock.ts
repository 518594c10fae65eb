import type { TimeFormat } from "../../bgp/speaker/configuration.ts";

/** Tells a virtual time (seconds) as BIRD shows it. */
export type BirdClock = (virtual: number, format?: TimeFormat) => string;

/** BIRD shows a time of day for what is younger than this (`timeformat … iso short`: 20 hours). */
const SHORT = 20 * 3600;

/**
 * `16:07:27`, or the date of what is long past, and both where `timeformat` says `iso long` (lib/timer.c of BIRD 1.6); in BIRD 2 with
 * parts of a second. `origin` is the time of virtual 0 in seconds since 1970 (UTC), `now` the virtual time at which somebody asks.
 */
export function birdClock(origin: number, now: number): BirdClock {
  return (virtual, format = "short") => {
    const [length, fraction] = format.split(" ");
    const micros = Math.round((origin + virtual) * MICRO);
    const seconds = Math.floor(micros / MICRO);
    const iso = new Date(seconds * 1000).toISOString();
    if (length === "short" && now - virtual >= SHORT) return iso.slice(0, 10);
    const text = length === "long" ? iso.slice(0, 19).replace("T", " ") : iso.slice(11, 19);
    if (fraction === undefined) return text;
    const part = String(micros - seconds * MICRO).padStart(6, "0");
    return `${text}.${fraction === "ms" ? part.slice(0, 3) : part}`;
  };
}

const MICRO = 1_000_000;
