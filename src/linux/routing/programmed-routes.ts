import { hostWithRoutes } from "../../model/host-parts.ts";
import type { Route } from "../../model/route.ts";
import { type Address, compareAddresses } from "../../net/address.ts";
import { lastAddress, type Prefix, prefixContains } from "../../net/prefix.ts";
import type { HostRuntime } from "../runtime.ts";

/** Which destinations a routing daemon has given other routes, one time. */
export interface RouteChange {
  readonly lowest: Address;
  readonly highest: Address;
  /** Null: too many to tell each; any between the two may be among them. */
  readonly destinations: readonly Prefix[] | null;
}

/** More destinations are not told one by one. */
const FEW = 16;

/** What has become of a host's routes while it lived, the latest last. */
export type RouteChanges = RouteChange[];

/** These destinations have other routes; null: none has. */
export function changeOf(changed: readonly Prefix[]): RouteChange | null {
  const [first] = changed;
  if (first === undefined) return null;
  let lowest = first.address;
  let highest = lastAddress(first);
  for (const prefix of changed) {
    if (compareAddresses(prefix.address, lowest) < 0) lowest = prefix.address;
    const last = lastAddress(prefix);
    if (compareAddresses(last, highest) > 0) highest = last;
  }
  return { lowest, highest, destinations: changed.length > FEW ? null : changed };
}

/**
 * Gives a living host other routes than its dump tells: what a routing daemon has programmed meanwhile, and for which
 * destinations of one family that changes something. They are made when somebody asks for them. The Host stays as it is; rules and
 * addresses are compiled once for both.
 */
export function programRoutes(runtime: HostRuntime, make: () => readonly Route[], change: RouteChange | null): void {
  const { compiled, host } = runtime;
  let made: readonly Route[] | null = null;
  const routes = (): readonly Route[] => {
    made ??= make();
    return made;
  };
  runtime.compiled = { ...compiled, host: hostWithRoutes(host, routes), fib: { 4: null, 6: null } };
  if (change !== null) runtime.routeChanges.push(change);
}

/** Whether the route to an address may be another one since so many changes had happened. */
export function mayRouteOtherwise({ routeChanges }: HostRuntime, since: number, address: Address): boolean {
  for (let index = since; index < routeChanges.length; index++) {
    const change = routeChanges[index];
    if (change === undefined || change.lowest.family !== address.family) continue;
    const { lowest, highest, destinations } = change;
    if (compareAddresses(address, lowest) < 0 || compareAddresses(address, highest) > 0) continue;
    if (destinations === null || isHeldByOne(destinations, address)) return true;
  }
  return false;
}

function isHeldByOne(destinations: readonly Prefix[], address: Address): boolean {
  for (let index = 0; index < destinations.length; index++) {
    const prefix = destinations[index];
    if (prefix !== undefined && prefixContains(prefix, address)) return true;
  }
  return false;
}
