import { type Address, sameAddress } from "../../net/address.ts";
import { isOwnAnycast } from "../anycast.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RoutingResult } from "./result.ts";

/**
 * ipv6_anycast_destination() (include/net/ip6_route.h): whether the route found for an IPv6 address makes it an anycast one: an anycast
 * address that a device of this host has joined, or the first of a prefix without a gateway, which names no single node, whatever the
 * route's type. A route of type anycast to one address alone is none.
 */
export function isAnycastDestination(runtime: HostRuntime, found: RoutingResult, address: Address): boolean {
  if (found.kind === "error" || found.route === null) return false;
  const { destination, nextHops } = found.route;
  const isFirst = destination.length < 127 && sameAddress(destination.address, address);
  if (found.kind === "local") {
    return (
      (isFirst && nextHops.every(({ gateway }) => gateway === null)) || isOwnAnycast(runtime, found.output, address)
    );
  }
  return found.kind === "unicast" && isFirst && !found.viaGateway;
}
