import type { World } from "../../emulator/world.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import type { Prefix } from "../../net/prefix.ts";
import { runFilter } from "../filter/evaluate.ts";
import type { FilterFault } from "../filter/filter-fault.ts";
import { valueAt } from "../rib/number-map.ts";
import { numberOfPrefix, sharedOwner } from "../rib/numbering.ts";
import type { BgpOwner, RibRoute, RouteOwner } from "../rib/route.ts";
import { type GivenRoute, givenRoute } from "../rib/route-list.ts";
import { netsOf, type RoutingTable, updateRoute } from "../rib/table.ts";
import type { ProtocolConfiguration, SpeakerConfiguration } from "./configuration.ts";
import type { CountedTogether } from "./export-counts.ts";
import { passesLimit, type RouteLimits } from "./limits.ts";
import { leaveRecovery, type Recovery } from "./recovery.ts";
import { numberingOf } from "./shared-attributes.ts";

/** States of a protocol (PS_* of nest/protocol.h, and `feed`, `flush` of its core state). */
export type ProtocolState = "down" | "start" | "up" | "stop";

/** Numbers of `show protocols all` (struct proto_stats, BIRD 1.6). */
export interface RouteChangeStats {
  importUpdates: { received: number; rejected: number; filtered: number; ignored: number; accepted: number };
  importWithdraws: { received: number; rejected: number; ignored: number; accepted: number };
  exportUpdates: { received: number; rejected: number; filtered: number; accepted: number };
  exportWithdraws: { received: number; accepted: number };
}

/** A living protocol of a speaker. */
export interface Protocol {
  configuration: ProtocolConfiguration;
  /** Changes with the name by which the neighbour calls itself. */
  owner: RouteOwner;
  state: ProtocolState;
  /** Virtual time of the last change of state. */
  since: number;
  /** Routes in the table, and routes given out. */
  imported: number;
  exported: number;
  stats: RouteChangeStats;
  /** Null: any number of routes. */
  limits: RouteLimits | null;
  /** What is counted together with others (`exportedBy`, `statsOf`). */
  together: CountedTogether | null;
}

/** A filter of a protocol that ended in an error, for some routes. */
export interface FilterError {
  readonly protocol: string;
  readonly fault: FilterFault;
  /** Whether the route was rejected; what is written at a static route only leaves it as it was. */
  readonly rejects: boolean;
  times: number;
  /** Numbers of the first destinations. */
  readonly of: number[];
}

/** What the parts of one daemon share. */
export interface SpeakerCore {
  readonly world: World;
  readonly runtime: HostRuntime;
  configuration: SpeakerConfiguration;
  readonly table: RoutingTable;
  /** Filters that ended in an error, by protocol, place and text. */
  readonly filterErrors: Map<string, FilterError>;
  /** Virtual time at which the daemon was started. */
  readonly started: number;
  running: boolean;
  /** While it recovers from a graceful restart (`bird -R`). */
  recovery: Recovery | null;
}

export function protocol(
  configuration: ProtocolConfiguration,
  order: number,
  bgp: BgpOwner | null,
  world: World,
): Protocol {
  const { now } = world;
  const made: Protocol = {
    configuration,
    owner: sharedOwner(numberingOf(world), { name: configuration.name, order, bgp }),
    state: "down",
    // Times are seldom whole: were the first one, V8 would make all instances anew when the first other one comes.
    since: Number.NaN,
    imported: 0,
    exported: 0,
    stats: noStats(),
    limits: null,
    together: null,
  };
  made.since = now;
  return made;
}

function noStats(): RouteChangeStats {
  return {
    importUpdates: { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 },
    importWithdraws: { received: 0, rejected: 0, ignored: 0, accepted: 0 },
    exportUpdates: { received: 0, rejected: 0, filtered: 0, accepted: 0 },
    exportWithdraws: { received: 0, accepted: 0 },
  };
}

/** proto_notify_state(). */
export function setState(core: SpeakerCore, item: Protocol, state: ProtocolState): void {
  if (item.state === state) return;
  item.state = state;
  item.since = core.world.now;
  // proto_fell_down()
  if (state === "down") item.stats = noStats();
  if (state === "stop" || state === "down") leaveRecovery(core, item);
}

/** Whether a route is one too many, where the protocol has not told another of the destination before (rte_recalculate). */
export function isOverLimit(
  { table }: SpeakerCore,
  { limits, owner, imported }: Protocol,
  number: number,
  path: number,
): boolean {
  if (limits === null) return false;
  const known = valueAt(table.nets, number)?.routes ?? [];
  if (known.some((route) => route.owner === owner && route.path === path)) return false;
  return !passesLimit(limits, "receive", imported) || !passesLimit(limits, "import", imported);
}

/** A route comes from a protocol: the import filter decides (rte_update2). */
export function importRoute(core: SpeakerCore, item: Protocol, route: RibRoute): void {
  const { importUpdates } = item.stats;
  importUpdates.received++;
  const verdict = runFilter(item.configuration.import, route, core.configuration.filters, core.runtime);
  if (verdict.kind === "accept") {
    const number = numberOfPrefix(core.table.numbering, route.prefix);
    if (isOverLimit(core, item, number, route.path)) {
      importUpdates.ignored++;
      return;
    }
    importUpdates.accepted++;
    // what a kernel route has of the kernel is stored with it (krt_store_tmp_attrs)
    const kept = item.configuration.type === "kernel" ? verdict.route : verdict.stored;
    putRoute(core, item, number, route.path, givenRoute(core.table.numbering, number, kept));
    return;
  }
  const number = numberOfPrefix(core.table.numbering, route.prefix);
  if (verdict.kind === "error") noteError(core, item, verdict, number);
  importUpdates.filtered++;
  dropFiltered(core, item, number, route.path);
}

/**
 * A route that the filter does not let in takes the one before it away, and counts as a withdrawal also where there was none (rte_update2: `drop`); in
 * BIRD 2 only where the table knows the destination.
 */
export function dropFiltered(core: SpeakerCore, item: Protocol, number: number, path: number): void {
  const { importWithdraws } = item.stats;
  const isKnown = core.configuration.release === "1.6" || valueAt(core.table.nets, number) !== undefined;
  if (putRoute(core, item, number, path, null)) importWithdraws.accepted++;
  else if (isKnown) importWithdraws.ignored++;
}

export function withdrawRoute(core: SpeakerCore, item: Protocol, prefix: Prefix, path: number): void {
  withdrawNumber(core, item, numberOfPrefix(core.table.numbering, prefix), path);
}

/** The same by the number of the destination. */
export function withdrawNumber(core: SpeakerCore, item: Protocol, number: number, path: number): void {
  const { importWithdraws } = item.stats;
  importWithdraws.received++;
  if (putRoute(core, item, number, path, null)) importWithdraws.accepted++;
  else importWithdraws.ignored++;
}

/** True when something was there. */
export function putRoute(
  core: SpeakerCore,
  item: Protocol,
  number: number,
  path: number,
  route: GivenRoute | null,
): boolean {
  const change = updateRoute(core.table, number, item.owner, path, route);
  item.imported += change;
  return change !== 0;
}

/** Destinations that are kept of a filter's error. */
const MOST = 5;

/** A filter has ended in an error at the route to a destination, which BIRD logs. */
export function noteError(
  core: SpeakerCore,
  { configuration }: Protocol,
  fault: FilterFault,
  number: number,
  rejects = true,
): void {
  const { name: protocol } = configuration;
  const key = `${protocol} ${fault.origin} ${fault.column} ${fault.text}`;
  const known = core.filterErrors.get(key) ?? { protocol, fault, rejects, times: 0, of: [] };
  core.filterErrors.set(key, known);
  known.times++;
  if (known.of.length < MOST && !known.of.includes(number)) known.of.push(number);
}

/** All routes of a protocol leave the table (rt_prune_table). */
export function flushRoutes(core: SpeakerCore, item: Protocol, keep: (route: RibRoute) => boolean = () => false): void {
  if (item.imported === 0) return;
  const mine: (readonly [number, number])[] = [];
  for (const { number, routes } of netsOf(core.table)) {
    for (const route of routes) if (route.owner === item.owner && !keep(route)) mine.push([number, route.path]);
  }
  for (const [number, path] of mine) putRoute(core, item, number, path, null);
  item.stats.importWithdraws.accepted += mine.length;
}
