import type { NextHop, Route } from "../../model/route.ts";
import { type Address, isLinkLocal } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import { needsInterface } from "./address-scope.ts";
import type { RouteKey } from "./key.ts";
import { firstHop, isAlive } from "./next-hop.ts";
import { haveAddress6 } from "./own-address6.ts";
import type { RouteGroup } from "./route-table.ts";

/** A route and the next hop that a look-up takes of it; null for routes that lead nowhere. */
export interface Picked {
  readonly route: Route;
  readonly hop: NextHop | null;
}

/**
 * rt6_select() (net/ipv6/route.c): of the routes to one prefix those with the least metric come first; among equals one
 * over the wanted interface is preferred, or demanded (RT6_LOOKUP_F_IFACE: link-local and multicast destinations, bound
 * sockets). Wanted is the interface to leave by, or for an arriving packet the one it came in by. Null goes on with the
 * next shorter prefix. Not modelled: hosts that do not forward also prefer gateways that answer.
 */
export function pick6(runtime: HostRuntime, group: RouteGroup, key: RouteKey): Picked | null {
  if (key.asking === true) return pickForMatch6(runtime, group, key);
  const wanted = key.output ?? key.input;
  const strict = needsInterface(key.dst) || (key.output !== null && (key.lenient !== true || key.src === null));
  let best: Picked | null = null;
  for (const route of group) {
    if (best !== null && route.metric !== best.route.metric) break;
    if (hasExpired(runtime, route)) continue;
    if (leadsNowhere(route)) {
      // They stand on lo.
      if (wanted === null || wanted === "lo") return { route, hop: null };
      if (!strict) best ??= { route, hop: null };
      continue;
    }
    const there = firstHop(runtime, route, wanted);
    if (there !== null) return { route, hop: there };
    if (strict || best !== null) continue;
    const hop = firstHop(runtime, route, null);
    if (hop !== null) best = { route, hop };
  }
  return best;
}

/**
 * rt6_device_match() (net/ipv6/route.c), whatever the metrics: the first route over the wanted interface, or where none is wanted over one that has
 * the address `key.src`; else the first of all, for link-local destinations none.
 */
function pickForMatch6(runtime: HostRuntime, group: RouteGroup, { output, src, dst }: RouteKey): Picked | null {
  const strict = isLinkLocal(dst);
  const suits = (name: string): boolean =>
    output === null ? src !== null && owns(runtime, src, name, strict) : name === output;
  for (const route of group) {
    if (leadsNowhere(route)) {
      if (suits("lo")) return { route, hop: null };
      continue;
    }
    const hop = route.nextHops.find(
      (item) => item.interface !== null && suits(item.interface) && isAlive(runtime, route, item),
    );
    if (hop !== undefined) return { route, hop };
  }
  const [first] = group;
  if (first === undefined || (strict && output !== null)) return null;
  if (leadsNowhere(first)) return { route: first, hop: null };
  const hop = firstHop(runtime, first, null);
  return hop === null ? null : { route: first, hop };
}

/** ipv6_chk_addr(): the interface has the address; of a global one any interface will do, unless `strict`. */
function owns(runtime: HostRuntime, address: Address, name: string, strict: boolean): boolean {
  const anywhere = !strict && !needsInterface(address);
  const { devices } = runtime.compiled;
  return haveAddress6(anywhere ? devices : devices.filter((device) => device.name === name), address);
}

/** rt6_check_expired(), asked by find_match(). */
function hasExpired(runtime: HostRuntime, { expires }: Route): boolean {
  return expires !== undefined && runtime.services.now() >= expires;
}

function leadsNowhere({ type }: Route): boolean {
  return type === "blackhole" || type === "unreachable" || type === "prohibit" || type === "throw";
}
