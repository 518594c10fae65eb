import { UNKNOWN_INTERFACE } from "../linux/routing/unknown-route.ts";
import { knowledgeOf } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { formatSource, NO_ORIGIN, sourceOf } from "../model/origin.ts";
import type { Route } from "../model/route.ts";
import { printRoute } from "../readers/ip/print-route.ts";
import { namedAddress } from "./address-names.ts";

/** A route as `ip route` prints it, on one line. */
export function routeText(route: Route): string {
  if (isStandIn(route)) return "to another machine";
  return printRoute(route).replaceAll(/\s+/g, " ").trim();
}

export const SUPPOSED = "supposed: its routes were not dumped";

/** True for a route that stands in for those of a host that nobody dumped, by an interface that the question names. */
export function isSupposed(network: Network, host: string, route: Route): boolean {
  const owner = network.hosts.get(host);
  const part = route.family === 4 ? "routes" : "routes6";
  return route.origin === NO_ORIGIN && owner !== undefined && knowledgeOf(owner, part) === "unknown";
}

/** File and line of a route. Routes that podpath derived say so. */
export function citeRoute(network: Network, route: Route): string {
  const source = formatSource(sourceOf(network.origins, route.origin));
  const session = sessionWords(network, route);
  if (session !== null) return source === "" ? session : `${session}; ${source}`;
  if (source !== "") return source;
  if (isStandIn(route)) return SUPPOSED;
  return route.protocol === "bird" ? "what BIRD programs once it has settled" : "derived, not in a dump";
}

/** The BGP session that brought a route: `BGP session Mesh_172_16_0_11 with 172.16.0.11 (worker-2)`; null for other routes. */
function sessionWords(network: Network, { carrier }: Route): string | null {
  if (carrier === undefined || carrier.bgp === null) return null;
  return `BGP session ${carrier.name} with ${namedAddress(network, carrier.bgp.remoteAddress)}`;
}

/** A route that was supposed where nobody knows any. */
function isStandIn(route: Route): boolean {
  return route.nextHops.some((hop) => hop.interface === UNKNOWN_INTERFACE);
}
