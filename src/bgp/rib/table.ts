import type { HostRuntime } from "../../linux/runtime.ts";
import type { Interface } from "../../model/interface.ts";
import { type Address, compareAddresses, sameAddress } from "../../net/address.ts";
import { addressBits, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { deleteKey, entriesOf, keysOf, type NumberMap, numberMap, setValue, valueAt } from "./number-map.ts";
import { destinationsAround, type Numbering, numberOfHop, type Resolved, resolvedOnLink } from "./numbering.ts";
import { prefixKey, type RibRoute, type RouteOwner } from "./route.ts";
import {
  changed,
  type GivenRoute,
  type GivenWay,
  listOf,
  NO_ROUTES,
  nextHopOf,
  pickBest,
  type RouteList,
  sameResolution,
  wayFor,
} from "./route-list.ts";

/** Hears of changes: the routes of a destination as they are now, and as they were. */
export interface RibListener {
  hear(number: number, now: RouteList, before: RouteList): void;
}

/** A routing table of BIRD. */
export interface RoutingTable {
  readonly numbering: Numbering;
  /** Whose it is: its own addresses are no next hops. */
  readonly of: Pick<HostRuntime, "host">;
  /** By the numbers of destinations. */
  readonly nets: NumberMap<RouteList>;
  /** What next hops lead to, by their numbers: the place of a recursive route's own (hostentry of nest/rt-table.c). */
  readonly hosts: NumberMap<Resolved>;
  /** Link-local addresses of next hops, by their numbers, for all routes by them: as whoever named one first told it, with one or without. */
  readonly links: Map<number, Address | null>;
  readonly listeners: RibListener[];
  /** Routes that there are. */
  routes: number;
  /** Lengths of the prefixes there are, and how many of each, for look-ups. */
  readonly lengths: number[];
  /** The span of addresses of next hops: changes beyond it move none. */
  lowest: Address | null;
  highest: Address | null;
  /** The numbers that an interface's own addresses have among so many next hops, for the interface that was asked for last. */
  own: { readonly port: Interface; readonly among: number; readonly hops: readonly number[] } | null;
}

export function routingTable(numbering: Numbering, of: RoutingTable["of"]): RoutingTable {
  return {
    numbering,
    of,
    nets: numberMap(),
    hosts: numberMap(),
    links: new Map(),
    listeners: [],
    routes: 0,
    lengths: [],
    lowest: null,
    highest: null,
    own: null,
  };
}

/** A destination of a table, and its routes. */
export interface RibNet {
  readonly number: number;
  readonly prefix: Prefix;
  readonly routes: readonly RibRoute[];
  readonly list: RouteList;
}

/** All destinations there are, in the order they came. */
export function* netsOf({ nets, numbering: { destinations } }: RoutingTable): Iterable<RibNet> {
  for (const [number, list] of entriesOf(nets)) {
    const prefix = destinations[number];
    if (prefix !== undefined) yield { number, prefix, routes: list.routes, list };
  }
}

/** Nothing leads there (rt_update_hostentry: the metric is 0, unlike that of a route that says so). */
const UNREACHABLE: Resolved = { target: "unreachable", hops: [], igpMetric: 0 };

/**
 * Puts a route of an owner (and path) into the place of the one before; null withdraws it (rte_update, rte_recalculate).
 * Recursive routes are resolved on the way. Returns by how much the number of the owner's routes has changed.
 */
export function updateRoute(
  table: RoutingTable,
  number: number,
  owner: RouteOwner,
  path: number,
  given: GivenRoute | null,
): -1 | 0 | 1 {
  const { nets } = table;
  const before = valueAt(nets, number) ?? NO_ROUTES;
  const way = given === null ? null : wayOf(table, given);
  if (before === NO_ROUTES && way === null) return 0;
  const after =
    way !== null && before === NO_ROUTES ? way.alone : changed(before, owner, path, way === null ? null : way.route);
  if (after === before) return 0;
  const added = after.routes.length - before.routes.length;
  table.routes += added;
  put(table, number, before, after);
  announce(table, number, before, after);
  return added > 0 ? 1 : added < 0 ? -1 : 0;
}

function put({ nets, numbering, lengths }: RoutingTable, number: number, before: RouteList, after: RouteList): void {
  if (after.routes.length > 0) setValue(nets, number, after);
  else deleteKey(nets, number);
  const added = Number(after.routes.length > 0) - Number(before.routes.length > 0);
  if (added === 0) return;
  const length = numbering.destinations[number]?.length ?? 0;
  while (lengths.length <= length) lengths.push(0);
  lengths[length] = (lengths[length] ?? 0) + added;
}

/** The same routes with an owner whose neighbour calls itself otherwise now: nobody chooses anew. */
export function renameOwner(table: RoutingTable, from: RouteOwner, to: RouteOwner): void {
  for (const { number, routes } of netsOf(table)) {
    if (!routes.some(({ owner }) => owner === from)) continue;
    const renamed = routes.map((route) => (route.owner === from ? { ...route, owner: to } : route));
    setValue(table.nets, number, listOf(renamed));
  }
}

function announce(table: RoutingTable, number: number, before: RouteList, after: RouteList): void {
  for (const listener of table.listeners) listener.hear(number, after, before);
  if (after.routes[0] === before.routes[0]) return;
  if (affectsHosts(table, number)) updateHosts(table, number);
}

/** Whether a destination has addresses in the span of next hops. */
function affectsHosts({ lowest, highest, numbering }: RoutingTable, number: number): boolean {
  if (lowest === null || highest === null) return false;
  const { firsts, lasts, destinations } = numbering;
  if (lowest.family === 4) return (firsts[number] ?? 0) <= highest.a && (lasts[number] ?? 0) >= lowest.a;
  const prefix = destinations[number];
  if (prefix === undefined) return false;
  const { address } = prefix;
  if (prefixContains(prefix, lowest) || prefixContains(prefix, highest)) return true;
  return compareAddresses(address, lowest) >= 0 && compareAddresses(address, highest) <= 0;
}

/** Next hops within a destination are looked up again, and the routes by them changed (rt_next_hop_update). */
function updateHosts(table: RoutingTable, number: number): void {
  const { hosts, numbering } = table;
  const prefix = numbering.destinations[number];
  if (prefix === undefined) return;
  forgetLinks(table);
  const moved = new Set<number>();
  for (const [hop, known] of entriesOf(hosts)) {
    const address = numbering.nextHops[hop];
    if (address === undefined || !prefixContains(prefix, address)) continue;
    const found = lookUpHost(table, hop);
    if (sameResolution(known, found)) continue;
    setValue(hosts, hop, found);
    moved.add(hop);
  }
  if (moved.size > 0) for (const other of keysOf(table.nets)) refresh(table, other, moved);
}

/** What is known of next hops that no route goes by any more is forgotten when next hops are looked up again (rt_update_hostcache). */
function forgetLinks(table: RoutingTable): void {
  const { hosts, links, nets, numbering } = table;
  if (links.size === 0) return;
  const used = new Set<number>();
  for (const [, { routes }] of entriesOf(nets)) {
    for (const route of routes) {
      const address = route.recursive ? nextHopOf(route) : null;
      if (address !== null) used.add(numberOfHop(numbering, address));
    }
  }
  for (const hop of links.keys()) {
    if (used.has(hop)) continue;
    links.delete(hop);
    deleteKey(hosts, hop);
  }
}

function refresh(table: RoutingTable, number: number, moved: ReadonlySet<number>): void {
  const before = valueAt(table.nets, number);
  if (before === undefined) return;
  let isOther = false;
  const fresh = before.routes.map((route) => {
    const address = route.recursive ? nextHopOf(route) : null;
    if (address === null) return route;
    const hop = numberOfHop(table.numbering, address);
    if (!moved.has(hop)) return route;
    const resolution = resolutionOf(table, hop);
    if (sameResolution(route, resolution)) return route;
    isOther = true;
    return { ...route, ...resolution };
  });
  if (!isOther) return;
  const after = listOf(pickBest(fresh));
  put(table, number, before, after);
  announce(table, number, before, after);
}

/** The route as this table has it. */
function wayOf(table: RoutingTable, given: GivenRoute): GivenWay {
  const { route, hop } = given;
  return wayFor(given, hop !== null ? resolutionOf(table, hop) : route.recursive ? UNREACHABLE : null);
}

/**
 * A next hop of IPv6 was named, with its link-local address or without: the first to name it decides how the table reaches it on the link
 * (rt_get_hostentry).
 */
export function nameNextHop({ links, hosts, numbering }: RoutingTable, address: Address, link: Address | null): void {
  const hop = numberOfHop(numbering, address);
  if (links.has(hop) || valueAt(hosts, hop) !== undefined) return;
  links.set(hop, link);
}

function resolutionOf(table: RoutingTable, hop: number): Resolved {
  const known = valueAt(table.hosts, hop);
  if (known !== undefined) return known;
  const address = table.numbering.nextHops[hop];
  if (address === undefined) return UNREACHABLE;
  const found = lookUpHost(table, hop);
  setValue(table.hosts, hop, found);
  if (table.lowest === null || compareAddresses(address, table.lowest) < 0) table.lowest = address;
  if (table.highest === null || compareAddresses(address, table.highest) > 0) table.highest = address;
  return found;
}

/** The best route to an address, by longest prefix. */
export function lookUpRoute(table: RoutingTable, address: Address): RibRoute | null {
  const { lengths, nets, numbering } = table;
  for (let length = Math.min(addressBits(address.family), lengths.length - 1); length >= 0; length--) {
    if (lengths[length] === 0) continue;
    const number = numbering.numbers.get(prefixKey(prefixOf(address, length)));
    const best = number === undefined ? undefined : valueAt(nets, number)?.routes[0];
    if (best !== undefined) return best;
  }
  return null;
}

/** rt_update_hostentry(): a next hop that is itself reached by a recursive route leads nowhere, nor does one that is an address of the device it is on. */
function lookUpHost({ nets, numbering, links, of }: RoutingTable, hop: number): Resolved {
  let found: RibRoute | undefined;
  const around = destinationsAround(numbering, hop);
  for (let index = 0; found === undefined && index < around.length; index++) {
    found = valueAt(nets, around[index] ?? 0)?.routes[0];
  }
  if (found === undefined || found.recursive) return UNREACHABLE;
  if (found.target === "device") {
    const device = found.hops[0]?.interface ?? null;
    return isOwn(of, numbering.nextHops[hop], device)
      ? UNREACHABLE
      : resolvedOnLink(numbering, hop, device, links.get(hop) ?? null);
  }
  return { target: found.target, hops: found.hops, igpMetric: null };
}

/** if_local_addr() */
function isOwn({ host }: RoutingTable["of"], address: Address | undefined, device: string | null): boolean {
  const own = device === null ? undefined : host.interfaces.get(device)?.addresses;
  return own?.some((item) => address !== undefined && sameAddress(item.address, address)) ?? false;
}
