import type { NextHop, Route } from "../../model/route.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";

function hopKey(hop: NextHop): string {
  return `${hop.gateway === null ? "" : formatAddress(hop.gateway)}%${hop.interface ?? ""}*${hop.weight}`;
}

/** What makes two lines of `ip route` the same entry. */
function routeKey(route: Route): string {
  const hops = route.nextHops.map(hopKey).join(",");
  return [route.table, route.type, formatPrefix(route.destination), route.tos, route.metric, hops].join(" ");
}

/**
 * All routes of several dumps of one machine. `ip route show table all` mixes the families, so that IPv6 routes also
 * stand in the file of `ip -6 route`: an entry of another file counts once. Repetitions within one file stay.
 */
export function mergeRoutes(dumps: readonly (readonly Route[])[]): readonly Route[] {
  const [first, ...others] = dumps;
  if (first === undefined || others.every((dump) => dump.length === 0)) return first ?? [];
  const merged: Route[] = [];
  const seen = new Set<string>();
  for (const dump of dumps) {
    const keys = dump.map(routeKey);
    for (const [i, route] of dump.entries()) if (!seen.has(keys[i] ?? "")) merged.push(route);
    for (const key of keys) seen.add(key);
  }
  return merged;
}
