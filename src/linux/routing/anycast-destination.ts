import { type Address, sameAddress } from "../../net/address.ts";
import type { RoutingResult } from "./result.ts";

/**
 * Whether the route found for an IPv6 address makes it an anycast one: an anycast address of this host, or the first of a prefix on
 * a link, which names no single node (ipv6_anycast_destination(), include/net/ip6_route.h).
 */
export function isAnycastDestination(found: RoutingResult, address: Address): boolean {
  if (found.kind === "local") return found.route.type === "anycast";
  if (found.kind !== "unicast" || found.viaGateway) return false;
  const { destination } = found.route;
  return destination.length < 127 && sameAddress(destination.address, address);
}
