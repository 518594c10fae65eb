import type { Check } from "./check.ts";

/** A check of one counter of `nstat`: what it means where it is not 0. It runs since boot, so it is no error by itself. */
export function counted(name: string, meaning: string): Check {
  return ({ evidence }) =>
    [...evidence].flatMap(([host, { counters }]) =>
      counters
        .filter((counter) => counter.name === name && counter.value > 0)
        .map(({ value, origin }) => ({
          severity: "info" as const,
          message: `${host} counted ${value} ${meaning} (${name})`,
          at: origin,
          beside: 0,
        })),
    );
}
