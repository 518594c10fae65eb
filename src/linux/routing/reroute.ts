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
 * a program's socket that is bound to a device keeps that. The device of a route to this host itself is lo, where no such address is found.
 */
function boundTo(runtime: HostRuntime, skb: Skb): string | null {
  const { packet, route, boundInterface } = skb;
  if (packet.dst.family === 4) return boundInterface;
  const bound = boundSocket(skb);
  if (bound !== null) return bound;
  if (!isOfALink(skb)) return null;
  if (route === null || route.kind === "error") return boundInterface;
  return route.kind === "local" ? runtime.compiled.loopback.name : route.output.name;
}

function boundSocket({ owner, boundInterface, hookSocket }: Skb): string | null {
  if (hookSocket !== null) return hookSocket.boundInterface;
  return owner === null ? null : boundInterface;
}

/**
 * ip_route_me_harder(): routes a local packet again after OUTPUT changed it; the source address stays, and IPv4 forgets whose it is (measured:
 * root's). False when there is no route any more.
 */
export function reroute(runtime: HostRuntime, skb: Skb): boolean {
  const { src } = skb.packet;
  const type = src.family === 6 ? "LOCAL" : addressType(runtime, src, null);
  const source = type === "LOCAL" || type === "UNICAST" ? src : null;
  const owner = src.family === 4 ? null : (skb.hookSocket ?? skb).owner;
  const result = routeOutput(runtime, { ...skb, boundInterface: boundTo(runtime, skb), owner }, source);
  if (runtime.observer !== null) runtime.observer.step({ kind: "route", runtime, skb, result, purpose: "again" });
  if (result.kind === "error") {
    skb.errno = result.errno;
    return false;
  }
  // The rest of OUTPUT still sees the device of the first look-up: `sendLocal` sets the new one behind it.
  skb.route = result;
  return true;
}
