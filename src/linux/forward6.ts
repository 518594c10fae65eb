import { isLinkLocal, isLoopback, isUnspecified } from "../net/address.ts";
import { V6_BEYOND_SCOPE, V6_DEST_UNREACHABLE, V6_PACKET_TOO_BIG, V6_TIME_EXCEEDED } from "../net/icmp.ts";
import { packetLength } from "../net/packet.ts";
import { confKey, IPV6_MIN_MTU, ipMtu } from "./device-settings.ts";
import type { DropReason } from "./drop-reason.ts";
import { sendIcmpv6Error, sendRedirect6 } from "./icmpv6.ts";
import { dstMtu } from "./path-mtu.ts";
import type { ForwardResult } from "./routing/input.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import { loopWords, type Skb } from "./skb.ts";

/** Why a packet is not forwarded; `answered` when that calls for an error, whether or not one could be sent. */
export interface NotForwarded {
  readonly reason: DropReason;
  readonly answered: boolean;
  readonly text: string;
}

/**
 * ip6_forward() up to FORWARD (net/ipv6/ip6_output.c): hop limit, redirect or the scope of the source, MTU, in this
 * order, with the errors that go out for them; then the hop limit is one less. Null when the packet goes on.
 */
export function mayForward6(
  runtime: HostRuntime,
  skb: Skb,
  route: ForwardResult,
  redirect: boolean,
): NotForwarded | null {
  const { packet } = skb;
  if (packet.ttl <= 1) {
    sendIcmpv6Error(runtime, skb, V6_TIME_EXCEEDED, 0, 0);
    return { reason: "IP_INHDR", answered: true, text: `hop limit exceeded${loopWords(skb)}` };
  }
  if (redirect && route.kind === "unicast") sendRedirect6(runtime, skb, route);
  else {
    if (isUnspecified(packet.src) || isLoopback(packet.src)) {
      return { reason: "IP_INADDRERRORS", answered: false, text: "a source that is not forwarded" };
    }
    if (isLinkLocal(packet.src)) {
      sendIcmpv6Error(runtime, skb, V6_DEST_UNREACHABLE, V6_BEYOND_SCOPE, 0);
      return { reason: "IP_INADDRERRORS", answered: true, text: "a link-local source leaves its link" };
    }
  }
  const mtu = Math.max(IPV6_MIN_MTU, lockedMtu(route) ?? ipMtu(runtime, route.output, 6));
  // ip6_pkt_too_big(): what conntrack put together goes in the fragments that it came in.
  if ((skb.reassembled?.maxSize ?? packetLength(packet)) > mtu) {
    sendIcmpv6Error(runtime, skb, V6_PACKET_TOO_BIG, 0, mtu);
    return { reason: "PKT_TOO_BIG", answered: true, text: `larger than the MTU ${mtu} of ${ownerOfMtu(route, mtu)}` };
  }
  packet.ttl--;
  return null;
}

/** Whose MTU a packet is too long for. */
function ownerOfMtu(route: ForwardResult, mtu: number): string {
  const { output } = route;
  if (lockedMtu(route) !== null) return "the route";
  return mtu < output.mtu ? `${output.name} in IPv6 (${confKey(6, output.name, "mtu")})` : output.name;
}

/** ip6_dst_mtu_maybe_forward(): forwarding goes by a route's own MTU where that is locked, and else by its device's. */
function lockedMtu({ route }: RoutingResult): number | null {
  return route?.mtuLocked === true ? route.mtu : null;
}

/**
 * ip6_fragment(): routers cut nothing, nor what TEE copied of it, nor does the sender what a raw socket gave its own header.
 * The `mtu` of a route and a path MTU that was learnt are only looked at here, behind POSTROUTING. Returns what is wrong, once
 * the error is sent; null when the packet fits or may be cut.
 */
export function exceedsRouteMtu6(runtime: HostRuntime, skb: Skb, result: RoutingResult): string | null {
  const mayCut = skb.input === null && skb.copiedFrom === null && !skb.ownHeader;
  if (mayCut || result.kind === "error") return null;
  const mtu = dstMtu(runtime, result, skb.packet.dst);
  if ((skb.reassembled?.maxSize ?? packetLength(skb.packet)) <= mtu) return null;
  sendIcmpv6Error(runtime, skb, V6_PACKET_TOO_BIG, 0, mtu);
  return `larger than the MTU ${mtu} of the route`;
}
