import type { Host } from "../model/host.ts";
import type { Address } from "../net/address.ts";
import { quietSysctl, sysctl } from "./device-settings.ts";
import { allowPeer, consume, hasGlobalCredit, isNewPeer } from "./icmp-limit.ts";
import { remembered } from "./remembered.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";

/** `net.ipv6.icmp.ratemask` of a fresh namespace: all but "packet too big". */
const DEFAULT_MASK = "0-1,3-127";

/** Milliseconds, in a fresh namespace of Linux 6.18 (measured). */
const DEFAULT_LIMIT = 100;

/** Types that are limited, as ranges. */
const limitedTypes = remembered((host: Host): readonly (readonly [first: number, last: number])[] =>
  (host.sysctls.get("net.ipv6.icmp.ratemask") ?? DEFAULT_MASK).split(",").flatMap((range) => {
    const [first = "", last = first] = range.trim().split("-");
    return /^\d+$/.test(first) && /^\d+$/.test(last) ? [[Number(first), Number(last)]] : [];
  }),
);

function isLimited({ host }: HostRuntime, type: number): boolean {
  return limitedTypes(host).some(([first, last]) => type >= first && type <= last);
}

/**
 * icmpv6_global_allow() and icmpv6_xrlim_allow() (net/ipv6/icmp.c): whether the host may send this message now. One to
 * `destination` each `net.ipv6.icmp.ratelimit`, after a burst of six; those of both families together `icmp_msgs_per_sec`.
 * What came in over `lo` is not limited, and what goes out there not for its destination. The length of the route's prefix
 * does not matter: measured on Linux 6.18.
 */
export function allowIcmp6(
  runtime: HostRuntime,
  type: number,
  destination: Address,
  way: RoutingResult,
  cameOverLoopback: boolean,
): boolean {
  if (cameOverLoopback || !isLimited(runtime, type)) return true;
  if (!hasGlobalCredit(runtime) || way.kind === "error") return false;
  if (way.kind !== "local" && way.output.kind !== "loopback") {
    const read = isNewPeer(runtime, destination) ? quietSysctl : sysctl;
    if (!allowPeer(runtime, destination, read(runtime, "net.ipv6.icmp.ratelimit", DEFAULT_LIMIT) / 1000)) return false;
  }
  consume(runtime.icmpLimits);
  return true;
}

/** ip6_forward(), ndisc_send_redirect(): redirects, for the one who is redirected and for the destination alike. */
export function allowRedirect6(runtime: HostRuntime, about: Address): boolean {
  return allowPeer(runtime, about, 1);
}
