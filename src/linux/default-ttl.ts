import type { Route } from "../model/route.ts";
import type { Family } from "../net/address.ts";
import { confKey, quietSysctl } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";

/** What both families start with where nobody has said otherwise (IPDEFTTL, IPV6_DEFAULT_HOPLIMIT). */
const USUAL = 64;

/** What the kernel's own sockets of IPv4 send to a multicast group with (inet->mc_ttl, __ip_make_skb() in net/ipv4/ip_output.c). */
export const MULTICAST_TTL = 1;

/**
 * TTL or hop limit of what a host sends by itself (ip4_dst_hoplimit(), ip6_dst_hoplimit()): that of the route, if it has one; else IPv4
 * has one for all, IPv6 one for each device that packets leave by.
 */
export function defaultTtl(
  runtime: HostRuntime,
  family: Family,
  device: string | null,
  route: Route | null = null,
): number {
  if (route?.hopLimit !== undefined) return route.hopLimit;
  if (family === 4) return quietSysctl(runtime, "net.ipv4.ip_default_ttl", USUAL);
  const all = quietSysctl(runtime, "net.ipv6.conf.all.hop_limit", USUAL);
  return device === null ? all : quietSysctl(runtime, confKey(6, device, "hop_limit"), USUAL);
}
