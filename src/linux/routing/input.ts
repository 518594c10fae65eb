import type { Interface } from "../../model/interface.ts";
import type { Route } from "../../model/route.ts";
import {
  type Address,
  formatAddress,
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isUnspecified,
  unspecified,
} from "../../net/address.ts";
import type { Packet } from "../../net/packet.ts";
import { IGMP } from "../../net/protocol.ts";
import { forwarding, forwardsBroadcasts, routeLocalnet, sendRedirects, sharedMedia } from "../device-settings.ts";
import type { DropReason } from "../drop-reason.ts";
import { overLearntGateway } from "../route-exceptions.ts";
import type { HostRuntime } from "../runtime.ts";
import { routeInput6 } from "./input6.ts";
import type { RouteKey } from "./key.ts";
import { lookUpRoute } from "./look-up.ts";
import { onOneLink } from "./on-one-link.ts";
import { isUnicastRoute, multicastResult, type RoutingResult } from "./result.ts";
import { validateSource } from "./reverse-path.ts";
import { selectPath } from "./select-path.ts";
import { routesUnknown } from "./unknown-route.ts";

/** What the routing decision for an arriving packet needs; `input` is the device's name. */
export type InputKey = RouteKey & {
  readonly src: Address;
  /** The packet itself, whose hash shares out several next hops; null for a question about the way alone. */
  readonly packet: Packet | null;
};

/** A way out of the host. */
export type ForwardResult = Exclude<RoutingResult, { readonly kind: "error" | "local" }>;

/** Deliver here, forward, answer with an error, or drop as a martian. */
export type InputRoute =
  | { readonly kind: "deliver"; readonly result: RoutingResult; readonly broadcast: boolean }
  | {
      readonly kind: "forward";
      /** A broadcast goes on where bc_forwarding lets it. */
      readonly result: ForwardResult;
      readonly redirect: boolean;
    }
  | {
      readonly kind: "unreachable";
      readonly result: RoutingResult & { readonly kind: "error" };
      readonly forwarding: boolean;
    }
  | {
      readonly kind: "martian";
      readonly reason: DropReason | null;
      readonly text: string;
      /** The route that says so; null where none was asked for, or none is to blame. */
      readonly result: RoutingResult | null;
    };

function martian(reason: DropReason | null, text: string, result: RoutingResult | null = null): InputRoute {
  return { kind: "martian", reason, text, result };
}

/** ip_route_input_slow() for IPv4 (net/ipv4/route.c), ip6_route_input() for IPv6. */
export function routeInput(runtime: HostRuntime, device: Interface, key: InputKey): InputRoute {
  return key.dst.family === 4 ? routeInput4(runtime, device, key) : routeInput6(runtime, device, key);
}

function routeInput4(runtime: HostRuntime, device: Interface, key: InputKey): InputRoute {
  const { src, dst } = key;
  if (isMulticast(dst)) return multicast4(runtime, device, key);
  if (isMulticast(src) || isLimitedBroadcast(src)) return martian("IP_INVALID_SOURCE", "broadcast or multicast source");
  if (isLimitedBroadcast(dst) || (isUnspecified(src) && isUnspecified(dst))) return broadcastHere(runtime, device, key);
  if (isUnspecified(src)) return martian("IP_INVALID_SOURCE", "source 0.0.0.0");
  if (isUnspecified(dst)) return martian("IP_INVALID_DEST", "destination 0.0.0.0");
  if (isLoopback(dst) && !routeLocalnet(runtime, device)) return martian("IP_LOCALNET", "127.0.0.0/8 from the wire");
  if (isLoopback(src) && !routeLocalnet(runtime, device)) return martian("IP_LOCALNET", "127.0.0.0/8 from the wire");
  const result = lookUpRoute(runtime, key);
  const forwards = routesUnknown(runtime, 4) || forwarding(runtime, device, 4);
  switch (result.kind) {
    case "error":
      return { kind: "unreachable", result, forwarding: forwards };
    case "multicast":
      return forwards
        ? martian("IP_INVALID_DEST", "nothing is forwarded by a multicast route", result)
        : notForwarding(result.route);
    case "broadcast": {
      if (forwardsBroadcasts(runtime, device)) return forwardBroadcast(runtime, device, key, result);
      // The kernel gives no destination here, so that `ip rule from` cannot select by it.
      const check = validateSource(runtime, { ...key, dst: unspecified(4) }, device, null);
      return check.ok ? { kind: "deliver", result, broadcast: true } : martian(check.reason, "source check");
    }
    case "local": {
      const check = validateSource(runtime, key, device, null);
      return check.ok ? { kind: "deliver", result, broadcast: false } : martian(check.reason, "source check");
    }
    case "unicast": {
      if (!forwards) return notForwarding(result.route);
      if (!isUnicastRoute(result))
        return martian("IP_INVALID_DEST", "nothing is forwarded by a route of type anycast", result);
      return forwardOver(runtime, device, key, selectPath(runtime, result, key, null, key.packet));
    }
  }
}

function notForwarding(route: Route | null): InputRoute {
  return {
    kind: "unreachable",
    forwarding: false,
    result: { kind: "error", errno: "EHOSTUNREACH", route, rule: null },
  };
}

/** __mkroute_input(): the source is checked as if the way back came in where the packet goes out. */
function forwardOver(runtime: HostRuntime, device: Interface, key: InputKey, result: RoutingResult): InputRoute {
  if (result.kind !== "unicast") return martian("IP_INVALID_DEST", "no unicast route");
  const check = validateSource(runtime, key, device, result.output);
  if (!check.ok) return martian(check.reason, "source check");
  const back = check.direct && result.output === device && sendRedirects(runtime, device);
  const redirect = back && (sharedMedia(runtime, device) || onOneLink(device, key.src, result));
  const learnt = overLearntGateway(runtime, result, key.dst);
  return { kind: "forward", result: learnt.kind === "unicast" ? learnt : result, redirect };
}

function forwardBroadcast(runtime: HostRuntime, device: Interface, key: InputKey, result: ForwardResult): InputRoute {
  const check = validateSource(runtime, key, device, result.output);
  return check.ok ? { kind: "forward", result, redirect: false } : martian(check.reason, "source check");
}

/** 224.0.0.1, which every interface listens to. */
const ALL_HOSTS = 0xe0000001;

/**
 * ip_route_input_mc(): only groups that somebody joined are taken, and no dump tells which those are. IGMP is heard
 * whatever its group.
 */
function multicast4(runtime: HostRuntime, device: Interface, key: InputKey): InputRoute {
  const { src, dst } = key;
  if (dst.a !== ALL_HOSTS && key.protocol !== IGMP) {
    runtime.services.assume(runtime, "group-not-joined", `nobody on ${runtime.host.name} joined ${formatAddress(dst)}`);
    return martian(null, "nobody joined the multicast group");
  }
  if (isMulticast(src) || isLimitedBroadcast(src)) return martian("IP_INVALID_SOURCE", "broadcast or multicast source");
  if (isLoopback(src) && !routeLocalnet(runtime, device)) return martian("IP_LOCALNET", "127.0.0.0/8 from the wire");
  if (isUnspecified(src)) {
    const local = dst.a >>> 8 === ALL_HOSTS >>> 8;
    if (!local && key.protocol !== IGMP) return martian("IP_INVALID_SOURCE", "source 0.0.0.0");
  } else {
    const check = validateSource(runtime, { ...key, dst: unspecified(4) }, device, null);
    if (!check.ok) return martian(check.reason, "source check");
  }
  return { kind: "deliver", result: multicastResult(device), broadcast: true };
}

/** brd_input: only 0.0.0.0 (DHCP) is taken without a check. */
function broadcastHere(runtime: HostRuntime, device: Interface, key: InputKey): InputRoute {
  if (!isUnspecified(key.src)) {
    const check = validateSource(runtime, { ...key, dst: unspecified(4) }, device, null);
    if (!check.ok) return martian(check.reason, "source check");
  }
  const result: RoutingResult = { kind: "broadcast", route: null, output: device, preferredSource: null };
  return runtime.host.interfaces.size > 0
    ? { kind: "deliver", result, broadcast: true }
    : martian("IP_INVALID_DEST", "no interface");
}
