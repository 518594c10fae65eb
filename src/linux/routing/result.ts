import type { Interface } from "../../model/interface.ts";
import type { PolicyRule } from "../../model/policy-rule.ts";
import type { Route } from "../../model/route.ts";
import type { Address } from "../../net/address.ts";
import type { LearntGateway } from "../route-exceptions.ts";

/**
 * What a route look-up says. `errno` names follow the kernel: ENETUNREACH for no route and `throw`, EHOSTUNREACH for
 * `unreachable`, EACCES for `prohibit`, EINVAL for `blackhole` and bad sources, ENODEV for a device that is not there.
 */
export type RoutingResult =
  | {
      readonly kind: "unicast";
      readonly output: Interface;
      /** Address to resolve on the link: the gateway, or the destination itself. */
      readonly nextHop: Address;
      readonly viaGateway: boolean;
      /** Null for a route made by podpath for a deduced neighbour. */
      readonly route: Route;
      /** `src` of the route; null when it has none. */
      readonly preferredSource: Address | null;
      readonly onlink: boolean;
      /** The redirect that the next hop is from; absent where it is that of the route. */
      readonly learnt?: LearntGateway;
    }
  | {
      readonly kind: "local";
      readonly route: Route;
      readonly output: Interface;
      readonly preferredSource: Address | null;
    }
  | {
      readonly kind: "broadcast" | "multicast";
      readonly route: Route | null;
      readonly output: Interface;
      readonly preferredSource: Address | null;
    }
  | {
      readonly kind: "error";
      readonly errno: "ENETUNREACH" | "EHOSTUNREACH" | "EACCES" | "EINVAL" | "ENODEV";
      /** The route or rule that says so; null when nothing matched. */
      readonly route: Route | null;
      readonly rule: PolicyRule | null;
    };

/** `fib_result.type == RTN_UNICAST`: what IPv4 forwards by, and asks of the way back to a sender. One of type anycast is a way for senders alone. */
export function isUnicastRoute(result: RoutingResult): result is RoutingResult & { readonly kind: "unicast" } {
  return result.kind === "unicast" && result.route.type !== "anycast";
}

/** A packet to a group on the link of a device; no route is asked. */
export function multicastResult(device: Interface): RoutingResult {
  return { kind: "multicast", route: null, output: device, preferredSource: null };
}
