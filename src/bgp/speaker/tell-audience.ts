import { schedule } from "../../emulator/event-queue.ts";
import { keysOf, valueAt } from "../rib/number-map.ts";
import { addressKey, type PrefixKey, type RouteOwner } from "../rib/route.ts";
import { netsOf } from "../rib/table.ts";
import { inOrderOfBird2 } from "../rib/table-order.ts";
import type { Audience } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import { type CommonItems, type CommonWrites, commonWrites, sendCommon, withForm } from "./common-writes.ts";
import type { Peer, Pending } from "./peer.ts";
import { flush } from "./send-update.ts";
import { type Change, destinationOf, leadsTo, seenBy, sourceId, type Told } from "./told.ts";

/** All that an audience knows, in order, which those are told who come to it; who told an item hears nothing of it. */
export interface Feed {
  readonly items: ReadonlyMap<PrefixKey, Pending>;
  readonly tellers: ReadonlyMap<Pending, RouteOwner>;
  /** How many items each has told. */
  readonly byTeller: ReadonlyMap<RouteOwner, number>;
  /** Its messages, in the forms that were needed. */
  readonly writes: CommonWrites[];
}

/** BIRD gathers changes until its socket may be written: here, until all else of this moment has happened. */
export function flushLater(core: BgpCore, audience: Audience, peer: Peer | null): void {
  if (peer !== null) audience.waiting.add(peer);
  if (audience.queued) return;
  audience.queued = true;
  schedule(core.world.queue, core.world.now, flushAudience, [core, audience]);
}

function flushAudience(core: BgpCore, audience: Audience): void {
  audience.queued = false;
  const { log, members, waiting } = audience;
  const common: CommonWrites[] = [];
  const concerned = log.length > 0 ? [...members.values()] : [...waiting];
  for (let index = 0; index < concerned.length; index++) {
    const peer = concerned[index];
    const form = peer?.session?.sendForm;
    if (peer === undefined || form === undefined) continue;
    const { feed, cursor } = peer;
    if (peer.pending.size === 0 && feed === null && cursor === 0) {
      const known = withForm(common, form);
      const made = known ?? commonWrites(core, peer, changedTogether(core, audience), form);
      if (known === null) common.push(made);
      if (sendCommon(core, peer, made)) continue;
    }
    if (peer.pending.size === 0 && feed !== null && cursor === log.length) {
      const known = withForm(feed.writes, form);
      const made = known ?? commonWrites(core, peer, fedTogether(feed), form);
      if (known === null) feed.writes.push(made);
      if (sendCommon(core, peer, made)) {
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
  waiting.clear();
}

const NOBODY: readonly RouteOwner[] = [];

/** What the changes of the log are to those whom they concern as they concern all. */
function changedTogether(core: BgpCore, audience: Audience): CommonItems {
  const pending = new Map<PrefixKey, Pending>();
  const leftOut = new Map<Pending, readonly RouteOwner[]>();
  const alone = new Set<RouteOwner>();
  for (const { name, number, pathId, before, now } of audience.log) {
    const earlier = pending.get(name);
    const unconcerned = earlier === undefined ? NOBODY : (leftOut.get(earlier) ?? NOBODY);
    const blind: RouteOwner[] = [];
    for (const owner of apartFrom(core, audience, before, now)) {
      // one that saw nothing of it so far, and sees nothing now
      const isBlind = seenBy(owner, before) === null && seenBy(owner, now) === null;
      if (isBlind && (earlier === undefined || unconcerned.includes(owner))) blind.push(owner);
      else alone.add(owner);
    }
    const attributes = seenBy(null, now);
    if (attributes === seenBy(null, before)) continue;
    const item: Pending = { prefix: destinationOf(core, number), pathId, attributes };
    if (earlier !== undefined) {
      pending.delete(name);
      leftOut.delete(earlier);
    }
    pending.set(name, item);
    if (blind.length > 0) leftOut.set(item, blind);
  }
  return { items: pending.values(), leftOut, alone, byNextHop: false };
}

/** Members for whom a change is another one than for the rest: who told the route, and whom it leads to. */
function apartFrom(
  core: BgpCore,
  audience: Audience,
  before: Change["before"],
  now: Change["now"],
): Iterable<RouteOwner> {
  const apart = new Set<RouteOwner>();
  if (before?.teller != null) apart.add(before.teller);
  if (now?.teller != null) apart.add(now.teller);
  for (const member of ledTo(core, audience, before)) apart.add(member);
  for (const member of ledTo(core, audience, now)) apart.add(member);
  return apart;
}

/** The members of an audience to whom a route leads that is told to all. */
function ledTo(core: BgpCore, { group, members }: Audience, told: Told | null): readonly RouteOwner[] {
  if (told === null) return NOBODY;
  const hop = told.attributes.nextHop;
  if (hop === null) return [...members.values()].map(({ protocol: { owner } }) => owner);
  if (hop === group.exporter.sourceAddress) return NOBODY;
  const found = core.neighbours.get(addressKey(hop)) ?? [];
  return found.flatMap(({ protocol: { owner } }) => (members.get(owner.name)?.protocol.owner === owner ? [owner] : []));
}

function fedTogether({ items, tellers }: Feed): CommonItems {
  const leftOut = new Map([...tellers].map(([item, teller]) => [item, [teller]] as const));
  return { items: items.values(), leftOut, alone: new Set(), byNextHop: true };
}

/** All that members were told, as one that comes is told it. */
export function feedOf(core: BgpCore, audience: Audience): Feed {
  if (audience.feed !== null) return audience.feed;
  const items = new Map<PrefixKey, Pending>();
  const tellers = new Map<Pending, RouteOwner>();
  const byTeller = new Map<RouteOwner, number>();
  for (const [name, { number, pathId, attributes, teller }] of inOrder(core, [...audience.told])) {
    const item: Pending = { prefix: destinationOf(core, number), pathId, attributes };
    items.set(name, item);
    if (teller === null) continue;
    tellers.set(item, teller);
    byTeller.set(teller, (byTeller.get(teller) ?? 0) + 1);
  }
  audience.feed = Object.freeze({ items, tellers, byTeller, writes: [] });
  return audience.feed;
}

type NamedTold = readonly [PrefixKey, Told];

function inOrder(core: BgpCore, told: NamedTold[]): readonly NamedTold[] {
  if (told.length < 2) return told;
  const { nets } = core.table;
  const numbers =
    core.configuration.release === "2" ? inOrderOfBird2(netsOf(core.table)).map(({ number }) => number) : keysOf(nets);
  const places = new Map(numbers.map((number, index) => [number, index]));
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

/** Something goes out to a neighbour alone, after all that waits for it. */
export function put(peer: Peer, name: PrefixKey, item: Pending): void {
  takeFeed(peer);
  const pending = ownPending(peer);
  pending.delete(name);
  pending.set(name, item);
}

/** What was empty may be others' too (`NOTHING_PENDING`). */
function ownPending(peer: Peer): Map<PrefixKey, Pending> {
  if (peer.pending.size === 0) peer.pending = new Map();
  return peer.pending;
}

/** What of the log concerns a neighbour waits for it alone from now on. */
export function takeLog(core: BgpCore, { log }: Audience, peer: Peer): void {
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

/** What is to be told to one that came goes out to it alone. */
function takeFeed(peer: Peer): void {
  const { feed, protocol } = peer;
  peer.feed = null;
  if (feed === null) return;
  const pending = ownPending(peer);
  for (const [name, item] of feed.items) {
    const { attributes } = item;
    if (attributes !== null && leadsTo(attributes, protocol.owner)) continue;
    if (feed.tellers.get(item) !== protocol.owner) pending.set(name, item);
  }
}
