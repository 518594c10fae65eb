import { isBetter, neighbourAs } from "./better.ts";
import type { RibRoute } from "./route.ts";

const NONE: ReadonlySet<RibRoute> = new Set();

/**
 * Routes of a destination that are passed over because another one of the same neighbouring AS is better (`deterministic med`:
 * bgp_rte_recalculate of proto/bgp/attrs.c, BIRD 1.6). BIRD marks them with `-` behind their preference.
 */
export function suppressedRoutes(routes: readonly RibRoute[]): ReadonlySet<RibRoute> {
  if (!routes.some(({ owner }) => owner.bgp?.deterministicMed === true)) return NONE;
  const groups = new Map<string, RibRoute[]>();
  for (const route of routes) {
    const { bgp } = route.owner;
    if (bgp?.deterministicMed !== true) continue;
    const key = `${route.preference} ${neighbourAs(route, bgp)}`;
    groups.set(key, [...(groups.get(key) ?? []), route]);
  }
  const passed = new Set<RibRoute>();
  for (const group of groups.values()) {
    const best = group.reduce((found, route) => (isBetter(route, found) ? route : found));
    for (const route of group) if (route !== best) passed.add(route);
  }
  return passed;
}

function areOneGroup(x: RibRoute, y: RibRoute): boolean {
  const [one, other] = [x.owner.bgp, y.owner.bgp];
  if (one === null || other === null || x.preference !== y.preference) return false;
  return neighbourAs(x, one) === neighbourAs(y, other);
}

/**
 * Whether all routes are compared anew where one came or went, with deterministic MEDs (bgp_rte_recalculate). `rest`: without the old one, and
 * the fresh one not yet there.
 */
export function electsAnew(
  rest: readonly RibRoute[],
  best: RibRoute | null,
  old: RibRoute | null,
  fresh: RibRoute | null,
): boolean {
  if (old !== null && fresh !== null && !areOneGroup(old, fresh)) {
    return electsAnew(rest, best, old, null) || electsAnew(rest, best, null, fresh);
  }
  const key = fresh ?? old;
  if (key === null) return false;
  const wasBest = old !== null && !suppressedRoutes([...rest, old]).has(old);
  if (old !== null) {
    const improves = fresh !== null && isBetter(fresh, old);
    if (!wasBest && !improves) return false;
    if (wasBest && improves) return old === best;
  }
  let found = fresh;
  for (const route of rest) {
    if (route.owner.bgp?.deterministicMed !== true || !areOneGroup(route, key)) continue;
    if (found === null || isBetter(route, found)) found = route;
  }
  if (found === null) return false;
  return found === fresh ? best !== null && areOneGroup(best, key) : wasBest;
}

/**
 * Whether a fresh route takes the place of the best one without another look. Of two that are passed over BIRD compares one with the other, and
 * the route that the fresh one replaces counts as one of those: so a route that is passed over can come first.
 */
export function passesBest(fresh: RibRoute, best: RibRoute, rest: readonly RibRoute[], old: RibRoute | null): boolean {
  const passed = suppressedRoutes([fresh, ...rest]);
  const [isPassed, wasPassed] = [passed.has(fresh), best === old || passed.has(best)];
  return isPassed === wasPassed ? isBetter(fresh, best) : wasPassed;
}
