import { isLinkLocal, isMulticast } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { addressType } from "./address-type.ts";
import { routeOutput } from "./output.ts";

/** rt6_need_strict(): what means something only on a link. */
function isOfALink({ packet: { dst } }: Skb): boolean {
  return dst.family === 6 && (isLinkLocal(dst) || isMulticast(dst));
}

/**
 * ip6_route_me_harder(): what means something only on a link is looked for on the device of its route, all else on any. Only
 * a program's socket that is bound to a device keeps that.
 */
function boundTo(skb: Skb): string | null {
  const { packet, route, owner, boundInterface } = skb;
  if (packet.dst.family === 4 || (owner !== null && boundInterface !== null)) return boundInterface;
  if (!isOfALink(skb)) return null;
  return route === null || route.kind === "error" ? boundInterface : route.output.name;
}

/** That device is lo for this host's own addresses, where they are not found. */
function losesItsLink(skb: Skb): boolean {
  const bound = skb.owner !== null && skb.boundInterface !== null;
  return skb.route?.kind === "local" && !bound && isOfALink(skb);
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
  const result = routeOutput(runtime, { ...skb, boundInterface: boundTo(skb) }, source);
  if (runtime.observer !== null) runtime.observer.step({ kind: "route", runtime, skb, result, purpose: "again" });
  if (result.kind === "error") {
    skb.errno = result.errno;
    return false;
  }
  // The rest of OUTPUT still sees the device of the first look-up: `sendLocal` sets the new one behind it.
  skb.route = result;
  return true;
}
