import { type Route, TABLE_LOCAL } from "../../model/route.ts";
import { type Address, isLimitedBroadcast, isLoopback, isMulticast, isUnspecified } from "../../net/address.ts";
import { firstValue, type PrefixMap } from "../../net/prefix-map.ts";
import { fibOf } from "../compiled-host.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";
import { firstHop } from "./next-hop.ts";
import { type RouteGroup, searchRoutes } from "./route-table.ts";
import { routesUnknown, unknownRoute } from "./unknown-route.ts";

/** Types of `-m addrtype` (RTN_*). */
export type AddressType =
  | "UNSPEC"
  | "UNICAST"
  | "LOCAL"
  | "BROADCAST"
  | "ANYCAST"
  | "MULTICAST"
  | "BLACKHOLE"
  | "UNREACHABLE"
  | "PROHIBIT"
  | "THROW";

/**
 * inet_addr_type() / inet_dev_addr_type(): the type of the route to the address in the local table; UNICAST when there
 * is none (net/ipv4/fib_frontend.c __inet_dev_addr_type). With a device, only routes over it count.
 */
export function addressType(runtime: HostRuntime, address: Address, device: string | null): AddressType {
  if (address.family === 4 && (isUnspecified(address) || isLimitedBroadcast(address))) return "BROADCAST";
  if (isMulticast(address)) return "MULTICAST";
  if (routesUnknown(runtime, address.family)) {
    return isLoopback(address) || unknownRoute(runtime, keyFor(address)).kind === "local" ? "LOCAL" : "UNICAST";
  }
  const found = localTableRoute(runtime, address);
  // What an IPv4 route refuses counts as an error there, and as nothing found.
  if (found === null || (address.family === 4 && !isDelivering(found))) return "UNICAST";
  return device === null || found.nextHops[0]?.interface === device ? toType(found.type) : "UNICAST";
}

/** fib_table_lookup() in the local table, of an address alone: no TOS, no device. */
export function localTableRoute(runtime: HostRuntime, address: Address): Route | null {
  const table = fibOf(runtime.compiled, address.family).tables.get(TABLE_LOCAL);
  if (table === undefined) return null;
  return table.shared === null
    ? findOwn(runtime, table.own, address)
    : searchRoutes(table, address, (group) => findUsable(runtime, group));
}

function findOwn(runtime: HostRuntime, own: PrefixMap<RouteGroup>, address: Address): Route | null {
  for (let index = firstValue(own, address); index >= 0; index = own.next[index] ?? -1) {
    const group = own.values[index];
    const found = group === undefined ? null : findUsable(runtime, group);
    if (found !== null) return found;
  }
  return null;
}

function findUsable(runtime: HostRuntime, group: RouteGroup): Route | null {
  for (let index = 0; index < group.length; index++) {
    const route = group[index];
    if (route === undefined || route.tos !== 0) continue;
    if (!isDelivering(route) || firstHop(runtime, route, null) !== null) return route;
  }
  return null;
}

function isDelivering({ type }: Route): boolean {
  return type !== "blackhole" && type !== "unreachable" && type !== "prohibit" && type !== "throw";
}

/** Where a packet to the address would go: the question that decides whether it is one of the host's own. */
function keyFor(dst: Address): RouteKey {
  return { dst, src: null, input: null, output: null, mark: 0, tos: 0, protocol: 0, sport: 0, dport: 0, uid: 0 };
}

function toType(type: string): AddressType {
  switch (type) {
    case "local":
      return "LOCAL";
    case "broadcast":
      return "BROADCAST";
    case "anycast":
      return "ANYCAST";
    case "multicast":
      return "MULTICAST";
    case "blackhole":
      return "BLACKHOLE";
    case "unreachable":
      return "UNREACHABLE";
    case "prohibit":
      return "PROHIBIT";
    case "throw":
      return "THROW";
    default:
      return "UNICAST";
  }
}

/** True when the address is one of this host's own. */
export function isLocalAddress(runtime: HostRuntime, address: Address): boolean {
  return addressType(runtime, address, null) === "LOCAL";
}
