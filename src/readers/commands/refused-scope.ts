import type { Route } from "../../model/route.ts";

/** RT_SCOPE_*: the greater, the nearer. */
const SCOPES = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 } as const;

/** `fib_props` (net/ipv4/fib_semantics.c): the widest scope that a route of the type may have. */
function widest(type: Route["type"]): Route["scope"] {
  if (type === "local") return "host";
  return type === "broadcast" || type === "anycast" ? "link" : "global";
}

/**
 * What the kernel says of an IPv4 route that `ip route add` gives a scope which its type or its gateway does not go with; null where it takes
 * it (fib_create_info(), fib_check_nh_v4_gw()). IPv6 has no scopes.
 */
export function refusedScope({ family, type, scope, nextHops }: Route): string | null {
  if (family === 6) return null;
  if (SCOPES[scope] < SCOPES[widest(type)] || SCOPES[scope] > SCOPES.host) return "Error: Invalid scope.";
  const behind = nextHops.filter(({ gateway }) => gateway !== null);
  if (behind.length === 0 || SCOPES[scope] < SCOPES.link) return null;
  if (SCOPES[scope] >= SCOPES.host) return "Error: Route with host scope can not have a gateway.";
  return behind.some(({ onlink }) => onlink)
    ? "Error: Nexthop has invalid scope."
    : "Error: Nexthop has invalid gateway.";
}
