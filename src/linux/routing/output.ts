import type { Interface } from "../../model/interface.ts";
import { nextHop, route } from "../../model/route.ts";
import { type Address, isLoopback, unspecified } from "../../net/address.ts";
import { hostPrefix } from "../../net/prefix.ts";
import { routeLocalnet } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { lookUpRoute } from "./look-up.ts";
import type { RoutingResult } from "./result.ts";
import { SCOPE_LINK, selectAddress } from "./source-address.ts";

/** Protocol that a raw socket with its own header asks for. */
const IPPROTO_RAW = 255;

/**
 * ip_route_output_key(): the route of a local packet with the given source (null while unset). A socket bound to a
 * device needs none: what no table says is taken to be on its link. `ownHeader`: of a raw socket, which knows nothing
 * of what the header says but the destination.
 */
export function routeOutput(runtime: HostRuntime, skb: Skb, source: Address | null, ownHeader = false): RoutingResult {
  const { packet } = skb;
  const key = {
    dst: packet.dst,
    src: source,
    input: null,
    output: skb.boundInterface,
    mark: skb.mark,
    uid: skb.owner?.uid ?? 0,
  };
  const result = lookUpRoute(
    runtime,
    ownHeader
      ? { ...key, tos: 0, protocol: IPPROTO_RAW, sport: 0, dport: 0 }
      : { ...key, tos: packet.tos & 0x1c, protocol: packet.protocol, sport: packet.sport, dport: packet.dport },
  );
  if (result.kind === "unicast" && source !== null && source.family === 4 && isLoopback(source)) {
    if (!routeLocalnet(runtime, result.output))
      return { kind: "error", errno: "EINVAL", route: result.route, rule: null };
  }
  if (result.kind !== "error" || skb.boundInterface === null || packet.dst.family === 6) return result;
  const output = runtime.host.interfaces.get(skb.boundInterface);
  return output === undefined ? result : onLink(output, packet.dst);
}

function onLink(output: Interface, destination: Address): RoutingResult {
  const nextHops = [nextHop({ interface: output.name })];
  const stand = route({ destination: hostPrefix(destination), scope: "link", nextHops });
  return {
    kind: "unicast",
    output,
    nextHop: destination,
    viaGateway: false,
    route: stand,
    preferredSource: null,
    onlink: false,
  };
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
  const direct = result.kind !== "unicast" || !result.viaGateway;
  const towards =
    direct && destination.family === 4 ? unspecified(4) : result.kind === "unicast" ? result.nextHop : destination;
  const scope = result.kind === "unicast" && !result.viaGateway ? SCOPE_LINK : 0;
  return selectAddress(runtime, result.output, towards, scope);
}
