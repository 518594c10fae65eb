import type { Route } from "../../model/route.ts";
import { sameAddress } from "../../net/address.ts";
import { parseInterfaceAddress } from "../../net/prefix.ts";

/**
 * What the kernel says to a route that it does not take whatever the host has, in the words of Linux 6.18 and iproute2 6.1; null for
 * others (net/ipv4/fib_semantics.c fib_create_info, net/ipv4/fib_frontend.c fib_valid_key_len, net/ipv6/route.c). `typed` is the
 * destination as it was typed.
 */
export function refusedRoute({ family, type, nextHops, destination }: Route, typed: string): string | null {
  const leadsNowhere = type === "blackhole" || type === "unreachable" || type === "prohibit" || type === "throw";
  if (!leadsNowhere && nextHops.length === 0) return "RTNETLINK answers: No such device";
  if (family === 6) return null;
  const written = parseInterfaceAddress(typed);
  if (written !== null && !sameAddress(written.address, destination.address)) {
    return "Error: Invalid prefix for given prefix length.";
  }
  if (leadsNowhere && nextHops.length > 0) {
    return "Error: Gateway, device and multipath can not be specified for this route type.";
  }
  const hasGateway = nextHops.some(({ gateway }) => gateway !== null);
  return type === "local" && hasGateway ? "Error: Route with host scope can not have a gateway." : null;
}
