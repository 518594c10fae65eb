import type { BgpRun } from "../bgp/reconverge.ts";
import type { FilterError } from "../bgp/speaker/protocol.ts";
import type { Finding } from "../model/finding.ts";
import { sourceOf } from "../model/origin.ts";
import { formatPrefix } from "../net/prefix.ts";

interface Failing {
  readonly error: FilterError;
  /** `PROTOCOL on HOST`. */
  readonly where: Set<string>;
  readonly destinations: Set<string>;
  times: number;
}

/**
 * Filters that ended in an error while BGP ran, at the statement at which they did: BIRD logs that and does not let the route pass. Of equal
 * filters of several hosts the place is that of the first.
 */
export function failingFilters({ resting: { world, speakers } }: Pick<BgpRun, "resting">): readonly Finding[] {
  const found = new Map<string, Failing>();
  for (const [host, items] of speakers) {
    for (const { filterErrors, table } of items) {
      for (const error of filterErrors.values()) {
        const { fault, protocol, of, times } = error;
        const key = `${fault.origin} ${fault.column} ${fault.text}`;
        const known = found.get(key) ?? { error, where: new Set(), destinations: new Set(), times: 0 };
        found.set(key, known);
        known.times += times;
        known.where.add(`${protocol} on ${host}`);
        for (const number of of) {
          const prefix = table.numbering.destinations[number];
          if (prefix !== undefined) known.destinations.add(formatPrefix(prefix));
        }
      }
    }
  }
  return [...found.values()].map(({ error: { fault, rejects }, where, destinations, times }): Finding => {
    const place = sourceOf(world.network.origins, fault.origin);
    const logged = `BIRD logs it and ${rejects ? "rejects" : "leaves as it was"} the route to ${listOf(destinations)}.`;
    const undecided = `Whether a real BIRD lets the route to ${listOf(destinations)} pass is not known; podpath goes on as if it did not.`;
    const ended = `A real BIRD ends there itself (2.0.12: segmentation fault); podpath goes on without the route to ${listOf(destinations)}.`;
    return {
      code: "bird-filter-fails",
      severity: "warning",
      message: `A filter of ${listOf(where)} ends in an error ${times === 1 ? "once" : `${times} times`}: ${fault.text}. ${fault.isUnknown === true ? undecided : fault.isEndless === true ? ended : logged}`,
      ...(place === null ? {} : { file: place.file, line: place.line }),
      column: fault.column,
    };
  });
}

/** Whether a filter came to no end, at which a real daemon does not go on, or to what podpath does not know. */
export function hasUndecidedFilter({ resting: { speakers } }: Pick<BgpRun, "resting">): boolean {
  for (const items of speakers.values()) {
    for (const { filterErrors } of items) {
      for (const { fault } of filterErrors.values()) {
        if (fault.isEndless === true || fault.isUnknown === true) return true;
      }
    }
  }
  return false;
}

/** Names that are told. */
const MOST = 5;

function listOf(names: ReadonlySet<string>): string {
  const all = [...names];
  const more = all.length - MOST;
  return `${all.slice(0, MOST).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
