import type { Route } from "../model/route.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { quietSysctl } from "./device-settings.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import { noteVolatile } from "./walk-record.ts";

/** The gateway that a redirect named, for packets to one destination that the route sends over one of its next hops. */
export interface LearntGateway {
  /** Where they go now: a gateway, or the destination itself. */
  readonly gateway: Address;
  /** The gateway of the next hop, which they went to before. */
  readonly replaces: Address;
  /** Device of the next hop. */
  readonly device: string;
  /** Who sent the redirect: that gateway, or one that an earlier redirect named. */
  readonly taughtBy: Address;
  /** Virtual time at which it came, where it had to wait until its receiver's MAC address was known; null where it had not. */
  readonly waitedUntil: number | null;
}

/** `struct fib_nh_exception`, `struct rt6_exception`: what a host learnt about the way to one destination. */
export interface RouteException {
  /** Path MTU; 0 when none was learnt. */
  readonly mtu: number;
  /** Learnt below `min_pmtu`: it may be wrong, so packets are sent without DF, and forwarding obeys it too. */
  readonly locked: boolean;
  /** At most one for each next hop of the route. */
  readonly gateways: readonly LearntGateway[];
  /** Virtual time at which all of this is forgotten. */
  readonly expires: number;
  /** Virtual time from which it gets old, in IPv6 where a redirect was the last to tell of it (`hasAged`); null: it does not. */
  readonly since: number | null;
}

/** Exceptions of a host, by route and destination. */
export type RouteExceptions = Map<Route, Map<string, RouteException>>;

function keyOf({ a, b, c, d }: Address): string {
  return `${a}.${b}.${c}.${d}`;
}

/** find_exception(), rt6_find_cached_rt(); null in a host that has learnt nothing, which is the common case. */
export function exceptionOf(runtime: HostRuntime, route: Route | null, destination: Address): RouteException | null {
  if (runtime.exceptions === null || route === null) return null;
  noteVolatile();
  const ofRoute = runtime.exceptions.get(route);
  const key = keyOf(destination);
  const found = ofRoute?.get(key);
  if (ofRoute === undefined || found === undefined) return null;
  if (found.expires > runtime.services.now() && !hasAged(runtime, found, destination)) return found;
  ofRoute.delete(key);
  return null;
}

/** update_or_create_fnhe(), rt6_insert_exception(). */
export function setException(
  runtime: HostRuntime,
  route: Route,
  destination: Address,
  exception: RouteException,
): void {
  runtime.exceptions ??= new Map();
  const ofRoute = runtime.exceptions.get(route) ?? new Map<string, RouteException>();
  runtime.exceptions.set(route, ofRoute);
  ofRoute.set(keyOf(destination), exception);
}

/** `net.ipv6.route.gc_interval`: seconds. */
const GC_INTERVAL = 30;
/** round_jiffies(): by how many seconds a run of the garbage collection may be put off. */
const ROUNDED = 1;

/**
 * rt6_age_examine_exception(): fib6_run_gc() forgets what has stood for one `gc_interval`, used or not. It runs one interval after it
 * had nothing to watch, so that it comes when the exception is just old enough, unless it was watching others before: at most one
 * interval later then.
 */
function hasAged(runtime: HostRuntime, { since }: RouteException, destination: Address): boolean {
  if (since === null) return false;
  const interval = quietSysctl(runtime, "net.ipv6.route.gc_interval", GC_INTERVAL);
  const now = runtime.services.now();
  if (now - since < interval) return false;
  if (now - since > 2 * interval + ROUNDED) return true;
  const { name } = runtime.host;
  const to = formatAddress(destination);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "followed-redirect",
    variable: `${name} redirect for ${to} at ${now}`,
    question: `does ${name} still follow the redirect for ${to}? it forgets redirects between ${interval} and ${2 * interval} s after it got them`,
    alternatives: [
      { label: "it has forgotten it", probability: 0 },
      { label: "it still does", probability: 0 },
    ],
    command: "ip -6 route show cache",
  });
  return taken === 0;
}

/**
 * rt_bind_exception(), ip6_pol_route(): the way that a redirect has taught instead of the one that the routes say, for packets of
 * the host's own and for what it forwards.
 */
export function overLearntGateway(runtime: HostRuntime, result: RoutingResult, destination: Address): RoutingResult {
  if (runtime.exceptions === null || result.kind !== "unicast" || !result.viaGateway) return result;
  const exception = exceptionOf(runtime, result.route, destination);
  if (exception === null) return result;
  const { nextHop, output } = result;
  const learnt = exception.gateways.find((item) => item.device === output.name && sameAddress(item.replaces, nextHop));
  if (learnt === undefined) return result;
  // rt6_do_redirect(): where the destination is on the link itself, it is its own next hop; IPv4 has it for a gateway (fill_route_from_fnhe()).
  const viaGateway = destination.family === 4 || !sameAddress(learnt.gateway, destination);
  return { ...result, nextHop: learnt.gateway, viaGateway, learnt };
}
