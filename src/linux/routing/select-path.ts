import type { Route } from "../../model/route.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import type { Packet } from "../../net/packet.ts";
import { fibOf } from "../compiled-host.ts";
import { findNeighbour } from "../neighbour-table.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";
import { resultOf } from "./look-up.ts";
import { multipathHop } from "./multipath.ts";
import { firstHop } from "./next-hop.ts";
import type { RoutingResult } from "./result.ts";
import { searchRoutes } from "./route-table.ts";
import { LEGACY_TOS_MASK } from "./rule-selects.ts";

/**
 * fib_select_path(): which way of several a packet takes that is sent or forwarded. A packet that must leave by a
 * device keeps the hop that the look-up found there. `source` and `arrived` as for `multipathHop`.
 */
export function selectPath(
  runtime: HostRuntime,
  result: RoutingResult,
  key: RouteKey,
  source: Address | null,
  arrived: Packet | null,
): RoutingResult {
  if (result.kind === "error" || result.route === null) return result;
  if (key.output !== null && key.lenient !== true) return result;
  const { route } = result;
  if (route.nextHops.length > 1) {
    const hop = multipathHop(runtime, route, key, source, arrived);
    return (hop === null ? null : resultOf(runtime, route, hop, key)) ?? result;
  }
  if (route.destination.length === 0 && route.family === 4 && result.kind === "unicast" && arrived === null) {
    return selectDefault(runtime, result, key);
  }
  return result;
}

/**
 * fib_select_default(): of several default routes of one metric a packet of the host's own takes one whose gateway is
 * known to answer, in turns. Which, the neighbour cache of the moment says: asked where it is not certain.
 */
function selectDefault(
  runtime: HostRuntime,
  result: RoutingResult & { readonly kind: "unicast" },
  key: RouteKey,
): RoutingResult {
  const { route } = result;
  const candidates = defaultsBeside(runtime, route, key);
  if (candidates.length < 2 || candidates[0] !== route) return result;
  const [hop] = route.nextHops;
  const known =
    hop?.gateway == null || hop.interface === null
      ? null
      : findNeighbour(runtime.neighbours, hop.interface, hop.gateway);
  if (known?.text === "REACHABLE" || known?.text === "PERMANENT") return result;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "which-default-route",
    variable: `${runtime.host.name} default route ${route.table} ${route.origin}`,
    question: `which of its ${candidates.length} default routes of metric ${route.metric} does ${runtime.host.name} take? it depends on which gateway has answered`,
    alternatives: candidates.map(({ nextHops: [way] }) => ({
      label: `via ${way?.gateway == null ? "" : formatAddress(way.gateway)}`,
      probability: 0,
    })),
    command: "ip neigh show",
  });
  const chosen = candidates[taken] ?? route;
  const way = firstHop(runtime, chosen, null);
  return (way === null ? null : resultOf(runtime, chosen, way, key)) ?? result;
}

/** Default routes of the same table, TOS, metric and scope that lead to a gateway, in order. */
function defaultsBeside(runtime: HostRuntime, route: Route, key: RouteKey): readonly Route[] {
  const table = fibOf(runtime.compiled, 4).tables.get(route.table);
  const found: Route[] = [];
  if (table === undefined) return found;
  searchRoutes(table, key.dst, (group) => {
    for (const other of group) {
      const [hop] = other.nextHops;
      const same = other.table === route.table && other.metric === route.metric && other.scope === route.scope;
      const tos = other.tos === route.tos && (other.tos === 0 || other.tos === (key.tos & LEGACY_TOS_MASK));
      const isDefault = other.destination.length === 0 && other.type === "unicast" && hop?.gateway != null;
      if (same && tos && isDefault && firstHop(runtime, other, null) !== null) found.push(other);
    }
    return null;
  });
  return found;
}
