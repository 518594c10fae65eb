import type { Address } from "../net/address.ts";
import { type Packet, packetLength } from "../net/packet.ts";
import { TCP, UDP } from "../net/protocol.ts";
import { IPV6_MIN_MTU, ipMtu, quietSysctl, sysctl } from "./device-settings.ts";
import { exceptionOf, setException } from "./route-exceptions.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** `net.ipv4.route.mtu_expires`, `net.ipv6.route.mtu_expires`: seconds. */
const MTU_EXPIRES = 600;
/** `net.ipv4.route.min_pmtu`: what is learnt is never smaller. */
const MIN_PMTU = 552;
/** The least MTU of any link (RFC 791). */
const IPV4_MIN_MTU = 68;

/** A route out of this host. */
type RouteOut = Exclude<RoutingResult, { readonly kind: "error" | "local" }>;

/**
 * ip_dst_mtu_maybe_forward() (include/net/ip.h): the greatest packet that a route takes, in bytes. A learnt path MTU
 * counts for this host's own packets; forwarded ones obey it only when it is locked or `ip_forward_use_pmtu` is set.
 */
export function routeMtu(runtime: HostRuntime, result: RouteOut, destination: Address, forwarding: boolean): number {
  const { route, output } = result;
  const exception = exceptionOf(runtime, route, destination);
  if (exception !== null && exception.mtu > 0) {
    if (!forwarding || exception.locked || usesLearntMtu(runtime, destination)) return exception.mtu;
  }
  return route !== null && route.mtu > 0 ? route.mtu : ipMtu(runtime, output, destination.family);
}

/**
 * A program's packet that goes without DF: where `ip_no_pmtu_disc` was set when its socket was made (inet_create(); it is taken to be older than
 * every socket); and although it looks for the path's MTU (IP_PMTUDISC_WANT, the default), where that MTU is locked,
 * and a datagram that is longer than it, which its own host cuts (__ip_make_skb()).
 */
export function isSentToBeCut(runtime: HostRuntime, packet: Packet, result: RoutingResult): boolean {
  if (neverDiscovers(runtime, packet) || isMtuLocked(runtime, result, packet.dst)) return true;
  if (packet.protocol !== UDP || result.kind !== "unicast") return false;
  return packetLength(packet) > routeMtu(runtime, result, packet.dst, false);
}

/** The answer rests on the setting where some link may take less than the packet: none takes less than 68 bytes. */
function neverDiscovers(runtime: HostRuntime, packet: Packet): boolean {
  if (packet.src.family === 6) return false;
  const read = packetLength(packet) > IPV4_MIN_MTU ? sysctl : quietSysctl;
  return read(runtime, "net.ipv4.ip_no_pmtu_disc", 0) !== 0;
}

/** ip_mtu_locked(): IPv4 sends without DF where the route says so, or has learnt an MTU that may be wrong. */
function isMtuLocked(runtime: HostRuntime, { route }: RoutingResult, destination: Address): boolean {
  if (destination.family === 6) return false;
  return route?.mtuLocked === true || exceptionOf(runtime, route, destination)?.locked === true;
}

function usesLearntMtu(runtime: HostRuntime, destination: Address): boolean {
  return destination.family === 4 && sysctl(runtime, "net.ipv4.ip_forward_use_pmtu", 0) !== 0;
}

/** dst_mtu() of a local route: packets to this host's own addresses go over `lo`, wherever the addresses are. */
function localMtu(runtime: HostRuntime, { route }: RoutingResult & { readonly kind: "local" }): number {
  return route.mtu > 0 ? route.mtu : ipMtu(runtime, runtime.compiled.loopback, route.family);
}

/** dst_mtu(): the greatest packet of this host's own that a route takes, in bytes. */
export function dstMtu(
  runtime: HostRuntime,
  result: Exclude<RoutingResult, { readonly kind: "error" }>,
  destination: Address,
): number {
  return result.kind === "local" ? localMtu(runtime, result) : routeMtu(runtime, result, destination, false);
}

/**
 * ip_setup_cork(), __ip_append_data(), and those of IPv6: the MTU for which a socket lays out in pieces what is longer, else 0. TCP has
 * no such packets, and what brings its own header is one piece.
 */
export function appendedFor(
  runtime: HostRuntime,
  { packet, ownHeader }: Skb,
  result: Exclude<RoutingResult, { kind: "error" }>,
): number {
  if (ownHeader || packet.protocol === TCP) return 0;
  const mtu = dstMtu(runtime, result, packet.dst);
  return packetLength(packet) > mtu ? mtu : 0;
}

/** ip_skb_dst_mtu(): what the packet in hand may be long when it leaves by its route. */
export function outgoingMtu(runtime: HostRuntime, skb: Skb, route: RoutingResult): number {
  if (route.kind === "error") return 0xffff;
  if (route.kind === "local") return localMtu(runtime, route);
  return routeMtu(runtime, route, skb.packet.dst, skb.input !== null);
}

/**
 * ip_exceeds_mtu(), ip6_pkt_too_big(): whether forwarding must refuse the packet. One that came in fragments and was put
 * together for conntrack is refused only if one of its fragments was too long.
 */
export function tooBigToForward(skb: Skb, mtu: number): boolean {
  const { packet, reassembled } = skb;
  if (packetLength(packet) <= mtu) return false;
  if (packet.src.family === 4 && !packet.df) return false;
  return reassembled === null || reassembled.maxSize > mtu;
}

/**
 * __ip_rt_update_pmtu() (net/ipv4/route.c), __ip6_rt_update_pmtu() (net/ipv6/route.c): remembers the MTU that somebody on
 * the way told, or that a tunnel found; nothing where the route's is locked. IPv4 raises what is below `min_pmtu` to it and locks it.
 */
export function learnPathMtu(
  runtime: HostRuntime,
  result: RoutingResult & { readonly kind: "unicast" },
  destination: Address,
  told: number,
): void {
  if (result.route.mtuLocked === true) return;
  const now = runtime.services.now();
  const known = exceptionOf(runtime, result.route, destination);
  if (known?.locked === true) return;
  const before = routeMtu(runtime, result, destination, false);
  const six = destination.family === 6;
  if (before < told || (six && told < IPV6_MIN_MTU)) return;
  const least = six ? IPV6_MIN_MTU : sysctl(runtime, "net.ipv4.route.min_pmtu", MIN_PMTU);
  const locked = told < least;
  const mtu = locked ? Math.min(before, least) : told;
  const expires = now + sysctl(runtime, six ? "net.ipv6.route.mtu_expires" : "net.ipv4.route.mtu_expires", MTU_EXPIRES);
  // What a redirect has taught stands as long as the MTU then.
  const gateways = known?.gateways ?? [];
  setException(runtime, result.route, destination, { mtu, locked, gateways, expires, since: null });
}

/** Outer headers of VXLAN over IPv4 or IPv6 (`vxlan_headroom`): IP, UDP, VXLAN, Ethernet. */
const VXLAN_HEADROOM = { 4: 50, 6: 70 } as const;

/**
 * skb_tunnel_check_pmtu() (net/ipv4/ip_tunnel_core.c): where the outer packet is too long for its own way, the route of the
 * inner one learns what fits. This packet still goes, its outer one in pieces.
 */
export function learnTunnelMtu(
  runtime: HostRuntime,
  { packet }: Skb,
  outer: RoutingResult & { readonly kind: "unicast" },
  carried: RoutingResult,
): void {
  const { inner } = packet;
  if (inner === null || carried.kind !== "unicast") return;
  const room = routeMtu(runtime, outer, packet.dst, false) - VXLAN_HEADROOM[packet.dst.family];
  if (packetLength(inner) > room) learnPathMtu(runtime, carried, inner.dst, room);
}
