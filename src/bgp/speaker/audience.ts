import { schedule } from "../../emulator/event-queue.ts";
import { sameAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { WireForm } from "../messages/message.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import { keysOf, valueAt } from "../rib/number-map.ts";
import { addressKey, type PrefixKey, type RibRoute, type RouteOwner } from "../rib/route.ts";
import { netsOf } from "../rib/table.ts";
import type { BgpCore } from "./bgp-core.ts";
import { type CommonWrites, commonWrites, type Feed, sendCommon, withForm } from "./common-writes.ts";
import { countAlone, type ExportCounts, noCounts } from "./export-counts.ts";
import { passesLimit } from "./limits.ts";
import type { Peer, Pending } from "./peer.ts";
import { noteError } from "./protocol.ts";
import { flush } from "./send-update.ts";
import { isOfGroup, type Outgoing, outgoingOf, type UpdateGroup, updateGroup } from "./update-group.ts";

/** What an audience was told of a destination, or of one route to it; who told it hears nothing of it. */
interface Told {
  /** Of the destination. */
  readonly number: number;
  readonly pathId: number;
  readonly attributes: PathAttributes;
  /** Null: the route did not come by BGP. */
  readonly teller: RouteOwner | null;
}

/** It is another one now. */
interface Change {
  /** Name of destination and path identifier. */
  readonly name: PrefixKey;
  readonly number: number;
  readonly pathId: number;
  readonly before: Told | null;
  readonly now: Told | null;
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
  readonly filtered: Map<PrefixKey, { readonly teller: RouteOwner | null; readonly error: string | null }>;
  readonly counts: ExportCounts;
  /** All that is told, for those who come while nothing changes. */
  feed: Feed | null;
  /** Changes that are to go out, and the members for whom some of them are others than for the rest. */
  log: Change[];
  readonly apart: Set<RouteOwner>;
  /** Members to whom something goes out that is not in the log. */
  readonly waiting: Set<Peer>;
  queued: boolean;
}

/** The protocol that told a route to this daemon; null: it did not come by BGP. */
function tellerOf(route: RibRoute | null): RouteOwner | null {
  return route === null || route.owner.bgp === null ? null : route.owner;
}

/** What a member sees of what all were told. */
function seenBy(member: RouteOwner | null, told: Told | null): PathAttributes | null {
  if (told === null || (member !== null && told.teller === member)) return null;
  return member !== null && leadsTo(told.attributes, member) ? null : told.attributes;
}

/** A route whose next hop is the neighbour itself does not go out to it (bgp_get_bucket). */
function leadsTo({ nextHop, mpReach }: PathAttributes, { bgp }: RouteOwner): boolean {
  const hop = nextHop ?? mpReach?.nextHops[0] ?? null;
  return hop !== null && bgp !== null && sameAddress(hop, bgp.remoteAddress);
}

/** The members of an audience to whom a route leads that is told to all. */
function ledTo(core: BgpCore, { group, members }: Audience, told: Told | null): readonly RouteOwner[] {
  const hop = told?.attributes.nextHop ?? null;
  if (hop === null || hop === group.exporter.sourceAddress) return [];
  const found = core.neighbours.get(addressKey(hop)) ?? [];
  return found.flatMap(({ protocol: { owner } }) => (members.get(owner.name)?.protocol.owner === owner ? [owner] : []));
}

/** A route that is offered to an audience. */
interface Offer {
  readonly name: PrefixKey;
  readonly pathId: number;
  readonly route: RibRoute;
}

function offersOf(core: BgpCore, addPath: boolean, number: number, routes: readonly RibRoute[]): readonly Offer[] {
  const key = keyOf(core, number);
  if (addPath) {
    return routes.map((route) => {
      const pathId = sourceId(core, route);
      return { name: pathName(key, pathId), pathId, route };
    });
  }
  const [best] = routes;
  return best === undefined ? [] : [{ name: key, pathId: 0, route: best }];
}

function keyOf({ table }: BgpCore, number: number): PrefixKey {
  return table.numbering.keys[number] ?? "";
}

function destinationOf({ table }: BgpCore, number: number): Prefix {
  const found = table.numbering.destinations[number];
  if (found === undefined) throw new Error(`no destination has the number ${number}`);
  return found;
}

/** Path identifiers that a number has room for beside a prefix of IPv4. */
const PATHS = 0x8000;

function pathName(key: PrefixKey, pathId: number): PrefixKey {
  return typeof key === "number" && pathId < PATHS ? key * PATHS + pathId : `${key} ${pathId}`;
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
    counts: noCounts(),
    feed: null,
    log: [],
    apart: new Set(),
    waiting: new Set(),
    queued: false,
  };
  core.audiences.add(made);
  for (const { number, routes } of netsOf(core.table)) {
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

/** A route that is one too many for the neighbour's export limit is not told (do_rt_notify). */
function within(
  core: BgpCore,
  { group, told }: Audience,
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
  let count = 0;
  for (const { teller } of told.values()) if (teller !== own) count++;
  return passesLimit(limits, "export", count) ? found : { kind: "rejected" };
}

/** Keeps what becomes of a route; returns what members are told of it. */
function note(
  { told, filtered }: Audience,
  name: PrefixKey,
  number: number,
  pathId: number,
  route: RibRoute | null,
  found: Outgoing | null,
): Told | null {
  const teller = tellerOf(route);
  if (found?.kind === "filtered") filtered.set(name, { teller, error: found.error });
  else if (filtered.size > 0) filtered.delete(name);
  if (found?.kind !== "accepted") {
    told.delete(name);
    return null;
  }
  const now: Told = { number, pathId, attributes: found.attributes, teller };
  told.set(name, now);
  return now;
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
  let held = 0;
  for (const { teller, error } of filtered.values()) {
    if (teller === own) continue;
    held++;
    if (error !== null) noteError(core, peer.protocol, error);
  }
  const offered = addPath ? core.table.routes : core.table.nets.size;
  exportUpdates.received += offered;
  exportUpdates.accepted += fed;
  exportUpdates.filtered += held;
  exportUpdates.rejected += offered - fed - held;
  peer.protocol.exported = fed;
  enter(audience, peer);
  if (fed > 0 || peer.pendingEnd) flushLater(core, audience, peer);
}

type NamedTold = readonly [PrefixKey, Told];

function inOrder(core: BgpCore, told: NamedTold[]): readonly NamedTold[] {
  const { nets } = core.table;
  const places = new Map(keysOf(nets).map((number, index) => [number, index]));
  const placeOf = ({ number }: Told): number => places.get(number) ?? 0;
  const place = ({ number, pathId }: Told): number =>
    valueAt(nets, number)?.routes.findIndex((route) => sourceId(core, route) === pathId) ?? 0;
  const order = ([, x]: NamedTold, [, y]: NamedTold): number => placeOf(x) - placeOf(y) || place(x) - place(y);
  const isSorted = told.every((item, index) => {
    const earlier = told[index - 1];
    return earlier === undefined || order(earlier, item) <= 0;
  });
  return isSorted ? told : told.sort(order);
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
  if (audience.members.size === 0) core.audiences.delete(audience);
}

/** A destination has changed (rt_announce): its routes as they are, and as they were. */
export function announce(
  core: BgpCore,
  number: number,
  routes: readonly RibRoute[],
  before: readonly RibRoute[],
): void {
  for (const audience of core.audiences) {
    audience.feed = null;
    if (!audience.addPath) {
      const best = routes[0] ?? null;
      if (best !== (before[0] ?? null)) announceTo(core, audience, number, null, best);
      continue;
    }
    for (let index = 0; index < before.length; index++) {
      const old = before[index];
      if (old === undefined || routes.includes(old)) continue;
      announceTo(core, audience, number, old, sameSource(routes, old));
    }
    for (let index = 0; index < routes.length; index++) {
      const fresh = routes[index];
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
      if (protocol.owner !== owner) noteError(core, protocol, found.error);
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
  if (before?.teller != null) audience.apart.add(before.teller);
  if (now?.teller != null) audience.apart.add(now.teller);
  for (const member of ledTo(core, audience, now)) audience.apart.add(member);
  for (const member of ledTo(core, audience, before)) audience.apart.add(member);
  flushLater(core, audience, null);
}

/** The teller of routes is called otherwise from now on. */
export function renameTeller({ audiences }: BgpCore, from: RouteOwner, to: RouteOwner): void {
  const renamed = (told: Told | null): Told | null => (told?.teller === from ? { ...told, teller: to } : told);
  for (const audience of audiences) {
    const { told, filtered, apart } = audience;
    for (const [name, item] of told) if (item.teller === from) told.set(name, { ...item, teller: to });
    for (const [name, item] of filtered) if (item.teller === from) filtered.set(name, { ...item, teller: to });
    audience.log = audience.log.map((change) => ({
      ...change,
      before: renamed(change.before),
      now: renamed(change.now),
    }));
    if (apart.delete(from)) apart.add(to);
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
  for (const { number, prefix, routes } of netsOf(core.table)) {
    for (const { name, pathId, route } of offersOf(core, audience.addPath, number, routes)) {
      const before = seenBy(owner, old.told.get(name) ?? null);
      const now = seenBy(owner, audience.told.get(name) ?? null);
      const held = route.owner === owner ? undefined : audience.filtered.get(name);
      exportUpdates.received++;
      exportUpdates[now !== null ? "accepted" : held !== undefined ? "filtered" : "rejected"]++;
      if (held !== undefined && held.error !== null) noteError(core, protocol, held.error);
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

function put(peer: Peer, name: PrefixKey, item: Pending): void {
  takeFeed(peer);
  const { pending } = peer;
  pending.delete(name);
  pending.set(name, item);
}

/** What of the log concerns a neighbour waits for it alone from now on. */
function takeLog(core: BgpCore, { log }: Audience, peer: Peer): void {
  takeFeed(peer);
  for (let index = peer.cursor; index < log.length; index++) {
    const change = log[index];
    if (change === undefined) continue;
    const { name, number, pathId } = change;
    const now = seenBy(peer.protocol.owner, change.now);
    if (now !== seenBy(peer.protocol.owner, change.before))
      put(peer, name, { prefix: destinationOf(core, number), pathId, attributes: now });
  }
  peer.cursor = log.length;
}

/** BIRD gathers changes until its socket may be written: here, until all else of this moment has happened. */
function flushLater(core: BgpCore, audience: Audience, peer: Peer | null): void {
  if (peer !== null) audience.waiting.add(peer);
  if (audience.queued) return;
  audience.queued = true;
  schedule(core.world.queue, core.world.now, flushAudience, [core, audience]);
}

function flushAudience(core: BgpCore, audience: Audience): void {
  audience.queued = false;
  const { log, members, waiting, apart } = audience;
  const common: CommonWrites[] = [];
  const concerned = log.length > 0 ? [...members.values()] : [...waiting];
  for (const peer of concerned) {
    const form = peer.session?.sendForm;
    if (form === undefined) continue;
    const { feed } = peer;
    if (peer.pending.size === 0 && feed === null && peer.cursor === 0) {
      const made = withForm(common, form, () => changedTogether(core, audience, peer, form));
      if (sendCommon(core, peer, made, apart.has(peer.protocol.owner))) continue;
    }
    const isNextHop = feed?.nextHops.has(addressKey(peer.exporter.remoteAddress)) === true;
    if (peer.pending.size === 0 && feed !== null && !isNextHop && peer.cursor === log.length) {
      const all = (): CommonWrites => commonWrites(core, peer, feed.items.values(), feed.tellers, new Set(), form);
      const made = withForm(feed.writes, form, all);
      if (sendCommon(core, peer, made, feed.byTeller.has(peer.protocol.owner))) {
        peer.feed = null;
        continue;
      }
    }
    takeLog(core, audience, peer);
    flush(core, peer);
  }
  for (const peer of concerned) peer.cursor = 0;
  audience.log = [];
  audience.feed = null;
  apart.clear();
  waiting.clear();
}

/** What the changes of the log are to those whom they concern as they concern all. */
function changedTogether(core: BgpCore, audience: Audience, peer: Peer, form: WireForm): CommonWrites {
  const pending = new Map<PrefixKey, Pending>();
  const tellers = new Map<Pending, RouteOwner>();
  const many = new Set<RouteOwner>();
  for (const { name, number, pathId, before, now } of audience.log) {
    if (before?.teller != null) many.add(before.teller);
    // who told the route that comes now has to forget the one before
    if (now?.teller != null && before !== null && before.teller !== now.teller) many.add(now.teller);
    for (const member of [...ledTo(core, audience, now), ...ledTo(core, audience, before)]) many.add(member);
    const attributes = seenBy(null, now);
    if (attributes === seenBy(null, before)) {
      if (now?.teller != null) many.add(now.teller);
      continue;
    }
    const item: Pending = { prefix: destinationOf(core, number), pathId, attributes };
    if (!pending.delete(name) && now?.teller != null) tellers.set(item, now.teller);
    else if (now?.teller != null) many.add(now.teller);
    pending.set(name, item);
  }
  return commonWrites(core, peer, pending.values(), tellers, many, form);
}

/** All that members were told, as one that comes is told it. */
function feedOf(core: BgpCore, audience: Audience): Feed {
  if (audience.feed !== null) return audience.feed;
  const items = new Map<PrefixKey, Pending>();
  const tellers = new Map<Pending, RouteOwner>();
  const byTeller = new Map<RouteOwner, number>();
  const nextHops = new Set<PrefixKey>();
  for (const [name, { number, pathId, attributes, teller }] of inOrder(core, [...audience.told])) {
    const item: Pending = { prefix: destinationOf(core, number), pathId, attributes };
    items.set(name, item);
    const { nextHop } = attributes;
    if (nextHop !== null && nextHop !== audience.group.exporter.sourceAddress) nextHops.add(addressKey(nextHop));
    if (teller === null) continue;
    tellers.set(item, teller);
    byTeller.set(teller, (byTeller.get(teller) ?? 0) + 1);
  }
  audience.feed = { items, tellers, byTeller, nextHops, writes: [] };
  return audience.feed;
}

/** What is to be told to one that came goes out to it alone. */
function takeFeed(peer: Peer): void {
  const { feed, pending, protocol } = peer;
  peer.feed = null;
  if (feed === null) return;
  for (const [name, item] of feed.items) {
    const { attributes } = item;
    if (attributes !== null && leadsTo(attributes, protocol.owner)) continue;
    if (feed.tellers.get(item) !== protocol.owner) pending.set(name, item);
  }
}

/** The number of a source of routes that goes out; null: none was needed yet. */
function knownId({ sourceIds }: BgpCore, { owner, path }: RibRoute): number | null {
  return sourceIds.get(owner.name)?.get(path) ?? null;
}

/** What BIRD tells routes of one destination apart by on the wire: a number for each source of routes. */
function sourceId(core: BgpCore, { owner, path }: RibRoute): number {
  let ofOwner = core.sourceIds.get(owner.name);
  if (ofOwner === undefined) {
    ofOwner = new Map();
    core.sourceIds.set(owner.name, ofOwner);
  }
  let id = ofOwner.get(path);
  if (id === undefined) {
    id = ++core.sources;
    ofOwner.set(path, id);
  }
  return id;
}
