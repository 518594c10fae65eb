import { type Field, parsed } from "./field.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-9],
  ["us", 1e-6],
  ["µs", 1e-6],
  ["μs", 1e-6],
  ["ms", 1e-3],
  ["s", 1],
  ["m", 60],
  ["h", 3600],
]);

/** `90s`, `1m30s`, `1.5h` in seconds, as Go's time.ParseDuration reads them; null for anything else. */
export function parseDuration(text: string): number | null {
  if (text === "0") return 0;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    seconds += Number(amount) * (UNITS.get(unit ?? "") ?? 0);
  }
  return seconds;
}

/** A metav1.Duration in seconds. */
export function durationField(field: Field): number | null {
  return parsed(field, parseDuration, "a duration such as 90s or 1m30s");
}
