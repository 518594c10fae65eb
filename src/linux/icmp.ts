import { isMulticast, isUnspecified, unspecified } from "../net/address.ts";
import { isIcmpError, REDIRECT } from "../net/icmp.ts";
import { copyPacket, packet } from "../net/packet.ts";
import { ICMP } from "../net/protocol.ts";
import { sysctl } from "./device-settings.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import type { RoutingResult } from "./routing/result.ts";
import { SCOPE_LINK, selectAddress } from "./routing/source-address.ts";
import type { HostRuntime } from "./runtime.ts";
import { isForMany, type Skb } from "./skb.ts";

/** ICMP errors carry the precedence "internetwork control" (net/ipv4/icmp.c). */
const PRECEDENCE_INTERNETCONTROL = 0xc0;

/**
 * icmp_send(): an error about the packet in hand goes to its source, over this host's own OUTPUT. No error answers
 * another error, a broadcast, a fragment that is not the first, or a source nobody can have. IPv6: `icmpv6.ts`.
 */
export function sendIcmpError(runtime: HostRuntime, skb: Skb, type: number, code: number, mtu: number): void {
  const about = skb.packet;
  if (about.src.family === 6) return sendIcmpv6Error(runtime, skb, type, code, mtu);
  if (isForMany(skb) || about.fragmentOffset > 0) return;
  if (isUnspecified(about.src) || isMulticast(about.src)) return;
  // icmp_xmit_lock(): while the kernel sends an echo reply it cannot send an error about it.
  if (skb.fromKernel && skb.input === null && about.protocol === ICMP) return;
  if (about.protocol === ICMP && isIcmpError(about.icmpType)) return;
  // An error about a packet that was for this host comes from the address it was for; others from the route back.
  const local = skb.route?.kind === "local";
  const inbound =
    !local && skb.input !== null && sysctl(runtime, "net.ipv4.icmp_errors_use_inbound_ifaddr", 0) !== 0
      ? selectAddress(runtime, skb.input, about.src, SCOPE_LINK)
      : null;
  const source = local ? about.dst : inbound;
  const error = packet({
    src: source ?? unspecified(4),
    dst: about.src,
    protocol: ICMP,
    tos: (about.tos & 0x1e) | PRECEDENCE_INTERNETCONTROL,
    icmpType: type,
    icmpCode: code,
    icmpMtu: mtu,
    inner: copyPacket(about),
  });
  runtime.services.send(runtime, error, {
    kind: "icmp",
    cause: skb,
    fromKernel: true,
    selectSource: source === null,
    mark: sysctl(runtime, "net.ipv4.fwmark_reflect", 0) !== 0 ? skb.mark : 0,
  });
}

/** ip_rt_send_redirect(): tells a neighbour that it has a shorter way; the packet is forwarded all the same. */
export function sendRedirect(runtime: HostRuntime, skb: Skb, route: RoutingResult & { kind: "unicast" }): void {
  const about = skb.packet;
  const error = packet({
    src: unspecified(4),
    dst: about.src,
    protocol: ICMP,
    tos: (about.tos & 0x1e) | PRECEDENCE_INTERNETCONTROL,
    icmpType: REDIRECT,
    icmpCode: 1,
    icmpGateway: route.nextHop,
    inner: copyPacket(about),
  });
  runtime.services.send(runtime, error, { kind: "icmp", cause: skb, fromKernel: true, selectSource: true });
}
