import { schedule } from "../../emulator/event-queue.ts";
import { sendOctets } from "../../emulator/tcp/send.ts";
import type { Address } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { runFilter } from "../filter/evaluate.ts";
import { encodeMessage } from "../messages/encode.ts";
import { MAX_MESSAGE_LENGTH, type Message, type UpdateMessage } from "../messages/message.ts";
import { type Nlri, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { attributesReceived, attributesToSend } from "../rib/bgp-attributes.ts";
import { NO_KERNEL_ATTRIBUTES, type PrefixKey, prefixKey, type RibRoute } from "../rib/route.ts";
import type { RibNet } from "../rib/table.ts";
import { findNeighbour } from "./interfaces.ts";
import type { Peer, Pending } from "./peer.ts";
import { flushRoutes, importRoute, noteError, withdrawRoute } from "./protocol.ts";
import { unlockRecovery, waitsForRecovery } from "./recovery.ts";
import type { BgpCore } from "./session.ts";

const routeName = (key: PrefixKey, path: number): string => `${key} ${path}`;

/** bgp_rx_update(): withdrawals, then destinations with their attributes. */
export function receiveUpdate(core: BgpCore, peer: Peer, { withdrawn, attributes, nlri }: UpdateMessage): void {
  const unreached = attributes?.mpUnreach ?? null;
  const reached = attributes?.mpReach ?? null;
  const six = core.configuration.family === 6;
  const nothing = withdrawn.length === 0 && nlri.length === 0 && reached === null;
  if (nothing && (six ? unreached !== null && unreached.length === 0 : attributes === null)) {
    unlockRecovery(core, peer.protocol);
    if (peer.restarting) finishRestart(core, peer);
    return;
  }
  const gone = six ? (unreached ?? []) : withdrawn;
  for (const item of gone) withdraw(core, peer, item);
  const told = six ? (reached?.nlri ?? []) : nlri;
  if (attributes === null || told.length === 0) return;
  const { configuration, exporter } = peer;
  const taken = attributesReceived(six ? attributes : { ...attributes, mpReach: null, mpUnreach: null }, {
    ...exporter,
    localId: core.configuration.routerId,
    allowLocalAs: configuration.allowLocalAs,
  });
  const nextHop = six ? (reached?.nextHops[0] ?? null) : attributes.nextHop;
  const way = taken === null || nextHop === null ? null : wayOf(core, peer, nextHop);
  for (const item of told) {
    if (taken === null || way === null) withdraw(core, peer, item);
    else receiveRoute(core, peer, item, taken, way);
  }
}

function withdraw(core: BgpCore, peer: Peer, { prefix, pathId }: Nlri): void {
  withdrawRoute(core, peer.protocol, prefix, pathId ?? 0);
}

type Way = Pick<RibRoute, "target" | "hops" | "recursive" | "igpMetric">;

/** bgp_set_next_hop(): null where the next hop is this host itself. */
function wayOf(core: BgpCore, peer: Peer, nextHop: Address): Way | null {
  if (peer.configuration.recursive) return { target: "unreachable", hops: [], recursive: true, igpMetric: null };
  const found = findNeighbour(core.runtime, nextHop);
  if (found.kind === "own") return null;
  const hop =
    found.kind === "on-link"
      ? { gateway: nextHop, interface: found.interface, weight: 1 }
      : { gateway: peer.configuration.neighbour, interface: peer.neighbourInterface, weight: 1 };
  return { target: "router", hops: [hop], recursive: false, igpMetric: 0 };
}

function receiveRoute(core: BgpCore, peer: Peer, { prefix, pathId }: Nlri, attributes: PathAttributes, way: Way): void {
  const path = pathId ?? 0;
  if (peer.unconfirmed.size > 0) peer.unconfirmed.delete(routeName(prefixKey(prefix), path));
  importRoute(core, peer.protocol, {
    prefix,
    owner: peer.protocol.owner,
    path,
    source: "bgp",
    preference: peer.configuration.preference,
    ...way,
    from: peer.configuration.neighbour,
    attributes,
    kernel: NO_KERNEL_ATTRIBUTES,
    since: core.world.now,
  });
}

/** A ROUTE-REFRESH: all is told again. */
export function receiveRefresh(core: BgpCore, peer: Peer, message: Message & { kind: "route-refresh" }): void {
  if (message.subtype !== 0) return;
  for (const [key, paths] of peer.sent) {
    const prefix = core.table.nets.get(key)?.prefix;
    if (prefix === undefined) continue;
    for (const [pathId, attributes] of paths) putOut(core, peer, key, { prefix, pathId, attributes });
  }
}

/** rt_refresh_begin(): what the neighbour does not tell again will go. */
export function beginRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = true;
  peer.unconfirmed.clear();
  for (const [key, { routes }] of core.table.nets) {
    for (const { owner, path } of routes) if (owner === peer.protocol.owner) peer.unconfirmed.add(routeName(key, path));
  }
  forgetSent(peer);
}

/** bgp_graceful_restart_done(). */
export function finishRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = false;
  peer.restartTimer.stop();
  flushRoutes(core, peer.protocol, ({ prefix, path }) => !peer.unconfirmed.has(routeName(prefixKey(prefix), path)));
  peer.unconfirmed.clear();
}

/** The neighbour is told nothing any more. */
export function forgetSent(peer: Peer): void {
  peer.sent.clear();
  peer.pending.clear();
  peer.pendingEnd = false;
  peer.protocol.exported = 0;
}

/** A session comes up: all routes are offered, and their end is marked (RFC 4724). */
export function feed(core: BgpCore, peer: Peer): void {
  forgetSent(peer);
  if (waitsForRecovery(core, peer.protocol)) return;
  for (const net of core.table.nets.values()) announceTo(core, peer, net, []);
  if (peer.configuration.gracefulRestart !== "off") {
    peer.pendingEnd = true;
    flushLater(core, peer);
  }
}

/**
 * A destination has changed (rt_announce): with ADD-PATH the neighbour hears of each route that came or went, else of the best
 * one. `before`: the routes that there were.
 */
export function announceTo(core: BgpCore, peer: Peer, net: RibNet, before: readonly RibRoute[]): void {
  if (peer.session === null || peer.protocol.state !== "up" || waitsForRecovery(core, peer.protocol)) return;
  if (!peer.addPathSend) {
    const best = net.routes[0] ?? null;
    if (best !== (before[0] ?? null)) notify(core, peer, net.prefix, 0, best);
    return;
  }
  for (const old of before) {
    if (net.routes.includes(old)) continue;
    const fresh = net.routes.find(({ owner, path }) => owner === old.owner && path === old.path) ?? null;
    notify(core, peer, net.prefix, sourceId(core, old), fresh);
  }
  for (const fresh of net.routes) {
    if (before.some(({ owner, path }) => owner === fresh.owner && path === fresh.path)) continue;
    notify(core, peer, net.prefix, sourceId(core, fresh), fresh);
  }
}

/** rt_notify_basic(): what the neighbour is to know now is compared with what it knows. */
function notify(core: BgpCore, peer: Peer, prefix: Prefix, pathId: number, route: RibRoute | null): void {
  const key = prefixKey(prefix);
  const paths = peer.sent.get(key);
  const before = paths?.get(pathId);
  const { exportUpdates, exportWithdraws } = peer.protocol.stats;
  if (route === null) exportWithdraws.received++;
  else exportUpdates.received++;
  const attributes = route === null ? null : exported(core, peer, route);
  if (attributes === null) {
    if (before === undefined) return;
    exportWithdraws.accepted++;
    peer.protocol.exported--;
    paths?.delete(pathId);
    if (paths?.size === 0) peer.sent.delete(key);
    putOut(core, peer, key, { prefix, pathId, attributes: null });
    return;
  }
  exportUpdates.accepted++;
  if (before === undefined) peer.protocol.exported++;
  if (paths === undefined) peer.sent.set(key, new Map([[pathId, attributes]]));
  else paths.set(pathId, attributes);
  if (before === undefined || !sameAttributes(before, attributes))
    putOut(core, peer, key, { prefix, pathId, attributes });
}

function sameAttributes(x: PathAttributes, y: PathAttributes): boolean {
  return x === y || JSON.stringify(x) === JSON.stringify(y);
}

/** Attributes as the session's export filter leaves them; null: the route does not go out. */
function exported(core: BgpCore, peer: Peer, route: RibRoute): PathAttributes | null {
  const { exportUpdates } = peer.protocol.stats;
  const attributes = attributesToSend(route, peer.exporter);
  if (attributes === null) {
    exportUpdates.rejected++;
    return null;
  }
  const verdict = runFilter(peer.configuration.export, { ...route, attributes }, core.configuration.filters);
  if (verdict.kind === "accept") return sorted(verdict.route.attributes ?? attributes);
  if (verdict.kind === "error") noteError(core, peer.protocol, verdict.text);
  exportUpdates.filtered++;
  return null;
}

/** bgp_normalize_int_set() and others: communities go out in order. */
function sorted(found: PathAttributes): PathAttributes {
  const { communities, extendedCommunities, largeCommunities } = found;
  const many = (list: readonly unknown[] | null): boolean => list !== null && list.length > 1;
  if (!many(communities) && !many(extendedCommunities) && !many(largeCommunities)) return found;
  const byParts = (x: readonly number[], y: readonly number[]): number => {
    for (const [index, part] of x.entries()) if (part !== y[index]) return part - (y[index] ?? 0);
    return 0;
  };
  return {
    ...found,
    communities: communities === null ? null : [...communities].sort((x, y) => x - y),
    extendedCommunities: extendedCommunities === null ? null : [...extendedCommunities].sort(byParts),
    largeCommunities: largeCommunities === null ? null : [...largeCommunities].sort(byParts),
  };
}

function sourceId(core: BgpCore, { owner, path }: RibRoute): number {
  const name = `${owner.name} ${path}`;
  const known = core.sourceIds.get(name);
  if (known !== undefined) return known;
  const id = core.sourceIds.size + 1;
  core.sourceIds.set(name, id);
  return id;
}

function putOut(core: BgpCore, peer: Peer, key: PrefixKey, item: Pending): void {
  const name = routeName(key, item.pathId);
  peer.pending.delete(name);
  peer.pending.set(name, item);
  flushLater(core, peer);
}

/** BIRD gathers changes until its socket may be written: here, until all else of this moment has happened. */
function flushLater(core: BgpCore, peer: Peer): void {
  if (peer.flushQueued) return;
  peer.flushQueued = true;
  schedule(core.world.queue, core.world.now, () => {
    peer.flushQueued = false;
    flush(core, peer);
  });
}

/** Room for destinations in an UPDATE whose attributes take up to 2048 octets (bgp_create_update). */
const ROOM = MAX_MESSAGE_LENGTH - 2048 - 64;

/** bgp_create_update(): withdrawals first, then destinations of equal attributes together. */
function flush(core: BgpCore, peer: Peer): void {
  const { session } = peer;
  if (session === null || session.socket === null) return;
  const withdrawn: Pending[] = [];
  const buckets = new Map<string, { attributes: PathAttributes; items: Pending[] }>();
  for (const item of peer.pending.values()) {
    if (item.attributes === null) {
      withdrawn.push(item);
      continue;
    }
    const key = JSON.stringify(item.attributes);
    const bucket = buckets.get(key);
    if (bucket === undefined) buckets.set(key, { attributes: item.attributes, items: [item] });
    else bucket.items.push(item);
  }
  peer.pending.clear();
  const six = core.configuration.family === 6;
  const octets: Uint8Array[] = [];
  const add = (message: Message): void => {
    octets.push(encodeMessage(message, session.sendForm));
  };
  for (const part of parts(withdrawn, peer.addPathSend)) {
    add(
      six
        ? { kind: "update", withdrawn: [], attributes: pathAttributes({ mpUnreach: part }), nlri: [] }
        : { kind: "update", withdrawn: part, attributes: null, nlri: [] },
    );
  }
  for (const { attributes, items } of buckets.values()) {
    for (const part of parts(items, peer.addPathSend)) add(announcement(attributes, part, six));
  }
  if (peer.pendingEnd) {
    peer.pendingEnd = false;
    const attributes = six ? pathAttributes({ mpUnreach: [] }) : null;
    add({ kind: "update", withdrawn: [], attributes, nlri: [] });
  }
  if (octets.length > 0) sendOctets(core.world, session.socket, joined(octets));
}

function announcement(attributes: PathAttributes, nlri: readonly Nlri[], six: boolean): Message {
  if (!six)
    return { kind: "update", withdrawn: [], attributes: { ...attributes, mpReach: null, mpUnreach: null }, nlri };
  const hop = attributes.nextHop ?? attributes.mpReach?.nextHops[0] ?? null;
  const nextHops = hop === null ? [] : [hop];
  return {
    kind: "update",
    withdrawn: [],
    attributes: { ...attributes, nextHop: null, mpReach: { nextHops, nlri }, mpUnreach: null },
    nlri: [],
  };
}

function* parts(items: readonly { prefix: Prefix; pathId: number }[], addPath: boolean): Iterable<Nlri[]> {
  let part: Nlri[] = [];
  let length = 0;
  for (const { prefix, pathId } of items) {
    const octets = 1 + ((prefix.length + 7) >> 3) + (addPath ? 4 : 0);
    if (length + octets > ROOM) {
      yield part;
      part = [];
      length = 0;
    }
    part.push({ prefix, pathId: addPath ? pathId : null });
    length += octets;
  }
  if (part.length > 0) yield part;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
