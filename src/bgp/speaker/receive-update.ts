import { type Address, sameAddress } from "../../net/address.ts";
import { runFilter } from "../filter/evaluate.ts";
import type { FilterFault } from "../filter/filter-fault.ts";
import { filterTextOn } from "../filter/filter-text.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";
import type { UpdateMessage } from "../messages/message.ts";
import { type Nlri, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { unmapped } from "../rib/attributes-of-bird-2.ts";
import { LLGR_STALE, NO_LLGR } from "../rib/better.ts";
import { attributesReceived, comesBack } from "../rib/bgp-attributes.ts";
import { numberOfPrefix } from "../rib/numbering.ts";
import { NO_KERNEL_ATTRIBUTES, type PrefixKey, prefixKey, type RibRoute } from "../rib/route.ts";
import { type GivenRoute, givenRoute } from "../rib/route-list.ts";
import { nameNextHop, netsOf } from "../rib/table.ts";
import type { BgpCore } from "./bgp-core.ts";
import { identifierOf } from "./configuration.ts";
import { forgetSent } from "./feed.ts";
import { NOTHING_UNCONFIRMED, type Peer } from "./peer.ts";
import { dropFiltered, flushRoutes, isOverLimit, noteError, putRoute, withdrawNumber } from "./protocol.ts";
import { unlockRecovery } from "./recovery.ts";
import { alikeWith, sharedAttributes } from "./shared-attributes.ts";
import { stopTimer } from "./timer.ts";

const routeName = (key: PrefixKey, path: number): string => `${key} ${path}`;

/** Whether an UPDATE is about routes of a family (bgp_rx_update of BIRD 2). */
export function concernsFamily({ withdrawn, attributes, nlri }: UpdateMessage, family: 4 | 6): boolean {
  const reached = attributes?.mpReach?.nlri[0]?.prefix.address.family;
  // the mark of the end is of IPv6: that of IPv4 has no attributes
  const gone = attributes?.mpUnreach;
  const unreached = gone === null || gone === undefined ? undefined : (gone[0]?.prefix.address.family ?? 6);
  if (reached === family || unreached === family) return true;
  return family === 4 && (withdrawn.length > 0 || nlri.length > 0 || attributes === null);
}

/** bgp_rx_update(): withdrawals, then destinations with their attributes. */
export function receiveUpdate(core: BgpCore, peer: Peer, message: UpdateMessage): void {
  const six = core.configuration.family === 6;
  if (isEndOfRib(message, six)) {
    unlockRecovery(core, peer.protocol);
    if (peer.restarting) finishRestart(core, peer);
    return;
  }
  const { withdrawn, attributes, nlri } = message;
  const extended = peer.channel?.extendedNextHop === true;
  const gone = six
    ? (attributes?.mpUnreach ?? NOTHING)
    : extended
      ? bothOf(withdrawn, attributes?.mpUnreach)
      : withdrawn;
  for (let index = 0; index < gone.length; index++) {
    const item = gone[index];
    if (item !== undefined) withdraw(core, peer, item);
  }
  const isMultiprotocol = six || (extended && nlri.length === 0);
  const told = isMultiprotocol ? (attributes?.mpReach?.nlri ?? NOTHING) : nlri;
  if (attributes === null || told.length === 0) return;
  const taker = takerOf(core, peer);
  const taken = comesBack(attributes, peer.exporter, identifierOf(core.configuration, peer.configuration))
    ? null
    : takenBy(core, peer, message, attributes, told, taker, isMultiprotocol);
  if (six && taken !== null && peer.configuration.recursive) {
    const [nextHop, link = null] = attributes.mpReach?.nextHops ?? NOWHERE;
    if (nextHop !== undefined) nameNextHop(core.table, nextHop, link);
  }
  if (taken === null) for (const item of told) withdraw(core, peer, item);
  else for (let index = 0; index < taken.length; index++) take(core, peer, taken[index]);
}

function bothOf(one: readonly Nlri[], other: readonly Nlri[] | null | undefined): readonly Nlri[] {
  return other === null || other === undefined ? one : [...one, ...other];
}

const NOTHING: readonly Nlri[] = [];
const NOWHERE: readonly Address[] = [];

export function isEndOfRib({ withdrawn, attributes, nlri }: UpdateMessage, six: boolean): boolean {
  if (withdrawn.length > 0 || nlri.length > 0) return false;
  if (attributes === null) return !six;
  return six && attributes.mpReach === null && attributes.mpUnreach?.length === 0;
}

function withdraw(core: BgpCore, peer: Peer, { prefix, pathId }: Nlri): void {
  withdrawNumber(core, peer.protocol, numberOfPrefix(core.table.numbering, prefix), pathId ?? 0);
}

/** Who makes the same of an UPDATE: instances of equal neighbours and filters, on whatever host. */
export interface Taker {
  readonly configuration: Peer["configuration"];
  readonly environment: BgpCore["configuration"]["filters"];
  readonly owner: Peer["protocol"]["owner"];
  readonly as: object;
}

export function takerOf(core: BgpCore, peer: Peer): object {
  const { taker, configuration, protocol } = peer;
  const { filters: environment, family } = core.configuration;
  if (
    taker !== null &&
    taker.configuration === configuration &&
    taker.environment === environment &&
    taker.owner === protocol.owner
  ) {
    return taker.as;
  }
  const { preference, allowLocalAs, recursive, import: filter } = configuration;
  const { owner } = protocol;
  const isExtended = peer.channel?.extendedNextHop === true;
  const way = `${core.configuration.release} ${recursive} ${isExtended}`;
  const says = `${family} ${preference} ${allowLocalAs} ${way} ${filterTextOn(core.runtime, filter, environment)}`;
  // Owners that say the same are one object.
  const as = alikeWith(core.world, owner, says);
  peer.taker = { configuration, environment, owner, as };
  return as;
}

/** What an UPDATE told, as those who make the same of it have taken it. */
interface Taken {
  readonly by: object;
  readonly since: number;
  readonly nextHop: Address | null;
  /** Where that leads; null: it is this host itself. */
  readonly way: Way | null;
  readonly items: readonly TakenItem[] | null;
}

export interface TakenItem {
  readonly number: number;
  readonly key: PrefixKey;
  readonly path: number;
  /** Null: the import filter does not let it in. */
  readonly given: GivenRoute | null;
  readonly error: FilterFault | null;
}

const takenOf = new WeakMap<UpdateMessage, Taken[]>();

/** Worked out once for all who make the same of it at one time; null: nothing that the message tells is taken. */
export function takenBy(
  core: BgpCore,
  peer: Peer,
  message: UpdateMessage,
  attributes: PathAttributes,
  told: readonly Nlri[],
  taker: object,
  isMultiprotocol = core.configuration.family === 6,
): readonly TakenItem[] | null {
  const { world } = core;
  let all = takenOf.get(message);
  if (all === undefined) {
    all = [];
    takenOf.set(message, all);
  }
  for (let index = all.length - 1; index >= 0; index--) {
    const known = all[index];
    if (known === undefined || known.by !== taker || known.since !== world.now) continue;
    const { nextHop, way, items } = known;
    if (peer.configuration.recursive || nextHop === null || sameWay(way, wayOf(core, peer, nextHop))) return items;
  }
  const made = takeAnew(core, peer, attributes, told, taker, isMultiprotocol);
  if (all.length >= REMEMBERED) all.shift();
  all.push(made);
  return made.items;
}

const REMEMBERED = 8;

function takeAnew(
  core: BgpCore,
  peer: Peer,
  attributes: PathAttributes,
  told: readonly Nlri[],
  by: object,
  isMultiprotocol: boolean,
): Taken {
  const { world } = core;
  const received = attributesReceived(attributes, peer.exporter, peer.configuration.allowLocalAs, isMultiprotocol);
  const found = received === null || core.configuration.release === "1.6" ? received : asInBird2(received);
  const nextHop = found?.nextHop ?? null;
  const way = nextHop === null ? null : wayOf(core, peer, nextHop);
  const base = { by, since: world.now, nextHop, way };
  if (found === null || way === null) return { ...base, items: null };
  const shared = sharedAttributes(world, found);
  const items = told.map(({ prefix, pathId }): TakenItem => {
    const path = pathId ?? 0;
    const route = {
      prefix,
      owner: peer.protocol.owner,
      path,
      source: "bgp" as const,
      preference: peer.configuration.preference,
      ...way,
      from: peer.configuration.neighbour,
      attributes: shared,
      kernel: NO_KERNEL_ATTRIBUTES,
      since: world.now,
    };
    const number = numberOfPrefix(core.table.numbering, prefix);
    const verdict = runFilter(peer.configuration.import, route, core.configuration.filters, core.runtime);
    return {
      number,
      key: prefixKey(prefix),
      path,
      given: verdict.kind === "accept" ? givenRoute(core.table.numbering, number, verdict.stored) : null,
      error: verdict.kind === "error" ? verdict : null,
    };
  });
  return { ...base, items };
}

/** A destination comes with its attributes (rte_update2). */
export function take(core: BgpCore, peer: Peer, item: TakenItem | undefined): void {
  if (item === undefined) return;
  const { number, key, path, given, error } = item;
  const { protocol } = peer;
  if (peer.unconfirmed.size > 0) peer.unconfirmed.delete(routeName(key, path));
  const { importUpdates } = protocol.stats;
  importUpdates.received++;
  if (given !== null && isOverLimit(core, protocol, number, path)) {
    importUpdates.ignored++;
    return;
  }
  if (error !== null) noteError(core, protocol, error, number);
  if (given === null) {
    importUpdates.filtered++;
    return dropFiltered(core, protocol, number, path);
  }
  importUpdates.accepted++;
  putRoute(core, protocol, number, path, given);
}

/** All addresses are of IPv6 in BIRD 2; what is mapped into it is one of IPv4 (bgp_decode_next_hop_ip). */
function asInBird2(attributes: PathAttributes): PathAttributes {
  const { nextHop } = attributes;
  if (nextHop === null || unmapped(nextHop) === nextHop) return attributes;
  return { ...attributes, nextHop: unmapped(nextHop), linkNextHop: null };
}

type Way = Pick<RibRoute, "target" | "hops" | "recursive" | "igpMetric">;

function sameWay(x: Way | null, y: Way | null): boolean {
  if (x === null || y === null) return x === y;
  const [hop] = x.hops;
  const [other] = y.hops;
  const sameGateway = hop?.gateway == null || other?.gateway == null || sameAddress(hop.gateway, other.gateway);
  return x.target === y.target && hop?.interface === other?.interface && sameGateway;
}

const LOOKED_UP: Way = { target: "unreachable", hops: [], recursive: true, igpMetric: null };

/** bgp_set_next_hop(): null where the next hop is this host itself, or none that can be looked up. */
function wayOf(core: BgpCore, peer: Peer, nextHop: Address): Way | null {
  const { release, family } = core.configuration;
  if (release === "2" && nextHop.family !== family && peer.channel?.extendedNextHop !== true) return null;
  if (peer.configuration.recursive) return nextHop.family === 4 && nextHop.a === 0 ? null : LOOKED_UP;
  const found = findNeighbour(core.runtime, nextHop);
  if (found.kind === "own" || (release === "2" && found.kind === "none")) return null;
  const hop =
    found.kind === "on-link"
      ? { gateway: nextHop, interface: found.interface, weight: 1 }
      : { gateway: peer.configuration.neighbour, interface: peer.neighbourInterface, weight: 1 };
  return { target: "router", hops: [hop], recursive: false, igpMetric: 0 };
}

/** rt_refresh_begin(): what the neighbour does not tell again will go. */
export function beginRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = true;
  peer.unconfirmed = new Set();
  for (const { prefix, routes } of netsOf(core.table)) {
    const key = prefixKey(prefix);
    for (const { owner, path } of routes) if (owner === peer.protocol.owner) peer.unconfirmed.add(routeName(key, path));
  }
  forgetSent(core, peer);
}

/** Routes of a neighbour that is gone for long are worse than all others, or go where that is asked for (bgp_rte_modify_stale). */
export function growStale(core: BgpCore, peer: Peer): void {
  const { owner } = peer.protocol;
  const own = [...netsOf(core.table)].flatMap(({ number, routes }) =>
    routes.filter((route) => route.owner === owner).map((route) => ({ number, route })),
  );
  for (const { number, route } of own) {
    const communities = route.attributes?.communities ?? [];
    if (!peer.unconfirmed.has(routeName(prefixKey(route.prefix), route.path))) continue;
    if (communities.includes(LLGR_STALE)) continue;
    const stale = { ...(route.attributes ?? pathAttributes()), communities: [...communities, LLGR_STALE] };
    const kept = { ...route, attributes: sharedAttributes(core.world, stale) };
    putRoute(
      core,
      peer.protocol,
      number,
      route.path,
      communities.includes(NO_LLGR) ? null : givenRoute(core.table.numbering, number, kept),
    );
  }
}

/** bgp_graceful_restart_done(). */
export function finishRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = false;
  peer.longLived = false;
  stopTimer(peer.restartTimer);
  stopTimer(peer.staleTimer);
  flushRoutes(core, peer.protocol, ({ prefix, path }) => !peer.unconfirmed.has(routeName(prefixKey(prefix), path)));
  peer.unconfirmed = NOTHING_UNCONFIRMED;
}
