import type { Interface } from "../../model/interface.ts";
import { nextHop, type Route, route } from "../../model/route.ts";
import { type Address, ipv4, isLimitedBroadcast, isLoopback, isMulticast, isUnspecified } from "../../net/address.ts";
import { V6_ECHO_REPLY } from "../../net/icmp.ts";
import { hostPrefix } from "../../net/prefix.ts";
import { ICMPV6, IGMP, TCP } from "../../net/protocol.ts";
import { RST } from "../../net/tcp-flags.ts";
import { routeLocalnet } from "../device-settings.ts";
import { overLearntGateway } from "../route-exceptions.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import type { RouteKey } from "./key.ts";
import { lookUpRoute } from "./look-up.ts";
import { deviceNamed } from "./named-device.ts";
import { routeOutput6 } from "./output6.ts";
import { ownDevice } from "./own-device.ts";
import type { RoutingResult } from "./result.ts";
import { selectPath } from "./select-path.ts";
import { hopSource, SCOPE_HOST, SCOPE_LINK, selectAddress } from "./source-address.ts";
import { selectAddress6 } from "./source-address6.ts";
import { routesUnknown, UNKNOWN_INTERFACE, unknownSourceFor } from "./unknown-route.ts";

/** Protocol that a raw socket with its own header asks for. */
const IPPROTO_RAW = 255;

/**
 * The route of a local packet with the given source (null while unset). `ownHeader`: of a raw socket, which knows
 * nothing of what the header says but the destination. `preferred`: see `RouteKey.lenient`. `anySource`: see `routeOutputKey`.
 */
export function routeOutput(
  runtime: HostRuntime,
  skb: Skb,
  source: Address | null,
  ownHeader = false,
  preferred: string | null = null,
  anySource = true,
): RoutingResult {
  const { packet } = skb;
  // One literal for both: objects that are spread are made by the runtime, this one by compiled code.
  const key: RouteKey = {
    dst: packet.dst,
    src: source,
    input: null,
    output: skb.boundInterface ?? preferred,
    lenient: skb.boundInterface === null,
    mark: skb.mark,
    tos: ownHeader || hasNoClass6(skb) ? 0 : packet.tos & 0xfc,
    protocol: ownHeader ? IPPROTO_RAW : packet.protocol,
    sport: ownHeader ? 0 : packet.sport,
    dport: ownHeader ? 0 : packet.dport,
    uid: skb.owner?.uid ?? 0,
  };
  return routeOutputKey(runtime, key, anySource);
}

/**
 * Measured: the kernel looks up the route of its own echo replies and resets (tcp_v6_send_response()) by no traffic class, which they have in
 * the end.
 */
function hasNoClass6({ fromKernel, packet: { protocol, icmpType, flags, dst } }: Skb): boolean {
  if (!fromKernel) return false;
  if (protocol === ICMPV6) return icmpType === V6_ECHO_REPLY;
  return protocol === TCP && dst.family === 6 && (flags & RST) !== 0;
}

/**
 * ip_route_output_key_hash_rcu() (net/ipv4/route.c). `anySource` (FLOWI_FLAG_ANYSRC): the source need not be one of the
 * host's own, as for a packet that already has its header. A socket bound to a device needs no route: what no table
 * says is taken to be on its link.
 */
export function routeOutputKey(runtime: HostRuntime, key: RouteKey, anySource: boolean): RoutingResult {
  const { dst, src } = key;
  if (dst.family === 6) return routeOutput6(runtime, key);
  if (routesUnknown(runtime, 4) && !isUnspecified(dst)) {
    return overLearntGateway(runtime, selectPath(runtime, lookUpRoute(runtime, key), key, src, null), dst);
  }
  const toMany = isMulticast(dst) || isLimitedBroadcast(dst);
  if (src !== null) {
    if (isMulticast(src) || isLimitedBroadcast(src) || isUnspecified(src)) return failed("EINVAL");
    if (toMany && key.output === null) {
      const owner = ownDevice(runtime, src);
      return owner === null ? failed("ENETUNREACH") : throughDevice(runtime, owner, null, key);
    }
    if (!anySource && ownDevice(runtime, src) === null) return failed("ENETUNREACH");
  }
  const output = key.output === null ? null : deviceNamed(runtime.host, key.output);
  if (key.output !== null) {
    if (output === null) return failed("ENODEV");
    if (!output.up) return failed("ENETUNREACH");
    if (isLocalMulticast(dst) || isLimitedBroadcast(dst) || key.protocol === IGMP) {
      return throughDevice(runtime, output, null, key);
    }
  }
  if (isUnspecified(dst)) {
    return toItself(runtime, src ?? (output === null ? null : selectAddress(runtime, output, dst, SCOPE_HOST)));
  }
  // A group behind a given device has its source before there is a route.
  const preset = src === null && output !== null && isMulticast(dst) ? selectAddress(runtime, output, ipv4(0)) : null;
  const found = lookUpRoute(runtime, preset === null ? key : { ...key, src: preset });
  if (found.kind === "error") return output === null ? found : throughDevice(runtime, output, null, key, preset);
  if (found.kind === "local") {
    if (!toMany) return found;
    // A local route takes groups and broadcasts to the host itself, with themselves as the source.
    const kind = isMulticast(dst) ? "multicast" : "broadcast";
    const preferredSource = preset ?? found.preferredSource ?? dst;
    return { kind, route: found.route, output: runtime.compiled.loopback, preferredSource };
  }
  const path = overLearntGateway(runtime, selectPath(runtime, found, key, src, null), dst);
  return path.kind === "error" ? path : throughDevice(runtime, path.output, path, key, preset);
}

function failed(errno: (RoutingResult & { kind: "error" })["errno"]): RoutingResult {
  return { kind: "error", errno, route: null, rule: null };
}

function isLocalMulticast(dst: Address): boolean {
  return dst.a >>> 8 === 0xe00000;
}

/** A destination of 0.0.0.0 is the host itself, at the source's address or 127.0.0.1. */
function toItself(runtime: HostRuntime, source: Address | null): RoutingResult {
  const output = runtime.compiled.loopback;
  const self = source ?? ipv4(0x7f000001);
  const nextHops = [nextHop({ interface: output.name })];
  const stand = route({ destination: hostPrefix(self), type: "local", table: 0, scope: "host", nextHops });
  return { kind: "local", route: stand, output, preferredSource: self };
}

/** __mkroute_output(): over the device by the route found, or straight onto its link. */
function throughDevice(
  runtime: HostRuntime,
  output: Interface,
  found: Exclude<RoutingResult, { kind: "error" }> | null,
  { dst, src }: RouteKey,
  preset: Address | null = null,
): RoutingResult {
  const source = src ?? preset ?? (found === null ? null : sourceFor(runtime, found, dst));
  if (source !== null && isLoopback(source) && output.kind !== "loopback" && !routeLocalnet(runtime, output)) {
    return failed("EINVAL");
  }
  if (isUnspecified(dst)) return failed("EINVAL");
  // Chosen by the route's own next hop, which groups and broadcasts do not take.
  const preferredSource = source;
  if (isLimitedBroadcast(dst)) return { kind: "broadcast", route: null, output, preferredSource };
  if (isMulticast(dst)) {
    // A route of less than four bits is the default one: groups are on the link then.
    const own = found?.route != null && found.route.destination.length >= 4 ? found.route : null;
    return { kind: "multicast", route: own, output, preferredSource };
  }
  return found ?? onLink(output, dst);
}

function onLink(output: Interface, destination: Address): RoutingResult {
  const nextHops = [nextHop({ interface: output.name })];
  const stand = route({ destination: hostPrefix(destination), table: 0, scope: "link", nextHops });
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
 * local routes, else the best address of the outgoing device for the next hop (fib_select_path).
 */
export function sourceFor(runtime: HostRuntime, result: RoutingResult, destination: Address): Address | null {
  if (result.kind === "error") return null;
  if (result.preferredSource !== null) return result.preferredSource;
  if (destination.family === 6) return selectAddress6(runtime, result.output, destination);
  if (result.kind === "local") return destination;
  if (result.route === null) return selectAddress(runtime, result.output, ipv4(0), SCOPE_LINK);
  if (result.output.name === UNKNOWN_INTERFACE) return unknownSourceFor(runtime, destination);
  return hopSource(runtime, result.route, takenHop(result));
}

function takenHop(result: Exclude<RoutingResult, { kind: "error" }>): Route["nextHops"][number] {
  // The source is that of the route's next hop, whatever a redirect has made of it.
  const gateway = result.kind === "unicast" && result.viaGateway ? (result.learnt?.replaces ?? result.nextHop) : null;
  return nextHop({ gateway, interface: result.output.name });
}
