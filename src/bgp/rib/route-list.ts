import type { Route } from "../../model/route.ts";
import type { Address } from "../../net/address.ts";
import type { FilterFault } from "../filter/filter-fault.ts";
import { isBetter } from "./better.ts";
import { electsAnew, passesBest, suppressedRoutes } from "./deterministic-med.ts";
import { type Numbering, numberOfHop, type Resolved } from "./numbering.ts";
import type { RibRoute, RouteOwner } from "./route.ts";

/**
 * All routes of one destination, the best first. Tables that have come to the same routes in the same way have one list in common: it does
 * not change, and remembers what came of it.
 */
export interface RouteList {
  readonly routes: readonly RibRoute[];
  /** What it became by the latest changes. */
  changes: ListChange[];
  /** What the kernel is to have of it, for daemons that have the same idea of that (`kernel.ts`). */
  programmed: Programmed | null;
}

interface ListChange {
  readonly owner: RouteOwner;
  readonly path: number;
  readonly fresh: RibRoute | null;
  readonly after: RouteList;
}

/** What a kernel protocol makes of the routes of a destination. */
export interface Programmed {
  /** Whoever makes the same of all routes. */
  readonly by: object;
  readonly verdict: "rejected" | "filtered" | "accepted";
  readonly route: Route | null;
  readonly errors: readonly FilterFault[];
}

/** A route as many tables are given it, with what it became in those that came first. */
export interface GivenRoute {
  /** Of its destination. */
  readonly number: number;
  readonly route: RibRoute;
  /** The number of the next hop to be looked up; null: none is. */
  readonly hop: number | null;
  /** As it is where its next hop leads there; one alone where nothing is looked up. */
  ways: GivenWay[];
}

export interface GivenWay {
  readonly resolution: Resolved | null;
  readonly route: RibRoute;
  /** The list that has nothing but it. */
  readonly alone: RouteList;
}

export function givenRoute(numbering: Numbering, number: number, route: RibRoute): GivenRoute {
  const address = route.recursive ? nextHopOf(route) : null;
  return { number, route, hop: address === null ? null : numberOfHop(numbering, address), ways: [] };
}

export function listOf(routes: readonly RibRoute[]): RouteList {
  return { routes, changes: [], programmed: null };
}

export const NO_ROUTES = listOf([]);

/** Changes that a list remembers. */
const REMEMBERED = 8;

export function changed(before: RouteList, owner: RouteOwner, path: number, fresh: RibRoute | null): RouteList {
  const { changes } = before;
  for (let index = 0; index < changes.length; index++) {
    const known = changes[index];
    if (known !== undefined && known.fresh === fresh && known.owner === owner && known.path === path)
      return known.after;
  }
  const after = changedAnew(before, owner, path, fresh);
  if (changes.length >= REMEMBERED) changes.shift();
  changes.push({ owner, path, fresh, after });
  return after;
}

function changedAnew(before: RouteList, owner: RouteOwner, path: number, fresh: RibRoute | null): RouteList {
  const { routes } = before;
  const old = routes.find((item) => item.owner === owner && item.path === path) ?? null;
  if (old === null && fresh === null) return before;
  if (old !== null && fresh !== null && sameRoute(old, fresh)) return before;
  const rest = old === null ? routes : routes.filter((item) => item !== old);
  const after = ordered(rest, routes[0] ?? null, old, fresh);
  return after.length === 0 ? NO_ROUTES : listOf(after);
}

/**
 * Puts a route among the others, of which only the best has its place: in front (rte_recalculate of nest/rt-table.c, BIRD 1.6). All are
 * compared only where the best one went, so that of routes whose MEDs make a circle the order in which they came decides.
 */
function ordered(
  rest: readonly RibRoute[],
  best: RibRoute | null,
  old: RibRoute | null,
  fresh: RibRoute | null,
): readonly RibRoute[] {
  const isDeterministic = (fresh ?? old)?.owner.bgp?.deterministicMed === true;
  const isAnew = isDeterministic && electsAnew(rest, best, old, fresh);
  const comesFirst = isDeterministic ? passesBest : isBetter;
  if (!isAnew && fresh !== null && (best === null || comesFirst(fresh, best, rest, old))) return [fresh, ...rest];
  const [first, ...others] = rest;
  if (isAnew || old === best || first === undefined) return pickBest(fresh === null ? rest : [fresh, ...rest]);
  return fresh === null ? rest : [first, fresh, ...others];
}

/** Moves the best route to the front: a new one may be worse than the old one of its owner was. */
export function pickBest(routes: readonly RibRoute[]): readonly RibRoute[] {
  let best = routes[0];
  if (best === undefined) return routes;
  const passed = suppressedRoutes(routes);
  if (passed.size === 0) {
    for (const route of routes) if (route !== best && isBetter(route, best)) best = route;
  } else {
    const [first, ...others] = routes.filter((route) => !passed.has(route));
    best = first ?? best;
    for (const route of others) if (isBetter(route, best)) best = route;
  }
  if (best === routes[0]) return routes;
  const first = best;
  return [first, ...routes.filter((item) => item !== first)];
}

/** The route where its next hop leads there; null: nothing is looked up. */
export function wayFor({ route, ways }: GivenRoute, resolution: Resolved | null): GivenWay {
  for (let index = 0; index < ways.length; index++) {
    const known = ways[index];
    if (known !== undefined && known.resolution === resolution) return known;
  }
  const found = resolution === null ? route : { ...route, ...resolution };
  const way = { resolution, route: found, alone: listOf([found]) };
  if (ways.length >= REMEMBERED) ways.shift();
  ways.push(way);
  return way;
}

export function nextHopOf({ attributes, lookedUp }: RibRoute): Address | null {
  return lookedUp ?? attributes?.nextHop ?? null;
}

export function sameResolution(x: Resolved, y: Resolved): boolean {
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
