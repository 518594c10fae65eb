import { schedule } from "../../emulator/event-queue.ts";
import { sendOctets } from "../../emulator/tcp/send.ts";
import { type Address, sameAddress } from "../../net/address.ts";
import { type Prefix, samePrefix } from "../../net/prefix.ts";
import { encodeMessage } from "../messages/encode.ts";
import { MAX_MESSAGE_LENGTH, type Message, sameForm, type UpdateMessage, type WireForm } from "../messages/message.ts";
import { type Nlri, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { attributesReceived } from "../rib/bgp-attributes.ts";
import { NO_KERNEL_ATTRIBUTES, type PrefixKey, prefixKey, type RibRoute } from "../rib/route.ts";
import type { RibNet } from "../rib/table.ts";
import { findNeighbour } from "./interfaces.ts";
import type { Peer, Pending, Sent } from "./peer.ts";
import { flushRoutes, importRoute, noteError, withdrawRoute } from "./protocol.ts";
import { unlockRecovery, waitsForRecovery } from "./recovery.ts";
import type { BgpCore } from "./session.ts";
import { sharedAttributes } from "./shared-attributes.ts";
import { stopTimer } from "./timer.ts";
import { outgoing } from "./update-group.ts";

/** Path identifiers that a number has room for beside a prefix of IPv4. */
const PATHS = 0x8000;

function sentName(key: PrefixKey, pathId: number): PrefixKey {
  return typeof key === "number" && pathId < PATHS ? key * PATHS + pathId : `${key} ${pathId}`;
}

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
  const localId = core.configuration.routerId;
  const taken = attributesReceived(attributes, exporter, localId, configuration.allowLocalAs, six);
  const nextHop = taken?.nextHop ?? null;
  const way = taken === null || nextHop === null ? null : wayOf(core, peer, nextHop);
  const shared = taken === null ? null : sharedAttributes(core.world, taken);
  for (const item of told) {
    if (shared === null || way === null) withdraw(core, peer, item);
    else receiveRoute(core, peer, item, shared, way);
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
  for (const [name, item] of peer.sent) putOut(core, peer, name, item);
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
  stopTimer(peer.restartTimer);
  flushRoutes(core, peer.protocol, ({ prefix, path }) => !peer.unconfirmed.has(routeName(prefixKey(prefix), path)));
  peer.unconfirmed.clear();
}

/** The neighbour is told nothing any more. */
export function forgetSent(peer: Peer): void {
  peer.sent.clear();
  peer.membership = null;
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
  const name = sentName(key, pathId);
  const before = peer.sent.get(name)?.attributes;
  const { exportUpdates, exportWithdraws } = peer.protocol.stats;
  if (route === null) exportWithdraws.received++;
  else exportUpdates.received++;
  const attributes = route === null ? null : exported(core, peer, route);
  if (attributes === null) {
    if (before === undefined) return;
    exportWithdraws.accepted++;
    peer.protocol.exported--;
    peer.sent.delete(name);
    putOut(core, peer, name, { prefix, pathId, attributes: null });
    return;
  }
  exportUpdates.accepted++;
  if (before === undefined) peer.protocol.exported++;
  if (before === attributes) return;
  const item: Sent = { prefix, pathId, attributes };
  peer.sent.set(name, item);
  putOut(core, peer, name, item);
}

/** Attributes as the session's export filter leaves them; null: the route does not go out. */
function exported(core: BgpCore, peer: Peer, route: RibRoute): PathAttributes | null {
  const { exportUpdates } = peer.protocol.stats;
  const found = outgoing(core, peer, route);
  switch (found.kind) {
    case "accepted":
      return found.attributes;
    case "rejected":
      exportUpdates.rejected++;
      return null;
    case "filtered":
      if (found.error !== null) noteError(core, peer.protocol, found.error);
      exportUpdates.filtered++;
      return null;
  }
}

const sourceIds = new WeakMap<RibRoute, number>();

function sourceId(core: BgpCore, route: RibRoute): number {
  const known = sourceIds.get(route);
  if (known !== undefined) return known;
  const id = sourceIdOf(core, route);
  sourceIds.set(route, id);
  return id;
}

function sourceIdOf(core: BgpCore, { owner, path }: RibRoute): number {
  const name = `${owner.name} ${path}`;
  const known = core.sourceIds.get(name);
  if (known !== undefined) return known;
  const id = core.sourceIds.size + 1;
  core.sourceIds.set(name, id);
  return id;
}

function putOut(core: BgpCore, peer: Peer, name: PrefixKey, item: Pending): void {
  peer.pending.delete(name);
  peer.pending.set(name, item);
  flushLater(core, peer);
}

/** BIRD gathers changes until its socket may be written: here, until all else of this moment has happened. */
function flushLater(core: BgpCore, peer: Peer): void {
  if (peer.flushQueued) return;
  peer.flushQueued = true;
  schedule(core.world.queue, core.world.now, flush, [core, peer]);
}

/** Room for destinations in an UPDATE whose attributes take up to 2048 octets (bgp_create_update). */
const ROOM = MAX_MESSAGE_LENGTH - 2048 - 64;

/** bgp_create_update(): withdrawals first, then destinations of equal attributes together. */
function flush(core: BgpCore, peer: Peer): void {
  peer.flushQueued = false;
  const { session } = peer;
  if (session === null || session.socket === null) return;
  const withdrawn: Pending[] = [];
  const buckets = new Map<PathAttributes, Pending[]>();
  for (const item of peer.pending.values()) {
    if (item.attributes === null) {
      withdrawn.push(item);
      continue;
    }
    const bucket = buckets.get(item.attributes);
    if (bucket === undefined) buckets.set(item.attributes, [item]);
    else bucket.push(item);
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
  for (const [attributes, items] of buckets) {
    const hops = six ? nextHopsOfSix(core, peer, attributes) : null;
    for (const part of parts(items, peer.addPathSend)) octets.push(encoded(attributes, part, hops, session.sendForm));
  }
  if (peer.pendingEnd) {
    peer.pendingEnd = false;
    const attributes = six ? pathAttributes({ mpUnreach: [] }) : null;
    add({ kind: "update", withdrawn: [], attributes, nlri: [] });
  }
  if (octets.length > 0) sendOctets(core.world, session.socket, octets);
}

/** An announcement as it was encoded last, for the neighbours that hear it next. */
interface Encoded {
  readonly nlri: readonly Nlri[];
  readonly hops: readonly Address[] | null;
  readonly form: WireForm;
  readonly octets: Uint8Array;
}

const latest = new WeakMap<PathAttributes, Encoded>();

/** Encoded once for all neighbours that are told the same; `hops`: the next hops of IPv6, null for IPv4. */
function encoded(
  attributes: PathAttributes,
  nlri: readonly Nlri[],
  hops: readonly Address[] | null,
  form: WireForm,
): Uint8Array {
  const known = latest.get(attributes);
  if (
    known !== undefined &&
    sameForm(known.form, form) &&
    sameNextHops(known.hops, hops) &&
    sameDestinations(known.nlri, nlri)
  ) {
    return known.octets;
  }
  const octets = encodeMessage(announcement(attributes, nlri, hops), form);
  latest.set(attributes, { nlri, hops, form, octets });
  return octets;
}

function sameNextHops(x: readonly Address[] | null, y: readonly Address[] | null): boolean {
  if (x === null || y === null) return x === y;
  return x.length === y.length && x.every((hop, index) => sameAddress(hop, y[index] ?? hop));
}

function sameDestinations(x: readonly Nlri[], y: readonly Nlri[]): boolean {
  if (x.length !== y.length) return false;
  return x.every(({ prefix, pathId }, index) => {
    const other = y[index];
    return other !== undefined && pathId === other.pathId && samePrefix(prefix, other.prefix);
  });
}

function announcement(attributes: PathAttributes, nlri: readonly Nlri[], nextHops: readonly Address[] | null): Message {
  if (nextHops === null) return { kind: "update", withdrawn: [], attributes, nlri };
  return {
    kind: "update",
    withdrawn: [],
    attributes: { ...attributes, nextHop: null, linkNextHop: null, mpReach: { nextHops, nlri } },
    nlri: [],
  };
}

/**
 * A next hop on the link that both share goes out with its link-local address; where that is not known, this host puts itself in
 * its place (bgp_create_update for IPv6, `missing lladdr self`).
 */
function nextHopsOfSix(core: BgpCore, peer: Peer, { nextHop, linkNextHop }: PathAttributes): readonly Address[] {
  if (nextHop === null) return [];
  const { sourceAddress } = peer.exporter;
  const own = linkLocalOf(core, peer);
  const self = own === null ? [sourceAddress] : [sourceAddress, own];
  if (sameAddress(nextHop, sourceAddress)) return self;
  const found = findNeighbour(core.runtime, nextHop);
  const shared = found.kind === "on-link" && found.interface === peer.neighbourInterface;
  if (!shared) return [nextHop];
  if (linkNextHop !== null) return [nextHop, linkNextHop];
  return peer.configuration.routeServerClient ? [nextHop] : self;
}

/** The link-local address of the interface to a neighbour on the link (bgp_start_neighbor). */
function linkLocalOf({ runtime }: BgpCore, { neighbourInterface }: Peer): Address | null {
  if (neighbourInterface === null) return null;
  const addresses = runtime.host.interfaces.get(neighbourInterface)?.addresses ?? [];
  return addresses.find(({ address, scope }) => address.family === 6 && scope === "link")?.address ?? null;
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
