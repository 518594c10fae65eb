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
