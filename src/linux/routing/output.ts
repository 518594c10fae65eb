import { type Address, unspecified } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { lookUpRoute } from "./look-up.ts";
import type { RoutingResult } from "./result.ts";
import { SCOPE_LINK, selectAddress } from "./source-address.ts";

/** ip_route_output_key(): the route of a local packet with the given source (null while unset). */
export function routeOutput(runtime: HostRuntime, skb: Skb, source: Address | null): RoutingResult {
  const { packet } = skb;
  return lookUpRoute(runtime, {
    dst: packet.dst,
    src: source,
    input: null,
    output: skb.boundInterface,
    mark: skb.mark,
    tos: packet.tos & 0x1c,
    protocol: packet.protocol,
    sport: packet.sport,
    dport: packet.dport,
    uid: skb.owner?.uid ?? 0,
  });
}

/**
 * The source address a packet gets when its sender chose none: `src` of the route, else the destination itself for
 * local routes, else the best address of the outgoing device (fib_select_path, inet_select_addr).
 */
export function sourceFor(runtime: HostRuntime, result: RoutingResult, destination: Address): Address | null {
  if (result.kind === "error") return null;
  if (result.preferredSource !== null) return result.preferredSource;
  if (result.kind === "local") return destination;
  // The kernel passes the gateway only: an on-link route takes the device's first address (fib_info_update_nhc_saddr).
  const onLink = result.kind !== "unicast" || !result.viaGateway;
  const towards = onLink && destination.family === 4 ? unspecified(4) : result.kind === "unicast" ? result.nextHop : destination;
  const scope = result.kind === "unicast" && !result.viaGateway ? SCOPE_LINK : 0;
  return selectAddress(runtime, result.output, towards, scope);
}
