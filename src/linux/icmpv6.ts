import type { Interface } from "../model/interface.ts";
import {
  type Address,
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  sameAddress,
  unspecified,
} from "../net/address.ts";
import {
  isIcmpv6Error,
  V6_ECHO_REPLY,
  V6_PACKET_TOO_BIG,
  V6_PARAMETER_PROBLEM,
  V6_REDIRECT,
  V6_UNKNOWN_OPTION,
} from "../net/icmp.ts";
import { copyPacket, packet } from "../net/packet.ts";
import { ICMPV6 } from "../net/protocol.ts";
import { redirectLength } from "../net/redirect6.ts";
import { isOwnAnycast } from "./anycast.ts";
import { quietSysctl, sysctl } from "./device-settings.ts";
import { allowIcmp6, allowRedirect6 } from "./icmp-limit6.ts";
import { holdsIcmpSocket } from "./icmp-socket.ts";
import { linkLocalOf } from "./neighbour-discovery.ts";
import { findNeighbour } from "./neighbour-table.ts";
import { isAnycastDestination } from "./routing/anycast-destination.ts";
import { lookUpRoute } from "./routing/look-up.ts";
import { haveAddress6 } from "./routing/own-address6.ts";
import type { RoutingResult } from "./routing/result.ts";
import { selectAddress6 } from "./routing/source-address6.ts";
import type { HostRuntime } from "./runtime.ts";
import { isForMany, type Skb } from "./skb.ts";

/**
 * icmp6_send() (net/ipv6/icmp.c): an error about the packet in hand goes to its source, over this host's own OUTPUT. No
 * error answers another one, or a source that nobody can have; none but "packet too big" and some unknown options answers what was sent to many. `device`: `skb->dev`, where it is not
 * what the packet came in or goes out by.
 */
export function sendIcmpv6Error(
  runtime: HostRuntime,
  skb: Skb,
  type: number,
  code: number,
  mtu: number,
  device: Interface | null = null,
): void {
  const about = skb.packet;
  const toMany = isMulticast(about.dst) || isForMany(skb);
  // opt_unrec(): of unknown options that are complained about to many, too, one has come here.
  const isOption = type === V6_PARAMETER_PROBLEM && code === V6_UNKNOWN_OPTION;
  if (toMany && type !== V6_PACKET_TOO_BIG && !isOption) return;
  if (isUnspecified(about.src) || isMulticast(about.src)) return;
  // is_ineligible(): what a further fragment is nobody sees.
  if (about.protocol === ICMPV6 && about.fragmentOffset === 0) {
    if (isIcmpv6Error(about.icmpType)) return;
  }
  if (holdsIcmpSocket(runtime, skb)) return;
  const back = backTo(runtime, about.src);
  if (!allowIcmp6(runtime, type, about.src, back, (device ?? skb.input)?.kind === "loopback")) return;
  // icmpv6_route_lookup(): a source that names no single node is told nothing, unless it is to be taken for one.
  if (!isLinkLocal(about.src) && isAnycastDestination(runtime, back, about.src)) {
    if (quietSysctl(runtime, "net.ipv6.icmp.error_anycast_as_unicast", 0) === 0) return;
  }
  const lo = device === null || device.kind === "loopback";
  // skb->dev: of what came through lo, lo, which has no link-local address.
  const arrival = device ?? skb.input ?? skb.output;
  const isOwn = ownsAddress(runtime, about.dst, arrival) || isOwnAnycast(runtime, arrival, about.dst);
  const own = !toMany && isOwn ? about.dst : null;
  const source = own ?? inboundSource(runtime, skb);
  const error = packet({
    src: source ?? unspecified(6),
    dst: about.src,
    protocol: ICMPV6,
    icmpType: type,
    icmpCode: code,
    icmpMtu: mtu,
    inner: copyPacket(about),
  });
  runtime.services.send(runtime, error, {
    kind: "icmp",
    cause: skb,
    fromKernel: true,
    defaultTtl: true,
    selectSource: source === null,
    // __ipv6_addr_needs_scope_id(): ::1 does not. icmp6_dev(): lo stands for the device of the route.
    boundInterface: isLinkLocal(about.src) ? ((lo ? cameBy(skb) : device)?.name ?? null) : null,
    mark: sysctl(runtime, "net.ipv6.fwmark_reflect", 0) !== 0 ? skb.mark : 0,
  });
}

/** Whether the limits let an echo reply out (icmpv6_echo_reply); by default they are not for replies. */
export function allowEchoReply6(runtime: HostRuntime, { packet: { src }, input }: Skb): boolean {
  return allowIcmp6(runtime, V6_ECHO_REPLY, src, backTo(runtime, src), input?.kind === "loopback");
}

/**
 * icmp6_iif(), tcp_v6_iif(): what goes through lo came, for link-local addresses, over the device of its route: of a local one that which has its
 * destination, and where OUTPUT has sent it elsewhere that which it would leave by.
 */
export function cameBy({ input, output, route }: Skb): Interface | null {
  const device = input ?? output;
  return device?.kind === "loopback" && (route?.kind === "local" || route?.kind === "unicast") ? route.output : device;
}

/** ipv6_chk_addr(): the address of any interface; a link-local one, or `::1`, of this interface. */
function ownsAddress(runtime: HostRuntime, address: Address, device: Interface | null): boolean {
  const devices =
    isLinkLocal(address) || isLoopback(address) ? (device === null ? [] : [device]) : runtime.compiled.devices;
  return haveAddress6(devices, address);
}

/**
 * The best address towards the sender of the interface that it came in by (IP6CB(skb)->iif: through lo, the one that has its
 * destination), unless the route back has one of its own (`src`).
 */
function inboundSource(runtime: HostRuntime, skb: Skb): Address | null {
  const device = skb.input === null ? skb.copiedFrom : cameBy(skb);
  if (device === null || device.kind === "loopback") return null;
  const { src } = skb.packet;
  const back = backTo(runtime, src);
  if (back.kind !== "error" && back.preferredSource !== null) return null;
  return selectAddress6(runtime, device, src);
}

/** The way to whoever is to be answered. */
function backTo(runtime: HostRuntime, dst: Address): RoutingResult {
  return lookUpRoute(runtime, {
    dst,
    src: null,
    input: null,
    output: null,
    mark: 0,
    tos: 0,
    protocol: ICMPV6,
    sport: 0,
    dport: 0,
    uid: 0,
  });
}

/** Neighbour discovery packets prove by their hop limit that no router forwarded them (RFC 4861 section 8.1). */
const NDISC_HOP_LIMIT = 255;

/**
 * ndisc_send_redirect(): tells a neighbour that it has a shorter way, from the link-local address. Sent whatever
 * `accept_redirects` says elsewhere, for gateways only to link-local ones, and within limits for each source and
 * destination (six at once, then one a second).
 */
export function sendRedirect6(runtime: HostRuntime, skb: Skb, route: RoutingResult & { kind: "unicast" }): void {
  const about = skb.packet;
  if (!allowRedirect6(runtime, about.dst)) return;
  const target = route.viaGateway ? route.nextHop : about.dst;
  if (!sameAddress(target, about.dst) && !isLinkLocal(target)) return;
  const source = linkLocalOf(route.output);
  if (source === null) return;
  const back = lookUpRoute(runtime, {
    dst: about.src,
    src: source,
    input: null,
    output: route.output.name,
    lenient: true,
    mark: 0,
    tos: 0,
    protocol: ICMPV6,
    sport: 0,
    dport: 0,
    uid: 0,
  });
  if (back.kind === "error" || (back.kind === "unicast" && back.viaGateway)) return;
  if (!allowRedirect6(runtime, about.src)) return;
  const known = findNeighbour(runtime.neighbours, route.output.name, target);
  const mac = known?.state === "resolved" ? known.mac : null;
  const redirect = packet({
    src: source,
    dst: about.src,
    protocol: ICMPV6,
    ttl: NDISC_HOP_LIMIT,
    icmpType: V6_REDIRECT,
    icmpGateway: { address: target, mac },
    payloadLength: redirectLength(about, mac !== null),
    inner: copyPacket(about),
  });
  runtime.services.send(runtime, redirect, {
    kind: "icmp",
    cause: skb,
    fromKernel: true,
    preferredInterface: route.output.name,
    device: route.output,
  });
}
