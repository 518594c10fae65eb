import { isLinkLocal, isMulticast } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { addressType } from "./address-type.ts";
import { routeOutput } from "./output.ts";

/**
 * ip6_route_me_harder(): what means something only on a link is looked for on the device of its route, which for this host's
 * own addresses is lo, where they are not found. Only a socket that is bound to a device keeps that.
 */
function losesItsLink({ packet, route, owner, boundInterface }: Skb): boolean {
  if (packet.dst.family === 4 || route?.kind !== "local" || (owner !== null && boundInterface !== null)) return false;
  return isLinkLocal(packet.dst) || isMulticast(packet.dst);
}

/**
 * ip_route_me_harder(): routes a local packet again after OUTPUT changed it; the source address stays. False when
 * there is no route any more.
 */
export function reroute(runtime: HostRuntime, skb: Skb): boolean {
  if (losesItsLink(skb)) {
    skb.errno = "ENETUNREACH";
    return false;
  }
  const { src } = skb.packet;
  const type = src.family === 6 ? "LOCAL" : addressType(runtime, src, null);
  const source = type === "LOCAL" || type === "UNICAST" ? src : null;
  const result = routeOutput(runtime, skb, source);
  if (runtime.observer !== null) runtime.observer.step({ kind: "route", runtime, skb, result, purpose: "again" });
  if (result.kind === "error") {
    skb.errno = result.errno;
    return false;
  }
  // The rest of OUTPUT still sees the device of the first look-up: `sendLocal` sets the new one behind it.
  skb.route = result;
  return true;
}
