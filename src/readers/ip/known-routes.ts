import type { Origin } from "../../model/origin.ts";
import type { Route } from "../../model/route.ts";

/** Routes by the texts of their lines, for dumps of one family and table: the nodes of a cluster have most of their routes in common. Bounded. */
export type KnownRoutes = Map<string, Route>;

/** So many lines are remembered: those of the first nodes, which the others have too, or nobody has. */
const REMEMBERED = 30_000;

export function rememberRoute(known: KnownRoutes, text: string, route: Route): void {
  if (known.size < REMEMBERED && isPlain(route)) known.set(text, route);
}

/** It has nothing that `routeAgain` does not know. */
function isPlain({ mtuLocked, hopLimit, advertisedMss, expires, assumption, carrier }: Route): boolean {
  return [mtuLocked, hopLimit, advertisedMss, expires, assumption, carrier].every((rare) => rare === undefined);
}

/** The route as it stands in another place. */
export function routeAgain(known: Route, origin: Origin): Route {
  // written out, so that all routes have one shape
  return {
    family: known.family,
    table: known.table,
    type: known.type,
    nextHops: known.nextHops,
    metric: known.metric,
    scope: known.scope,
    protocol: known.protocol,
    preferredSource: known.preferredSource,
    tos: known.tos,
    mtu: known.mtu,
    nextHopId: known.nextHopId,
    realm: known.realm,
    origin,
    destination: known.destination,
  };
}
