import { isLinkLocal } from "../../net/address.ts";
import { fibOf } from "../compiled-host.ts";
import { overLearntGateway } from "../route-exceptions.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";
import { lookUpRoute } from "./look-up.ts";
import type { RoutingResult } from "./result.ts";
import { selectPath } from "./select-path.ts";
import { selectAddress6 } from "./source-address6.ts";

/**
 * ip6_dst_lookup_tail() (net/ipv6/ip6_output.c): the route of a local packet. Without a route a source is chosen all the
 * same, and the look-up repeated with it: `ip -6 rule from` may know that one. The packet keeps it, whatever way it takes.
 * An interface that was only preferred is demanded then (RT6_LOOKUP_F_IFACE).
 */
export function routeOutput6(runtime: HostRuntime, key: RouteKey): RoutingResult {
  const found = lookUpRoute(runtime, key);
  if (found.kind !== "error" || key.src !== null || fibOf(runtime.compiled, 6).plainTables !== null) {
    return overLearntGateway(runtime, selectPath(runtime, found, key, null, null), key.dst);
  }
  const src = selectAddress6(runtime, null, key.dst);
  if (src === null || isLinkLocal(src)) return found;
  const known = { ...key, src, lenient: false };
  const path = selectPath(runtime, lookUpRoute(runtime, known), known, null, null);
  const result = overLearntGateway(runtime, path, key.dst);
  return result.kind === "error" ? result : { ...result, preferredSource: src };
}
