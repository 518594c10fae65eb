import { type Family, isUnspecified } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import { quietSysctl } from "./device-settings.ts";
import { dstMtu } from "./path-mtu.ts";
import type { RouteKey } from "./routing/key.ts";
import { routeOutputKey } from "./routing/output.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";

/** Octets of the headers of IP and TCP without options. */
const HEADERS = { 4: 40, 6: 60 } as const;

/** What a TCP without the option is taken to take (TCP_MSS_DEFAULT, include/net/tcp.h). */
export const TCP_MSS_DEFAULT = 536;

/** What `min_adv_mss` is where nobody has said otherwise (ip_rt_min_advmss, net/ipv4/route.c; net/ipv6/route.c). */
const LEAST_ADVERTISED = { 4: 256, 6: 1220 } as const;

/** The same of `tcp_min_snd_mss` (TCP_MIN_SND_MSS, include/net/tcp.h). */
const LEAST_SENT = 48;

/**
 * dst_mtu() of the route that a segment of this host's takes, in bytes; null where there is none. The packet needs no more than
 * what routes are looked up by.
 */
export function mtuOfSegment(
  runtime: HostRuntime,
  segment: Packet,
  boundInterface: string | null,
  mark = 0,
): number | null {
  return mtuOf(runtime, segment, routeOf(runtime, segment, boundInterface, mark));
}

function routeOf(
  runtime: HostRuntime,
  { src, dst, tos, protocol, sport, dport }: Packet,
  boundInterface: string | null,
  mark: number,
): RoutingResult {
  const key: RouteKey = {
    dst,
    src: isUnspecified(src) ? null : src,
    input: null,
    output: boundInterface,
    lenient: boundInterface === null,
    mark,
    tos: tos & 0xfc,
    protocol,
    sport,
    dport,
    uid: 0,
  };
  return routeOutputKey(runtime, key, true);
}

function mtuOf(runtime: HostRuntime, { dst }: Packet, route: RoutingResult): number | null {
  if (route.kind === "error") return null;
  return dstMtu(runtime, route, dst);
}

/**
 * The MSS that a SYN tells, by the MTU of its route: ipv4_default_advmss() (net/ipv4/route.c), ip6_default_advmss()
 * (net/ipv6/route.c).
 */
function advertisedMss(runtime: HostRuntime, mtu: number, family: Family): number {
  const least = quietSysctl(runtime, `net.ipv${family}.route.min_adv_mss`, LEAST_ADVERTISED[family]);
  const size = Math.max(mtu - HEADERS[family], least);
  if (family === 4) return Math.min(size, 0xffff - HEADERS[4]);
  return size > 0xffff - 20 ? 0xffff : size;
}

/** dst_metric_advmss(): fills in what a SYN of this host's says, which its route may name (`advmss`). Returns the MTU of its route; null where there is none, which sending tells. */
export function tellMss(runtime: HostRuntime, syn: Packet, boundInterface: string | null, mark = 0): number | null {
  const result = routeOf(runtime, syn, boundInterface, mark);
  const mtu = mtuOf(runtime, syn, result);
  if (mtu !== null) syn.mss = result.route?.advertisedMss ?? advertisedMss(runtime, mtu, syn.dst.family);
  return mtu;
}

/** Octets of the stream that a segment takes by a way with such an MTU, without options: tcp_mtu_to_mss() (net/ipv4/tcp_output.c). */
export function sentMss(runtime: HostRuntime, mtu: number, family: Family): number {
  return Math.max(mtu - HEADERS[family], quietSysctl(runtime, "net.ipv4.tcp_min_snd_mss", LEAST_SENT));
}
