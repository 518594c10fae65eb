import type { Network, NetworkBgp } from "../model/network.ts";
import type { Route } from "../model/route.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { formatPrefix, type Prefix, prefixContains } from "../net/prefix.ts";
import { hostWith, type SessionDown, sessionsDown } from "./session-attempts.ts";

/** A route that BGP would bring to a host, and does not while these sessions are down. */
export interface MissingRoute {
  readonly host: string;
  readonly destination: Prefix;
  /** Who would tell it; null where no host has the next hop. */
  readonly from: string | null;
  readonly sessions: readonly SessionDown[];
}

const known = new WeakMap<NetworkBgp, Map<string, MissingRoute | null>>();

/** The route to an address that a host lacks because sessions are down; null where it has it, or none would be there anyway. */
export function missingRoute(network: Network, host: string, address: Address): MissingRoute | null {
  const { bgp } = network;
  if (bgp === undefined) return null;
  const ofNetwork = known.get(bgp) ?? new Map<string, MissingRoute | null>();
  known.set(bgp, ofNetwork);
  const key = `${host} ${formatAddress(address)}`;
  const before = ofNetwork.get(key);
  if (before !== undefined) return before;
  const missing = look(network, bgp, host, address);
  ofNetwork.set(key, missing);
  return missing;
}

function look(network: Network, bgp: NetworkBgp, host: string, address: Address): MissingRoute | null {
  const wanted = longest(bgp.expected(host), address);
  if (wanted === null) return null;
  const name = formatPrefix(wanted.destination);
  const has = network.hosts
    .get(host)
    ?.routes.some((route) => isLearnt(route) && formatPrefix(route.destination) === name);
  const gateway = wanted.nextHops[0]?.gateway ?? null;
  if (has !== false || gateway === null) return null;
  const from = hostWith(network, gateway);
  const own = sessionsDown(network, bgp.sessions, host);
  const direct = own.filter((session) => sameAddress(session.address, gateway) || session.peer === from);
  const sessions = direct.length > 0 ? direct : own;
  // behind a route reflector it may be the other end that has no session
  const others = sessions.length > 0 || from === null ? [] : sessionsDown(network, bgp.sessions, from);
  return { host, destination: wanted.destination, from, sessions: [...sessions, ...others] };
}

/** Whether a host lacks a route to another machine that it had, were all sessions up. */
export function lacksRoutes(network: Network, host: string): boolean {
  const has = new Set(
    network.hosts
      .get(host)
      ?.routes.filter(isLearnt)
      .map(({ destination }) => formatPrefix(destination)),
  );
  return (
    network.bgp?.expected(host).some((route) => isLearnt(route) && !has.has(formatPrefix(route.destination))) ?? false
  );
}

function longest(routes: readonly Route[], address: Address): Route | null {
  let best: Route | null = null;
  for (const route of routes) {
    if (!isLearnt(route) || !prefixContains(route.destination, address)) continue;
    if (best === null || route.destination.length > best.destination.length) best = route;
  }
  return best;
}

/** A route of BIRD's that leads to another machine. */
function isLearnt({ protocol, type }: Route): boolean {
  return protocol === "bird" && type === "unicast";
}
