import type { FilterFault } from "../filter/filter-fault.ts";
import type { PrefixKey, RibRoute, RouteOwner } from "../rib/route.ts";
import { netsOf, type RibNet } from "../rib/table.ts";
import { inOrderOfBird2 } from "../rib/table-order.ts";
import type { BgpCore } from "./bgp-core.ts";
import { countAlone, type ExportCounts, noCounts } from "./export-counts.ts";
import { passesLimit } from "./limits.ts";
import type { Peer, Pending } from "./peer.ts";
import { noteError } from "./protocol.ts";
import { type Feed, feedOf, flushLater, put, takeLog } from "./tell-audience.ts";
import {
  type Change,
  destinationOf,
  keyOf,
  knownId,
  offersOf,
  pathName,
  seenBy,
  sourceId,
  type Told,
  tellerOf,
} from "./told.ts";
import { isOfGroup, type Outgoing, outgoingOf, type UpdateGroup, updateGroup } from "./update-group.ts";

interface Filtered {
  readonly number: number;
  readonly teller: RouteOwner | null;
  readonly error: FilterFault | null;
}

/**
 * Neighbours of a daemon that are told the same (an update group, as they stand now): what they know, how much was counted, and what is
 * to go out are kept once for all. Each differs in the routes that it told itself.
 */
export interface Audience {
  readonly group: UpdateGroup;
  /** It hears of each route that comes or goes (ADD-PATH), else of the best one. */
  readonly addPath: boolean;
  /** By the names of their protocols. */
  readonly members: Map<string, Peer>;
  readonly told: Map<PrefixKey, Told>;
  /** Routes that the export filter does not let out. */
  readonly filtered: Map<PrefixKey, Filtered>;
  /** Destinations of both, as long as they are the same and somebody asked (`concernedIn`). */
  concerned: readonly number[] | null;
  readonly counts: ExportCounts;
  /** How much a neighbour with a limit was told that it has not told itself. */
  heard: number;
  /** All that is told, for those who come while nothing changes. */
  feed: Feed | null;
  /** Changes that are to go out. */
  log: Change[];
  /** Members to whom something goes out that is not in the log. */
  readonly waiting: Set<Peer>;
  queued: boolean;
}

function audienceOf(core: BgpCore, peer: Peer): Audience {
  const { addPathSend: addPath } = peer;
  for (const known of core.audiences) {
    if (known.addPath === addPath && isOfGroup(core, known.group, peer)) return known;
  }
  const group = updateGroup(core, peer);
  const made: Audience = {
    group,
    addPath,
    members: new Map(),
    told: new Map(),
    filtered: new Map(),
    concerned: null,
    counts: noCounts(),
    heard: 0,
    feed: null,
    log: [],
    waiting: new Set(),
    queued: false,
  };
  core.audiences.push(made);
  for (const { number, routes } of netsInOrder(core)) {
    for (const { name, pathId, route } of offersOf(core, addPath, number, routes)) {
      note(
        made,
        name,
        number,
        pathId,
        route,
        within(core, made, number, addPath ? route : null, route, outgoingOf(core, group, route)),
      );
    }
  }
  return made;
}

/** In the order in which they are told to one who comes. */
function netsInOrder({ table, configuration }: BgpCore): Iterable<RibNet> {
  return configuration.release === "2" ? inOrderOfBird2(netsOf(table)) : netsOf(table);
}

/** A route that is one too many for the neighbour's export limit is not told (do_rt_notify). */
function within(
  core: BgpCore,
  { group, told, heard }: Audience,
  number: number,
  source: RibRoute | null,
  route: RibRoute,
  found: Outgoing,
): Outgoing {
  const limits = group.limited?.protocol.limits ?? null;
  const own = group.limited?.protocol.owner;
  if (limits === null || found.kind !== "accepted" || route.owner === own) return found;
  const key = keyOf(core, number);
  if (told.has(source === null ? key : pathName(key, sourceId(core, source)))) return found;
  return passesLimit(limits, "export", heard) ? found : { kind: "rejected" };
}

/** Keeps what becomes of a route; returns what members are told of it. */
function note(
  audience: Audience,
  name: PrefixKey,
  number: number,
  pathId: number,
  route: RibRoute | null,
  found: Outgoing | null,
): Told | null {
  const { told, filtered } = audience;
  const teller = tellerOf(route);
  audience.concerned = null;
  if (found?.kind === "filtered") filtered.set(name, { number, teller, error: found.error });
  else if (filtered.size > 0) filtered.delete(name);
  if (found?.kind !== "accepted") {
    countHeard(audience, told.get(name), -1);
    told.delete(name);
    return null;
  }
  const now: Told = { number, pathId, attributes: found.attributes, teller };
  countHeard(audience, told.get(name), -1);
  countHeard(audience, now, 1);
  told.set(name, now);
  return now;
}

/** Destinations of which something is told, or held by the filter. */
export function concernedIn(audience: Audience): readonly number[] {
  if (audience.concerned !== null) return audience.concerned;
  const numbers: number[] = [];
  for (const { number } of audience.told.values()) numbers.push(number);
  for (const { number } of audience.filtered.values()) numbers.push(number);
  audience.concerned = Object.freeze(numbers);
  return numbers;
}

function countHeard(audience: Audience, told: Told | undefined, by: 1 | -1): void {
  const own = audience.group.limited?.protocol.owner;
  if (own !== undefined && told !== undefined && told.teller !== own) audience.heard += by;
}

/** The member that told a route. */
function memberOf({ members }: Audience, teller: RouteOwner | null): Peer | null {
  if (teller === null) return null;
  const found = members.get(teller.name);
  return found?.protocol.owner === teller ? found : null;
}

/** A neighbour comes to hear what others hear: first all that there is, in the order of the table. */
export function joinAudience(core: BgpCore, peer: Peer): void {
  const audience = audienceOf(core, peer);
  const { filtered, addPath } = audience;
  const { owner: own } = peer.protocol;
  const { exportUpdates } = peer.protocol.stats;
  const feed = feedOf(core, audience);
  const fed = feed.items.size - (feed.byTeller.get(own) ?? 0);
  peer.feed = fed > 0 ? feed : null;
  const held = filtered.size === 0 ? 0 : heldFrom(core, audience, peer);
  const offered = addPath ? core.table.routes : core.table.nets.size;
  exportUpdates.received += offered;
  exportUpdates.accepted += fed;
  exportUpdates.filtered += held;
  exportUpdates.rejected += offered - fed - held;
  peer.protocol.exported = fed;
  enter(audience, peer);
  if (fed > 0 || peer.pendingEnd) flushLater(core, audience, peer);
}

/** How many routes the export filter keeps from a neighbour; those at which it ended in an error are told. */
function heldFrom(core: BgpCore, { filtered }: Audience, { protocol }: Peer): number {
  let held = 0;
  for (const { teller, error, number } of filtered.values()) {
    if (teller === protocol.owner) continue;
    held++;
    if (error !== null) noteError(core, protocol, error, number);
  }
  return held;
}

function enter(audience: Audience, peer: Peer): void {
  audience.members.set(peer.protocol.owner.name, peer);
  peer.audience = audience;
  peer.cursor = audience.log.length;
  peer.protocol.together = { counts: audience.counts, since: { ...audience.counts } };
}

/** A neighbour is told nothing any more. */
export function leaveAudience(core: BgpCore, peer: Peer): void {
  const { audience } = peer;
  if (audience === null) return;
  countAlone(peer.protocol);
  audience.members.delete(peer.protocol.owner.name);
  audience.waiting.delete(peer);
  peer.audience = null;
  const place = core.audiences.indexOf(audience);
  if (audience.members.size === 0 && place >= 0) core.audiences.splice(place, 1);
}

/** A destination has changed (rt_announce): its routes as they are, and as they were. */
export function announce(
  core: BgpCore,
  number: number,
  routes: readonly RibRoute[],
  before: readonly RibRoute[],
): void {
  const { audiences } = core;
  for (let index = 0; index < audiences.length; index++) {
    const audience = audiences[index];
    if (audience === undefined) continue;
    audience.feed = null;
    if (!audience.addPath) {
      const best = routes[0] ?? null;
      if (best !== (before[0] ?? null)) announceTo(core, audience, number, null, best);
      continue;
    }
    for (let place = 0; place < before.length; place++) {
      const old = before[place];
      if (old === undefined || routes.includes(old)) continue;
      announceTo(core, audience, number, old, sameSource(routes, old));
    }
    for (let place = 0; place < routes.length; place++) {
      const fresh = routes[place];
      if (fresh === undefined || sameSource(before, fresh) !== null) continue;
      announceTo(core, audience, number, fresh, fresh);
    }
  }
}

function sameSource(routes: readonly RibRoute[], { owner, path }: RibRoute): RibRoute | null {
  for (let index = 0; index < routes.length; index++) {
    const route = routes[index];
    if (route !== undefined && route.owner === owner && route.path === path) return route;
  }
  return null;
}

/**
 * rt_notify_basic(): what neighbours are to know now is compared with what they know. `source`: any route of the same path, where each
 * goes out by itself; null where the best one does.
 */
function announceTo(
  core: BgpCore,
  audience: Audience,
  number: number,
  source: RibRoute | null,
  route: RibRoute | null,
): void {
  const { counts, told, members } = audience;
  const found =
    route === null ? null : within(core, audience, number, source, route, outgoingOf(core, audience.group, route));
  if (found === null) counts.withdrawsReceived++;
  else {
    counts.received++;
    counts[found.kind]++;
  }
  const owner = tellerOf(route);
  if (found?.kind === "filtered" && found.error !== null) {
    for (const { protocol } of members.values()) {
      if (protocol.owner !== owner) noteError(core, protocol, found.error, number);
    }
  }
  const teller = memberOf(audience, owner);
  if (teller !== null && found !== null) {
    const { stats } = teller.protocol;
    stats.exportUpdates[found.kind]--;
    stats.exportUpdates.rejected++;
  }
  const goesOut = found !== null && found.kind !== "rejected";
  const pathId = source === null ? 0 : goesOut ? sourceId(core, source) : knownId(core, source);
  // what has no number went out to nobody, and was not held by the filter
  if (pathId === null) return;
  const key = keyOf(core, number);
  const name = source === null ? key : pathName(key, pathId);
  const before = told.size === 0 ? null : (told.get(name) ?? null);
  const isUntold = before === null && found?.kind === "rejected" && audience.filtered.size === 0;
  const now = isUntold ? null : note(audience, name, number, pathId, route, found);
  if (before === null && now === null) return;
  const change: Change = { name, number, pathId, before, now };
  if (teller !== null && found !== null) countApart(teller, change);
  const earlier = memberOf(audience, before?.teller ?? null);
  if (earlier !== null && (earlier !== teller || found === null)) countApart(earlier, change);
  count(counts, before !== null, now !== null);
  if (before?.attributes === now?.attributes && before?.teller === now?.teller) return;
  audience.log.push(change);
  flushLater(core, audience, null);
}

/** The teller of routes is called otherwise from now on. */
export function renameTeller({ audiences }: BgpCore, from: RouteOwner, to: RouteOwner): void {
  const renamed = (told: Told | null): Told | null => (told?.teller === from ? { ...told, teller: to } : told);
  for (const audience of audiences) {
    const { told, filtered } = audience;
    for (const [name, item] of told) if (item.teller === from) told.set(name, { ...item, teller: to });
    for (const [name, item] of filtered) if (item.teller === from) filtered.set(name, { ...item, teller: to });
    audience.log = audience.log.map((change) => ({
      ...change,
      before: renamed(change.before),
      now: renamed(change.now),
    }));
    audience.feed = null;
  }
}

function count(counts: Pick<ExportCounts, "exported" | "withdrawsAccepted">, before: boolean, now: boolean): void {
  if (before && !now) {
    counts.withdrawsAccepted++;
    counts.exported--;
  } else if (now && !before) counts.exported++;
}

/** A member for whom a change is another one than for the rest: what all count is put right for it. */
function countApart({ protocol }: Peer, { before, now }: Change): void {
  const common = { exported: 0, withdrawsAccepted: 0 };
  const own = { exported: 0, withdrawsAccepted: 0 };
  count(common, before !== null, now !== null);
  count(own, seenBy(protocol.owner, before) !== null, seenBy(protocol.owner, now) !== null);
  protocol.exported += own.exported - common.exported;
  protocol.stats.exportWithdraws.accepted += own.withdrawsAccepted - common.withdrawsAccepted;
}

/** A ROUTE-REFRESH: all that a neighbour was told goes out to it once more. */
export function tellAgain(core: BgpCore, peer: Peer): void {
  const { audience } = peer;
  if (audience === null) return;
  takeLog(core, audience, peer);
  for (const [name, item] of toldTo(core, peer)) put(peer, name, item);
  flushLater(core, audience, peer);
}

/** What a neighbour was told last, by destination and path identifier (Adj-RIB-Out). */
export function toldTo(core: BgpCore, { audience, protocol }: Peer): readonly (readonly [PrefixKey, Pending])[] {
  return [...(audience?.told ?? [])].flatMap(([name, told]) => {
    const attributes = seenBy(protocol.owner, told);
    if (attributes === null) return [];
    return [[name, { prefix: destinationOf(core, told.number), pathId: told.pathId, attributes }] as const];
  });
}

/** A neighbour with another export filter: it hears what it did not know, and what it is to know no more. */
export function moveAudience(core: BgpCore, peer: Peer): void {
  const { audience: old, protocol } = peer;
  const { owner } = protocol;
  if (old === null) return;
  takeLog(core, old, peer);
  leaveAudience(core, peer);
  const audience = audienceOf(core, peer);
  const { exportUpdates, exportWithdraws } = protocol.stats;
  for (const { number, prefix, routes } of netsInOrder(core)) {
    for (const { name, pathId, route } of offersOf(core, audience.addPath, number, routes)) {
      const before = seenBy(owner, old.told.get(name) ?? null);
      const now = seenBy(owner, audience.told.get(name) ?? null);
      const held = route.owner === owner ? undefined : audience.filtered.get(name);
      exportUpdates.received++;
      exportUpdates[now !== null ? "accepted" : held !== undefined ? "filtered" : "rejected"]++;
      if (held !== undefined && held.error !== null) noteError(core, protocol, held.error, number);
      const counts = { exported: 0, withdrawsAccepted: 0 };
      count(counts, before !== null, now !== null);
      protocol.exported += counts.exported;
      exportWithdraws.accepted += counts.withdrawsAccepted;
      if (before !== now) put(peer, name, { prefix, pathId, attributes: now });
    }
  }
  enter(audience, peer);
  if (peer.pending.size > 0) flushLater(core, audience, peer);
}
