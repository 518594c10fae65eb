import { type NextHop, nextHop, type Route, route, TABLE_MAIN } from "../../model/route.ts";
import type { Address } from "../../net/address.ts";
import { type Prefix, prefixContains } from "../../net/prefix.ts";

/** Where packets for an address leave the machine by its own routes: the gateway is null on the link itself. */
export interface WayOut {
  readonly device: string;
  readonly gateway: Address | null;
}

/** The longest unicast route of table main that holds the address, the smallest metric first; null where there is none. */
export function wayOut(routes: readonly Route[], address: Address): WayOut | null {
  let best: Route | null = null;
  for (const one of routes) {
    if (one.table !== TABLE_MAIN || one.type !== "unicast" || !prefixContains(one.destination, address)) continue;
    const isBetter =
      best === null ||
      one.destination.length > best.destination.length ||
      (one.destination.length === best.destination.length && one.metric < best.metric);
    if (isBetter) best = one;
  }
  const hop: NextHop | undefined = best?.nextHops[0];
  return hop === undefined || hop.interface === null ? null : { device: hop.interface, gateway: hop.gateway };
}

/** A route by way of another machine. */
export function routeVia(
  destination: Prefix,
  device: string,
  gateway: Address | null,
  fields: Pick<Route, "protocol" | "origin"> &
    Partial<Pick<Route, "metric" | "mtu" | "scope">> & { readonly onlink?: boolean },
): Route {
  const { onlink = false, ...rest } = fields;
  const metric = fields.metric || usualMetric(destination);
  return route({ destination, nextHops: [nextHop({ interface: device, gateway, onlink })], ...rest, metric });
}

export function blackhole(destination: Prefix, protocol: string, origin: Route["origin"]): Route {
  return route({
    destination,
    type: "blackhole",
    protocol,
    origin,
    metric: usualMetric(destination),
    // the kernel files such IPv6 routes under its loopback device
    nextHops: destination.address.family === 6 ? [nextHop({ interface: "lo" })] : [],
  });
}

/** What the kernel writes where a route has no metric of its own (IP6_RT_PRIO_USER). */
export function usualMetric({ address }: Prefix): number {
  return address.family === 6 ? 1024 : 0;
}
