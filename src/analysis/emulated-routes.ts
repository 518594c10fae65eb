import { choicesOf, unsettledRoutes } from "../bgp/reconverge.ts";
import type { BirdConfiguration } from "../model/bird/configuration.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { NO_ORIGIN, type Origin } from "../model/origin.ts";
import type { Route } from "../model/route.ts";
import { formatPrefix } from "../net/prefix.ts";
import { reconverge } from "./reconverge.ts";

/** A network whose routes of BIRD came over sessions. */
export interface EmulatedBgp {
  readonly network: Network;
  readonly findings: readonly Finding[];
}

/**
 * Lets the BIRDs of a declared cluster run until their sessions stand as they will, and takes the routes that they leave instead of those that
 * are assumed. Each names the session that brought it, and the resource that its destination is from.
 */
export function emulatedRoutes(assumed: Network, configurations: ReadonlyMap<string, Evidence>): EmulatedBgp {
  const { network, sessions, run, findings } = reconverge(assumed, configurations, { isDeclared: true });
  const expected = (host: string): readonly Route[] => assumed.hosts.get(host)?.routes ?? [];
  const owners = originsOfDestinations(assumed, run.resting.speakers.keys());
  const isGuessed = choicesOf(run).length > 0 || unsettledRoutes(run).size > 0;
  const hosts = new Map<string, Host>(network.hosts);
  for (const name of run.resting.speakers.keys()) {
    const host = hosts.get(name);
    if (host === undefined) continue;
    const routes = host.routes.map((route): Route => {
      if (route.carrier === undefined || route.origin !== NO_ORIGIN) return route;
      const origin = owners.get(formatPrefix(route.destination)) ?? NO_ORIGIN;
      return isGuessed && route.carrier.bgp !== null
        ? { ...route, origin, assumption: "bgp-guessed" }
        : { ...route, origin };
    });
    hosts.set(name, { ...host, routes });
  }
  return { network: { ...network, hosts, bgp: { sessions, expected } }, findings };
}

/** By destination: what the routes of BIRD are made of that are assumed there. */
function originsOfDestinations(network: Network, nodes: Iterable<string>): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const node of nodes) {
    for (const { protocol, destination, origin } of network.hosts.get(node)?.routes ?? []) {
      if (protocol === "bird" && origin !== NO_ORIGIN) origins.set(formatPrefix(destination), origin);
    }
  }
  return origins;
}

/** How many sessions configurations ask for, counted at each end. */
export function sessionCount(configurations: Iterable<Evidence>): number {
  const sessionsOf = ({ protocols }: BirdConfiguration): number =>
    protocols.filter(({ type }) => type === "bgp").length;
  let count = 0;
  for (const { birdConfigurations } of configurations) for (const one of birdConfigurations) count += sessionsOf(one);
  return count;
}
