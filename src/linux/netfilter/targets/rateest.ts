import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly RATEEST: {
      readonly name: string;
      /** The interval is a quarter of a second times 2 to this power. */
      readonly intervalPower: number;
      /** The average's time constant is the interval times 2 to this power. */
      readonly ewmaPower: number;
    };
  }
}

/** Microseconds. */
const SECOND = 1_000_000;
const QUARTER = SECOND / 4;
/** IFNAMSIZ less the final NUL. */
const LONGEST = 15;
const MAX_POWER = 5;
const UNITS: ReadonlyMap<string, number> = new Map([
  ["s", SECOND],
  ["sec", SECOND],
  ["secs", SECOND],
  ["ms", 1000],
  ["msec", 1000],
  ["msecs", 1000],
  ["us", 1],
  ["usec", 1],
  ["usecs", 1],
  ["", 1],
]);

function parseDuration(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  const unit = UNITS.get(parts?.[2]?.toLowerCase() ?? "?");
  const value = Number(parts?.[1] ?? "");
  return unit === undefined || parts === null || value === 0 ? null : value * unit;
}

function formatDuration(microseconds: number): string {
  if (microseconds >= SECOND) return `${(microseconds / SECOND).toFixed(1)}s`;
  return microseconds >= 1000 ? `${(microseconds / 1000).toFixed(1)}ms` : `${microseconds}us`;
}

/** RATEEST_final_check() of extensions/libxt_RATEEST.c: the nearest powers of two below. Null when out of range. */
function powers(interval: number, ewma: number): { readonly intervalPower: number; readonly ewmaPower: number } | null {
  let intervalPower = 0;
  while (intervalPower <= MAX_POWER && interval > QUARTER * 2 ** intervalPower) intervalPower++;
  if (intervalPower > MAX_POWER) return null;
  let ewmaPower = 1;
  while (ewmaPower < 32 && interval / -Math.log(1 - 1 / 2 ** ewmaPower) <= ewma) ewmaPower++;
  ewmaPower--;
  return ewmaPower === 0 || ewmaPower === 31 ? null : { intervalPower, ewmaPower };
}

/** `-j RATEEST`: feeds a rate estimator that `-m rateest` reads, and goes on (net/netfilter/xt_RATEEST.c). */
export const RATEEST: TargetExtension<"RATEEST"> = {
  options: {
    "rateest-name": { values: 1, negatable: false },
    "rateest-interval": { values: 1, negatable: false },
    "rateest-ewmalog": { values: 1, negatable: false },
  },
  parse(given) {
    const name = givenValue(given, "rateest-name") ?? "";
    const interval = parseDuration(givenValue(given, "rateest-interval") ?? "");
    const ewma = parseDuration(givenValue(given, "rateest-ewmalog") ?? "");
    if (name === "" || name.length > LONGEST) return { problem: "expected --rateest-name name" };
    const found = interval === null || ewma === null ? null : powers(interval, ewma);
    if (found === null) return { problem: "bad value of --rateest-interval or --rateest-ewmalog" };
    return { value: { name, ...found } };
  },
  print({ name, intervalPower, ewmaPower }) {
    const interval = QUARTER * 2 ** intervalPower;
    return [
      "--rateest-name",
      name,
      "--rateest-interval",
      formatDuration(interval),
      "--rateest-ewmalog",
      formatDuration(interval * 2 ** ewmaPower),
    ];
  },
  compile: () => goOn,
};
