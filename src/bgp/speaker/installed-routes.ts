import type { Host } from "../../model/host.ts";
import { refusesSource } from "../../model/refused-source.ts";
import type { Route } from "../../model/route.ts";
import { entriesThen, type Snapshot, valueAt } from "../rib/number-map.ts";
import type { Numbering } from "../rib/numbering.ts";
import { prefixKey } from "../rib/route.ts";

/** What BIRD has put into the kernel's table at one time, and beside what. */
export interface ProgrammedThen {
  readonly alien: readonly Route[];
  readonly interfaces: Host["interfaces"];
  readonly table: number;
  readonly programmed: Snapshot<Route>;
}

/** What the kernel has of it. */
export function installed(then: ProgrammedThen, numbering: Numbering): readonly Route[] {
  const routes: Route[] = [];
  const isRefused = refusalsOf(then, numbering);
  for (const [number, found] of entriesThen(then.programmed)) if (!isRefused(number, found)) routes.push(found);
  return routes;
}

/**
 * The kernel takes no route beside one of others for the same destination and metric ("File exists"), none by a gateway that it cannot have, and
 * none whose preferred source is no address of the host.
 */
export function refusalsOf(
  { alien, interfaces, table, programmed }: ProgrammedThen,
  { numbers }: Numbering,
): (number: number, found: Route) => boolean {
  const taken = new Map<number, Set<number>>();
  for (const found of alien) {
    if (found.table !== table || found.tos !== 0) continue;
    const number = numbers.get(prefixKey(found.destination));
    if (number === undefined || valueAt(programmed, number) === undefined) continue;
    const metrics = taken.get(number);
    if (metrics === undefined) taken.set(number, new Set([found.metric]));
    else metrics.add(found.metric);
  }
  return (number, found) =>
    (taken.size > 0 && taken.get(number)?.has(found.metric) === true) ||
    isBeyondFamily(found) ||
    (found.preferredSource !== null && refusesSource(interfaces, alien, found));
}

/** A gateway of IPv4 for IPv6: there is no such route (RTA_VIA is for IPv4 alone). */
function isBeyondFamily({ family, nextHops }: Route): boolean {
  return family === 6 && nextHops.some(({ gateway }) => gateway?.family === 4);
}
