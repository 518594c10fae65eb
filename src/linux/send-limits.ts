import { type Address, isLinkLocal } from "../net/address.ts";
import type { DropReason } from "./drop-reason.ts";
import { routeMtu } from "./path-mtu.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime, SendOptions } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** What a packet of the host's own must keep to before any rule sees it. */

/** INADDR_DUMMY (RFC 7600): the source of ICMP errors of a host that has no address to send them from. */
export const DUMMY_ADDRESS: Address = { family: 4, a: 0xc0000008, b: 0, c: 0, d: 0 };

/**
 * IP_TUNNEL_RECURSION_LIMIT (include/net/ip_tunnels.h) as it works out: tunnels around each other that one host sends at once. What comes
 * over a wire begins anew, however many there are around it.
 */
export const TUNNEL_RECURSION_LIMIT = 3;

/**
 * Why a tunnel's device drops the packet that it made: it has no route to its other end, that route is the tunnel itself
 * (udp_tunnel_dst_lookup(), vxlan_xmit_one()), or so many tunnels lie inside each other that the kernel suspects a loop.
 */
export function refusedByTunnel(
  { tunnelled }: Skb,
  result: RoutingResult,
  { device, noRoute }: NonNullable<SendOptions["tunnel"]>,
): { readonly reason: DropReason | null; readonly text: string } | null {
  if (result.kind === "error") return { reason: noRoute, text: `${device.name} has no route to its other end` };
  if (result.output === device) {
    return { reason: noRoute, text: `an encapsulation loop: ${device.name} would carry its own packets` };
  }
  if (tunnelled <= TUNNEL_RECURSION_LIMIT) return null;
  return { reason: "RECURSION_LIMIT", text: `an encapsulation loop: ${device.name} is one of several tunnels` };
}

/** __inet6_bind(): a socket takes a link-local address only together with an interface. */
export function isUnscoped({ packet, boundInterface }: Skb, options: SendOptions): boolean {
  if (packet.src.family === 4 || boundInterface !== null || options.owner === undefined) return false;
  return options.raw !== true && options.selectSource !== true && isLinkLocal(packet.src);
}

/**
 * The longest packet a program may send: a raw socket with its own header is held to the device, a datagram socket that
 * demands DF to the path; without DF the kernel cuts (raw_send_hdrinc, __ip_append_data).
 */
export function sendingMtu(
  runtime: HostRuntime,
  { packet }: Skb,
  route: RoutingResult & { kind: "unicast" },
  options: SendOptions,
): number {
  if (options.raw === true) return route.output.mtu;
  return packet.df ? routeMtu(runtime, route, packet.dst, false) : Number.POSITIVE_INFINITY;
}
