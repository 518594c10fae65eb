import type { NextHop, Route } from "../../model/route.ts";
import { ignoresLinkdown } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import { deviceNamed } from "./named-device.ts";

/**
 * fib_lookup_good_nhc() without the outgoing device: alive, and with a carrier where its interface wants one. An
 * address answers also while its device is down.
 */
export function isAlive(runtime: HostRuntime, route: Route, hop: NextHop): boolean {
  if (hop.dead || hop.interface === null) return false;
  const device = deviceNamed(runtime.host, hop.interface);
  if (device === null || (!device.up && route.type !== "local")) return false;
  return !hop.linkdown || !ignoresLinkdown(runtime, hop.interface, route.family);
}

/** The first next hop that a look-up may take; a socket bound to a device takes the first of that device. */
export function firstHop(runtime: HostRuntime, route: Route, output: string | null): NextHop | null {
  const { nextHops } = route;
  for (let index = 0; index < nextHops.length; index++) {
    const hop = nextHops[index];
    if (hop === undefined) continue;
    if ((output === null || output === hop.interface) && isAlive(runtime, route, hop)) return hop;
  }
  return null;
}
