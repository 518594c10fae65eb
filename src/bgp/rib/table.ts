import { type Address, compareAddresses } from "../../net/address.ts";
import { addressBits, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { isBetter } from "./better.ts";
import { addressKey, type PrefixKey, prefixKey, type RibRoute, type RouteOwner } from "./route.ts";

/** All routes of one destination, the best first. */
export interface RibNet {
  readonly prefix: Prefix;
  /** Nets are numbered as they come. */
  readonly number: number;
  routes: readonly RibRoute[];
}

/** What a next hop leads to (hostentry of nest/rt-table.c): the place of a recursive route's own. */
export interface HostEntry {
  readonly address: Address;
  target: RibRoute["target"];
  hops: RibRoute["hops"];
  igpMetric: number | null;
  /** Routes whose next hop it is, by prefix. */
  readonly users: Map<PrefixKey, RibNet>;
}

/** Hears of changes: the net as it is now, and what its routes were. */
export interface RibListener {
  hear(net: RibNet, before: readonly RibRoute[]): void;
}

/** A routing table of BIRD. */
export interface RoutingTable {
  readonly nets: Map<PrefixKey, RibNet>;
  readonly hostEntries: Map<PrefixKey, HostEntry>;
  readonly listeners: RibListener[];
  /** Routes that there are, and nets that ever were. */
  routes: number;
  made: number;
  /** Lengths of the prefixes there are, and how many of each, for look-ups. */
  readonly lengths: number[];
  /** The span of addresses of next hops: changes beyond it move none. */
  lowest: Address | null;
  highest: Address | null;
}

export function routingTable(): RoutingTable {
  return {
    nets: new Map(),
    hostEntries: new Map(),
    listeners: [],
    routes: 0,
    made: 0,
    lengths: [],
    lowest: null,
    highest: null,
  };
}

/** Where a route without a look-up leads, as a next hop that is looked up. */
interface Resolved {
  readonly target: RibRoute["target"];
  readonly hops: RibRoute["hops"];
  readonly igpMetric: number | null;
}

const UNREACHABLE: Resolved = { target: "unreachable", hops: [], igpMetric: null };

/**
 * Puts a route of an owner (and path) into the place of the one before; null withdraws it (rte_update, rte_recalculate).
 * Recursive routes are resolved on the way. Returns by how much the number of the owner's routes has changed.
 */
export function updateRoute(
  table: RoutingTable,
  prefix: Prefix,
  owner: RouteOwner,
  path: number,
  route: RibRoute | null,
): -1 | 0 | 1 {
  const key = prefixKey(prefix);
  let net = table.nets.get(key);
  if (net === undefined) {
    if (route === null) return 0;
    net = { prefix, number: table.made++, routes: [] };
    table.nets.set(key, net);
    table.lengths[prefix.length] = (table.lengths[prefix.length] ?? 0) + 1;
  }
  const before = net.routes;
  const old = before.length === 0 ? null : (before.find((item) => item.owner === owner && item.path === path) ?? null);
  const fresh = route === null || !route.recursive ? route : resolve(table, net, key, route);
  if (old !== null && fresh !== null && sameRoute(old, fresh)) return 0;
  const rest = old === null ? before : before.filter((item) => item !== old);
  if (old === null && fresh === null) return 0;
  if (old === null) table.routes++;
  else if (fresh === null) table.routes--;
  net.routes = fresh === null ? rest : insert(rest, fresh);
  if (old?.recursive === true && fresh === null) forgetUser(table, net, key, old);
  if (net.routes.length === 0) {
    table.nets.delete(key);
    table.lengths[prefix.length] = (table.lengths[prefix.length] ?? 1) - 1;
  }
  announce(table, net, before);
  if (old === null) return 1;
  return fresh === null ? -1 : 0;
}

function insert(routes: readonly RibRoute[], fresh: RibRoute): readonly RibRoute[] {
  const [best] = routes;
  // Only the best comes first; the others stand in the order they came, the latest in front (as in an unsorted table).
  if (best === undefined || isBetter(fresh, best)) return [fresh, ...routes];
  return pickBest([best, fresh, ...routes.slice(1)]);
}

/** Moves the best route to the front: a new one may be worse than the old one of its owner was. */
function pickBest(routes: readonly RibRoute[]): readonly RibRoute[] {
  let best = routes[0];
  if (best === undefined) return routes;
  for (const route of routes) if (route !== best && isBetter(route, best)) best = route;
  if (best === routes[0]) return routes;
  const first = best;
  return [first, ...routes.filter((item) => item !== first)];
}

function announce(table: RoutingTable, net: RibNet, before: readonly RibRoute[]): void {
  net.routes = pickBest(net.routes);
  if (net.routes.length === before.length && net.routes.every((item, index) => item === before[index])) return;
  const [best] = net.routes;
  const [bestBefore] = before;
  for (const listener of table.listeners) listener.hear(net, before);
  if (best !== bestBefore && affectsHosts(table, net.prefix)) updateHosts(table, net.prefix);
}

function affectsHosts({ lowest, highest }: RoutingTable, prefix: Prefix): boolean {
  if (lowest === null || highest === null) return false;
  if (prefixContains(prefix, lowest) || prefixContains(prefix, highest)) return true;
  return compareAddresses(prefix.address, lowest) >= 0 && compareAddresses(prefix.address, highest) <= 0;
}

/** Next hops within the prefix are looked up again, and the routes by them changed (rt_next_hop_update). */
function updateHosts(table: RoutingTable, prefix: Prefix): void {
  for (const entry of table.hostEntries.values()) {
    if (!prefixContains(prefix, entry.address)) continue;
    const found = lookUpHost(table, entry.address);
    if (sameResolution(entry, found)) continue;
    Object.assign(entry, found);
    for (const [key, net] of [...entry.users]) refresh(table, net, key);
  }
}

function refresh(table: RoutingTable, net: RibNet, key: PrefixKey): void {
  const before = net.routes;
  net.routes = pickBest(
    before.map((route) => {
      if (!route.recursive) return route;
      const fresh = resolve(table, net, key, route);
      return sameRoute(fresh, route) ? route : fresh;
    }),
  );
  announce(table, net, before);
}

function resolve(table: RoutingTable, net: RibNet, key: PrefixKey, route: RibRoute): RibRoute {
  const address = nextHopOf(route);
  if (address === null) return { ...route, ...UNREACHABLE };
  const entry = hostEntry(table, address);
  entry.users.set(key, net);
  return { ...route, target: entry.target, hops: entry.hops, igpMetric: entry.igpMetric };
}

export function nextHopOf({ attributes }: RibRoute): Address | null {
  return attributes?.nextHop ?? null;
}

function hostEntry(table: RoutingTable, address: Address): HostEntry {
  const name = addressKey(address);
  const known = table.hostEntries.get(name);
  if (known !== undefined) return known;
  const entry: HostEntry = { address, ...lookUpHost(table, address), users: new Map() };
  table.hostEntries.set(name, entry);
  if (table.lowest === null || compareAddresses(address, table.lowest) < 0) table.lowest = address;
  if (table.highest === null || compareAddresses(address, table.highest) > 0) table.highest = address;
  return entry;
}

function forgetUser(table: RoutingTable, net: RibNet, key: PrefixKey, old: RibRoute): void {
  const address = nextHopOf(old);
  const entry = address === null ? undefined : table.hostEntries.get(addressKey(address));
  const used = net.routes.some((route) => route.recursive && nextHopOf(route) === address);
  if (!used) entry?.users.delete(key);
}

/** The best route to an address, by longest prefix. */
export function lookUpRoute(table: RoutingTable, address: Address): RibRoute | null {
  for (let length = addressBits(address.family); length >= 0; length--) {
    if ((table.lengths[length] ?? 0) === 0) continue;
    const best = table.nets.get(prefixKey(prefixOf(address, length)))?.routes[0];
    if (best !== undefined) return best;
  }
  return null;
}

/** rt_update_hostentry(): a next hop that is itself reached by a recursive route leads nowhere. */
function lookUpHost(table: RoutingTable, address: Address): Resolved {
  const found = lookUpRoute(table, address);
  if (found === null || found.recursive) return UNREACHABLE;
  if (found.target === "device") {
    return {
      target: "router",
      hops: [{ gateway: address, interface: found.hops[0]?.interface ?? null, weight: 1 }],
      igpMetric: 0,
    };
  }
  return { target: found.target, hops: found.hops, igpMetric: null };
}

function sameResolution(x: Resolved, y: Resolved): boolean {
  return x.target === y.target && x.igpMetric === y.igpMetric && sameHops(x.hops, y.hops);
}

function sameHops(x: RibRoute["hops"], y: RibRoute["hops"]): boolean {
  if (x === y) return true;
  return x.length === y.length && x.every((hop, index) => JSON.stringify(hop) === JSON.stringify(y[index]));
}

/** Whether a route that came again says the same (rte_same). */
function sameRoute(x: RibRoute, y: RibRoute): boolean {
  return (
    x.preference === y.preference &&
    x.source === y.source &&
    sameResolution(x, y) &&
    (x.attributes === y.attributes || JSON.stringify(x.attributes) === JSON.stringify(y.attributes)) &&
    JSON.stringify(x.kernel) === JSON.stringify(y.kernel)
  );
}
