import { layeredRoutes, type Route, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import { type Address, compareAddresses, type Family } from "../../net/address.ts";
import { type Prefix, samePrefix } from "../../net/prefix.ts";
import { firstValue, type PrefixMap, prefixMap } from "../../net/prefix-map.ts";

/**
 * Routes of one prefix and table, in the order the kernel tries them: by table (`local` first where it is merged with
 * `main`), by TOS (specific first), then by metric.
 */
export type RouteGroup = readonly Route[];

/** The routes of one table, found by address from the longest prefix to the shortest. */
export interface RouteTable {
  readonly own: PrefixMap<RouteGroup>;
  /** What other hosts have too, compiled once for all; null where the host shares nothing. No prefix is in both. */
  readonly shared: PrefixMap<RouteGroup> | null;
  /** Of the shared ones, those that this host does not have. */
  readonly hidden: ReadonlySet<RouteGroup>;
}

export type RouteTables = ReadonlyMap<number, RouteTable>;

const NONE: ReadonlySet<RouteGroup> = new Set();

/**
 * The tables of a host by number. `isMerged`: `local` and `main` are one.
 */
export function routeTables(routes: readonly Route[], family: Family, isMerged: boolean): RouteTables {
  const layered = layeredTables(routes, family, isMerged);
  if (layered !== null) return layered;
  const tables = new Map<number, RouteTable>();
  for (const [number, own] of compileTables(routes, family, isMerged)) {
    tables.set(number, { own, shared: null, hidden: NONE });
  }
  return withMerged(tables, isMerged);
}

function withMerged(tables: Map<number, RouteTable>, isMerged: boolean): RouteTables {
  const merged = isMerged ? tables.get(TABLE_MAIN) : undefined;
  if (merged !== undefined) tables.set(TABLE_LOCAL, merged);
  return tables;
}

type Compiled = ReadonlyMap<number, PrefixMap<RouteGroup>>;

/** By family and whether `local` and `main` are one. */
const compiledLists = new WeakMap<readonly Route[], Map<string, Compiled>>();

function compiledOnce(routes: readonly Route[], family: Family, isMerged: boolean): Compiled {
  const kinds = compiledLists.get(routes) ?? new Map<string, Compiled>();
  compiledLists.set(routes, kinds);
  const key = `${family} ${isMerged}`;
  const known = kinds.get(key);
  if (known !== undefined) return known;
  const made = compileTables(routes, family, isMerged);
  kinds.set(key, made);
  return made;
}

/** Null where the host's own routes and the shared ones have a prefix in common: their order is that of one list then. */
function layeredTables(routes: readonly Route[], family: Family, isMerged: boolean): RouteTables | null {
  const layers = layeredRoutes.layersOf(routes);
  if (layers === null) return null;
  const shared = compiledOnce(layers.shared, family, isMerged);
  const own = compileTables(layers.own, family, isMerged);
  const hidden = new Map<number, Set<RouteGroup>>();
  for (const route of layers.without) {
    if (route.family !== family) continue;
    const number = numberOf(route, isMerged);
    const group = groupAt(shared.get(number), route.destination);
    if (group === null || !group.every((one) => layers.without.has(one))) return null;
    const groups = hidden.get(number);
    if (groups === undefined) hidden.set(number, new Set([group]));
    else groups.add(group);
  }
  const tables = new Map<number, RouteTable>();
  for (const number of new Set([...own.keys(), ...shared.keys()])) {
    const ofOthers = shared.get(number) ?? null;
    const ownRoutes = own.get(number) ?? prefixMap<RouteGroup>(family, []);
    const gone = hidden.get(number) ?? NONE;
    for (const [first] of ownRoutes.values) {
      const same = first === undefined ? null : groupAt(ofOthers ?? undefined, first.destination);
      if (same !== null && !gone.has(same)) return null;
    }
    tables.set(number, { own: ownRoutes, shared: ofOthers, hidden: gone });
  }
  return withMerged(tables, isMerged);
}

/** The group of exactly that prefix. */
function groupAt(map: PrefixMap<RouteGroup> | undefined, prefix: Prefix): RouteGroup | null {
  if (map === undefined) return null;
  for (let index = firstValue(map, prefix.address); index >= 0; index = map.next[index] ?? -1) {
    const group = map.values[index];
    if (group?.[0] !== undefined && samePrefix(group[0].destination, prefix)) return group;
  }
  return null;
}

function numberOf({ table }: Route, isMerged: boolean): number {
  return isMerged && table === TABLE_LOCAL ? TABLE_MAIN : table;
}

function compileTables(all: readonly Route[], family: Family, isMerged: boolean): Map<number, PrefixMap<RouteGroup>> {
  const routes = new Map<number, Route[]>();
  for (const route of all) {
    if (route.family !== family) continue;
    const number = numberOf(route, isMerged);
    const table = routes.get(number);
    if (table === undefined) routes.set(number, [route]);
    else table.push(route);
  }
  const tables = new Map<number, PrefixMap<RouteGroup>>();
  for (const [number, list] of routes) {
    list.sort(
      (x, y) =>
        compareAddresses(x.destination.address, y.destination.address) ||
        x.destination.length - y.destination.length ||
        y.table - x.table ||
        y.tos - x.tos ||
        x.metric - y.metric,
    );
    tables.set(number, prefixMap(family, groupsOf(list)));
  }
  return tables;
}

/** Neighbours in the sorted list that have one prefix. */
function groupsOf(sorted: readonly Route[]): (readonly [Prefix, RouteGroup])[] {
  const groups: [Prefix, Route[]][] = [];
  for (const route of sorted) {
    const last = groups.at(-1);
    if (last !== undefined && samePrefix(last[0], route.destination)) last[1].push(route);
    else groups.push([route.destination, [route]]);
  }
  return groups;
}

/**
 * Offers the groups whose prefix holds the address to `ask`, the longest prefix first, until it answers something other than null.
 */
export function searchRoutes<R>(
  { own, shared, hidden }: RouteTable,
  address: Address,
  ask: (group: RouteGroup) => R | null,
): R | null {
  let mine = firstValue(own, address);
  let others = shared === null ? -1 : firstValue(shared, address);
  while (mine >= 0 || others >= 0) {
    const [first, second] = [own.values[mine], shared?.values[others]];
    const takesOwn = second === undefined || (first !== undefined && lengthOf(first) > lengthOf(second));
    const group = takesOwn ? first : second;
    if (takesOwn) mine = own.next[mine] ?? -1;
    else others = shared?.next[others] ?? -1;
    const answer = group === undefined || hidden.has(group) ? null : ask(group);
    if (answer !== null) return answer;
  }
  return null;
}

function lengthOf(group: RouteGroup): number {
  return group[0]?.destination.length ?? -1;
}
