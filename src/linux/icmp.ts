import { isMulticast, isUnspecified, unspecified } from "../net/address.ts";
import { isIcmpError, REDIRECT } from "../net/icmp.ts";
import { copyPacket, type Packet, packet } from "../net/packet.ts";
import { ICMP } from "../net/protocol.ts";
import { sysctl } from "./device-settings.ts";
import { allowIcmp, allowRedirect, countRedirect } from "./icmp-limit.ts";
import { holdsIcmpSocket } from "./icmp-socket.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import { outgoingMtu } from "./path-mtu.ts";
import { routeOutput } from "./routing/output.ts";
import { ownDevice } from "./routing/own-device.ts";
import type { RoutingResult } from "./routing/result.ts";
import { SCOPE_LINK, selectAddress } from "./routing/source-address.ts";
import type { HostRuntime } from "./runtime.ts";
import { isForMany, isRoutedToMany, skb as newSkb, type Skb } from "./skb.ts";

/** ICMP errors carry the precedence "internetwork control" (net/ipv4/icmp.c). */
const PRECEDENCE_INTERNETCONTROL = 0xc0;
/** NR_ICMP_TYPES: what is beyond counts as an error, to be safe. */
const LAST_TYPE = 18;
/** RFC 792 and RFC 1812: an error is at most so long. */
const LONGEST_ERROR = 576;

/**
 * icmp_send(): an error about the packet in hand goes to its source, over this host's own OUTPUT. No error answers
 * another error, a broadcast, a fragment that is not the first, or a source nobody can have. IPv6: `icmpv6.ts`.
 */
export function sendIcmpError(runtime: HostRuntime, skb: Skb, type: number, code: number, mtu: number): void {
  if (skb.packet.src.family === 6) return sendIcmpv6Error(runtime, skb, type, code, mtu);
  if (mayBeAnswered(runtime, skb)) send(runtime, skb, { icmpType: type, icmpCode: code, icmpMtu: mtu });
}

/** ip_rt_send_redirect(): tells a neighbour that it has a shorter way; the packet is forwarded all the same. */
export function sendRedirect(runtime: HostRuntime, skb: Skb, route: RoutingResult & { kind: "unicast" }): void {
  const { src } = skb.packet;
  if (!allowRedirect(runtime, src)) return;
  countRedirect(runtime, src);
  if (mayBeAnswered(runtime, skb))
    send(runtime, skb, { icmpType: REDIRECT, icmpCode: 1, icmpGateway: { address: route.nextHop, mac: null } });
}

function mayBeAnswered(runtime: HostRuntime, skb: Skb): boolean {
  const about = skb.packet;
  if (isForMany(skb) || about.fragmentOffset > 0) return false;
  if (isUnspecified(about.src) || isMulticast(about.src)) return false;
  // icmp_xmit_lock(): while the kernel sends an ICMP message it cannot send an error about it.
  if (holdsIcmpSocket(runtime, skb)) return false;
  return about.protocol !== ICMP || (about.icmpType <= LAST_TYPE && !isIcmpError(about.icmpType));
}

/** __icmp_send(): source address, type of service, limits, and how much is quoted. */
function send(runtime: HostRuntime, skb: Skb, fields: Partial<Packet>): void {
  const about = skb.packet;
  // What a raw socket has sent to nobody in its own header is answered from an address that the route gives.
  const local = skb.route?.kind === "local" && !isUnspecified(about.dst);
  // There is no route from an address of others: what TEE has given to this host itself is for somebody else.
  if (local && ownDevice(runtime, about.dst) === null) return;
  const inbound =
    skb.route?.kind !== "local" &&
    skb.input !== null &&
    sysctl(runtime, "net.ipv4.icmp_errors_use_inbound_ifaddr", 0) !== 0
      ? selectAddress(runtime, skb.input, about.src, SCOPE_LINK)
      : null;
  const source = local ? about.dst : inbound;
  const error = packet({
    ...fields,
    src: source ?? unspecified(4),
    dst: about.src,
    protocol: ICMP,
    tos: (about.tos & 0x1e) | PRECEDENCE_INTERNETCONTROL,
    inner: copyPacket(about),
  });
  const mark = replyMark(runtime, skb);
  const frame = { ...newSkb(error, -1), mark };
  const route = routeOutput(runtime, frame, source);
  if (route.kind !== "error") {
    if (!mayLeave(runtime, skb, error, route)) return;
    const room = Math.min(outgoingMtu(runtime, frame, route), LONGEST_ERROR) - 28;
    if (room < LONGEST_ERROR - 28) error.payloadLength = room;
  }
  runtime.services.send(runtime, error, {
    kind: "icmp",
    cause: skb,
    fromKernel: true,
    defaultTtl: true,
    selectSource: source === null,
    mark,
  });
}

/** icmp_reply(): the kernel's own answer to a query, from the address that was asked when that is a unicast one. */
export function sendIcmpReply(
  runtime: HostRuntime,
  skb: Skb,
  kind: "echo-reply" | "icmp",
  fields: Partial<Packet>,
): void {
  const { src, dst, tos, icmpId, icmpSeq } = skb.packet;
  const reply = packet({ src: dst, dst: src, protocol: ICMP, tos, icmpId, icmpSeq, ...fields });
  const mark = replyMark(runtime, skb);
  let selectSource = isRoutedToMany(skb) || isUnspecified(dst);
  if (isUnspecified(src)) {
    // fib_compute_spec_dst(), then ip_route_output_key(): an answer to nobody goes to the address that it comes from.
    const own = selectSource && skb.input !== null ? selectAddress(runtime, skb.input, src, SCOPE_LINK) : dst;
    if (own !== null) {
      reply.src = own;
      reply.dst = own;
      selectSource = false;
    }
  }
  if (!selectSource && ownDevice(runtime, reply.src) === null) return;
  const route = routeOutput(runtime, { ...newSkb(reply, -1), mark }, selectSource ? null : reply.src);
  if (route.kind !== "error" && !mayLeave(runtime, skb, reply, route)) return;
  runtime.services.send(runtime, reply, { kind, cause: skb, fromKernel: true, defaultTtl: true, selectSource, mark });
}

/** IP4_REPLY_MARK, IP6_REPLY_MARK: `fwmark_reflect` puts the mark of a packet on the kernel's own answer. */
export function replyMark(runtime: HostRuntime, { packet: about, mark }: Skb): number {
  const key = about.src.family === 4 ? "net.ipv4.fwmark_reflect" : "net.ipv6.fwmark_reflect";
  return sysctl(runtime, key, 0) !== 0 ? mark : 0;
}

/**
 * inet_request_mark(): with `tcp_fwmark_accept` a socket that a server accepts has the mark of the SYN that opened it, and so have all of its
 * packets.
 */
export function acceptedMark(runtime: HostRuntime, { mark }: Skb): number {
  return sysctl(runtime, "net.ipv4.tcp_fwmark_accept", 0) !== 0 ? mark : 0;
}

/** Whether the limits let a message of the kernel out, by the route to its destination. */
function mayLeave(runtime: HostRuntime, cause: Skb, message: Packet, route: RoutingResult): boolean {
  return allowIcmp(runtime, message.icmpType, message.icmpCode, message.dst, {
    input: cause.input?.kind === "loopback",
    output: route.kind === "local" || (route.kind !== "error" && route.output.kind === "loopback"),
  });
}
