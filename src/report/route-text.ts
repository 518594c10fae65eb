import type { Network } from "../model/network.ts";
import { formatSource, sourceOf } from "../model/origin.ts";
import type { Route } from "../model/route.ts";
import { printRoute } from "../readers/ip/print-route.ts";
import type { RoutingResult } from "../linux/routing/result.ts";

/** A route as `ip route` prints it, on one line. */
export function routeText(route: Route): string {
  return printRoute(route).replaceAll(/\s+/g, " ").trim();
}

/** The route a look-up found; null when nothing matched. */
export function routeOf(result: RoutingResult): Route | null {
  return result.route;
}

/** File and line of a route. Routes that podpath derived say so. */
export function citeRoute(network: Network, route: Route): string {
  return formatSource(sourceOf(network.origins, route.origin)) || "derived from the interfaces' addresses";
}
