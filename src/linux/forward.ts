import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, ipv6, isMulticast, isUnspecified, unspecified } from "../net/address.ts";
import { DEST_UNREACHABLE, FRAGMENTATION_NEEDED, V6_PACKET_TOO_BIG } from "../net/icmp.ts";
import { isFragment, type Packet, packetLength } from "../net/packet.ts";
import { IPIP, UDP } from "../net/protocol.ts";
import { receiveArp } from "./arp.ts";
import { receiveOnBridge } from "./bridge.ts";
import { closeTcp } from "./conntrack/tcp.ts";
import { defaultTtl, MULTICAST_TTL } from "./default-ttl.ts";
import { defragment, mayBeJoined } from "./defragment.ts";
import { disablesIpv6 } from "./device-settings.ts";
import { drop, failedSend, failedSendAs, hookDrop, reject, sendError, senderHears } from "./endings.ts";
import { BROADCAST_MAC, multicastMac } from "./ethernet.ts";
import {
  type HeaderRefusal,
  hasExtensions,
  type NextSegment,
  readExtensions,
  refusedHopOptions,
} from "./extension-headers.ts";
import { mayForward4 } from "./forward4.ts";
import { exceedsRouteMtu6, mayForward6 } from "./forward6.ts";
import { fragment } from "./fragment.ts";
import { comesIn } from "./frame-filter.ts";
import { sendIcmpError } from "./icmp.ts";
import { sendIcmpv6Error } from "./icmpv6.ts";
import { refusedHeader } from "./ipv6-header.ts";
import { hearItself, hearsItself, isOfThisHostAlone } from "./loop-back.ts";
import { endlessLoop } from "./loop-watch.ts";
import { isAsking, resolveNeighbour } from "./neighbour.ts";
import { runHook } from "./netfilter/hooks.ts";
import { joinsFragments } from "./netfilter/tracks-connections.ts";
import { FORWARD, INPUT, NF_ACCEPT, OUTPUT, POSTROUTING, PREROUTING } from "./netfilter/verdict.ts";
import { noNeighbour } from "./no-neighbour.ts";
import { appendedFor, isSentToBeCut, learnTunnelMtu, outgoingMtu } from "./path-mtu.ts";
import { receiverDrop } from "./receiver-drop.ts";
import { unreachable } from "./route-error.ts";
import { mayBind } from "./routing/bind-address.ts";
import { connectSource } from "./routing/connect.ts";
import { dissect } from "./routing/dissect.ts";
import { type ForwardResult, type InputKey, type InputRoute, routeInput } from "./routing/input.ts";
import { routeOutput, routeOutputKey, sourceFor } from "./routing/output.ts";
import { ownDevice } from "./routing/own-device.ts";
import type { RoutingResult } from "./routing/result.ts";
import { routesUnknown, UNKNOWN_INTERFACE } from "./routing/unknown-route.ts";
import { type Ending, type HostRuntime, leaving, PLAIN_ENDING, type Resolution, type SendOptions } from "./runtime.ts";
import { DUMMY_ADDRESS, isUnscoped, refusedByTunnel, sendingMtu } from "./send-limits.ts";
import { CT_INVALID, CT_NONE, type Skb } from "./skb.ts";
import { missingBelow } from "./stacked-device.ts";
import { transmitFrame } from "./transmit.ts";
import { decapsulateIpip, encapsulateIpip } from "./tunnels/ipip.ts";
import { decapsulateVxlan } from "./tunnels/vxlan.ts";
import { decapsulateWireguard, encapsulateWireguard } from "./tunnels/wireguard.ts";
import { isOneInMany, ONE_IN_MANY } from "./unicast-in-multicast.ts";
import { intoUnmodelledDevice, intoUntoldDevice } from "./unmodelled-device.ts";
import { vlanDeviceOf } from "./vlan.ts";
import { noteVolatile } from "./walk-record.ts";

/**
 * One packet through one host, as the kernel does it. Nothing else moves a packet. Read from top to bottom:
 *
 *     wire → receive → receiveHere: PREROUTING, the route → deliver: INPUT → a tunnel or socket of this host
 *              (bridge.ts, vlan.ts)                       → forward: TTL, MTU, FORWARD ──┐
 *     program, tunnel or kernel → sendLocal: the route → leaveHost: OUTPUT ──────────────┴→ leave: POSTROUTING
 *       → inPieces, where it is too long → overDevice → overLink: the next hop's MAC address → transmit.ts → wire
 *                                          │ a tunnel: another packet around it → sendLocal
 *                                          └ lo: → receive, with the route it has
 *
 * Beside this way: ARP (arp.ts) and frames that a bridge passes on (bridge.ts, br-netfilter.ts) never come to a route; errors and
 * resets (icmp.ts, icmpv6.ts, reject.ts) are new packets of this host, which start at sendLocal; what it sends to many comes back to
 * it as a copy (loop-back.ts). `skb.route` and `skb.output` are set where the route is found, and read from there on.
 *
 * Every function ends the packet (`drop`, `reject`, `hookDrop`), or hands it to the next one. What IPv4 and IPv6 check before
 * FORWARD stands in `forward4.ts` and `forward6.ts`. The order is measured: docs/lab-notes/, kernel.md H1-H7.
 */

/** Why what a host sends to a group and hears itself goes no further. */
const ALONE = "a TTL of 0 is for this host alone";
const NOT_FORWARDED = "broadcasts and multicasts are not forwarded";

/** ip_rcv(): a packet arrives on a device of this host. */
export function receive(runtime: HostRuntime, device: Interface, skb: Skb): void {
  const loop = endlessLoop(runtime, device, skb);
  if (loop !== null) return drop(runtime, skb, null, null, loop);
  if (!device.up) return drop(runtime, skb, null, null, `${device.name} is down`);
  skb.input = device;
  skb.carrier = null;
  skb.output = null;
  skb.tunnelled = 0;
  if (!comesIn(runtime, device, skb)) return;
  if (skb.vlan !== 0) {
    const tagged = vlanDeviceOf(runtime, device, skb.vlan);
    if (tagged !== null) {
      skb.vlan = 0;
      return receive(runtime, tagged, skb);
    }
  }
  if (device.master !== null && !skb.loopedBack) {
    const master = runtime.host.interfaces.get(device.master);
    if (master?.kind === "bridge") {
      noteVolatile();
      return receiveOnBridge(runtime, master, device, skb);
    }
  }
  if (skb.vlan !== 0) skb.packetType = "otherhost";
  receiveHere(runtime, device, skb);
}

/** The network layer's part of receiving, after any bridge. */
export function receiveHere(runtime: HostRuntime, device: Interface, skb: Skb): void {
  skb.input = device;
  skb.misread = false;
  if (skb.arp !== null) return receiveArp(runtime, device, skb);
  if (runtime.observer !== null) runtime.observer.step({ kind: "receive", runtime, skb });
  if (skb.packetType === "otherhost")
    return drop(runtime, skb, "OTHERHOST", null, "the frame is for another MAC address");
  const looped = (device.kind === "loopback" || skb.loopedBack) && skb.route !== null;
  if (!looped) skb.route = null;
  // Of what conntrack found invalid on the way out it keeps nothing: rules may give it a zone, or leave it untracked.
  else if (skb.ctState === CT_INVALID && skb.connection === null && !skb.attached) skb.ctState = CT_NONE;
  if (skb.packet.src.family === 6) {
    const refused = refusedHeader(runtime, device, skb);
    if (refused !== null) return drop(runtime, skb, refused.reason, "PREROUTING", refused.text);
    const unread = skb.packet.extensions === null ? null : refusedHopOptions(runtime, skb);
    if (unread !== null) return refuseHeader(runtime, skb, unread, "PREROUTING");
  }
  if (mayBeJoined(skb) && joinsFragments(runtime, skb.packet.src.family)) {
    if (!defragment(runtime, skb, "conntrack-in")) return;
  }
  // What a bridge showed to PREROUTING does not pass it twice (ip_sabotage_in).
  if (skb.bridged === null && runHook(runtime, skb, PREROUTING) !== NF_ACCEPT)
    return hookDrop(runtime, skb, PREROUTING);
  // What came through lo, or was sent to many by this host itself, keeps the route it was sent with.
  // A copy that TEE sent to its gateway would be forwarded by that route, as what is not for many.
  if (looped && skb.loopedBack && skb.route?.kind === "unicast")
    return drop(runtime, skb, null, "FORWARD", NOT_FORWARDED);
  // NAT that finds another destination for it voids that one.
  if (looped && skb.route !== null) return deliver(runtime, skb);
  routeReceived(runtime, device, skb);
}

function refuseHeader(runtime: HostRuntime, skb: Skb, refused: HeaderRefusal, hook: "PREROUTING" | "INPUT"): void {
  const end = refused.answered ? reject : drop;
  end(runtime, skb, refused.reason, hook, refused.text);
}

/** One object, since the way of one packet at a time is looked up. */
const inputKey: { -readonly [K in keyof InputKey]: InputKey[K] } = {
  src: unspecified(4),
  dst: unspecified(4),
  protocol: 0,
  sport: 0,
  dport: 0,
  tos: 0,
  mark: 0,
  input: null,
  output: null,
  uid: 0,
  packet: null,
};

/** ip_route_input(), ip6_route_input(): where the packet goes. */
function routeReceived(runtime: HostRuntime, device: Interface, skb: Skb): void {
  const { packet } = skb;
  const { protocol, sport, dport } = dissect(packet);
  inputKey.src = packet.src;
  inputKey.dst = packet.dst;
  inputKey.protocol = protocol;
  inputKey.sport = sport;
  inputKey.dport = dport;
  inputKey.tos = packet.tos & 0xfc;
  inputKey.mark = skb.mark;
  inputKey.input = device.name;
  inputKey.packet = packet;
  const route = routeInput(runtime, device, inputKey);
  if (packet.src.family === 4 && isForOne(route) && isOneInMany(runtime, device, skb))
    return drop(runtime, skb, "UNICAST_IN_L2_MULTICAST", "PREROUTING", ONE_IN_MANY);
  switch (route.kind) {
    case "martian":
      if (route.result !== null) tellRoute(runtime, skb, route.result, "forward");
      return drop(runtime, skb, route.reason, "PREROUTING", route.text);
    case "unreachable":
      tellRoute(runtime, skb, route.result, "forward");
      return unreachable(runtime, skb, route.result, route.forwarding);
    case "deliver":
      tellRoute(runtime, skb, route.result, "deliver");
      skb.route = route.result;
      return deliver(runtime, skb);
    case "forward":
      tellRoute(runtime, skb, route.result, "forward");
      skb.route = route.result;
      return forward(runtime, skb, route.result, route.redirect);
  }
}

/** Whether the route is one that the kernel takes to lead to a single receiver, or to nobody. */
function isForOne(route: InputRoute): boolean {
  return route.kind !== "martian" && route.result.kind !== "broadcast" && route.result.kind !== "multicast";
}

function delivered(socket: Ending["socket"]): Ending {
  return { ...PLAIN_ENDING, outcome: "delivered", hook: "INPUT", text: "delivered", socket };
}

type Socket = Exclude<Ending["socket"], null>;

/** One for each, however many packets end like that. */
const DELIVERED: { readonly [socket in Socket]: Ending } = {
  open: delivered("open"),
  closed: delivered("closed"),
  "assumed-open": delivered("assumed-open"),
  unknown: delivered("unknown"),
};

/** ip_local_deliver(): INPUT, then a tunnel of this host or a socket. */
function deliver(runtime: HostRuntime, skb: Skb): void {
  // In IPv6 fragments are the business of a protocol, behind INPUT (ipv6_frag_rcv).
  const six = skb.packet.src.family === 6;
  if (!six && isFragment(skb.packet) && !defragment(runtime, skb, "local-deliver")) return;
  if (runHook(runtime, skb, INPUT) !== NF_ACCEPT) return hookDrop(runtime, skb, INPUT);
  if (six && hasExtensions(skb)) {
    const read = readExtensions(runtime, skb, skb.input);
    if (read?.kind === "refused") return refuseHeader(runtime, skb, read, "INPUT");
    if (read?.kind === "segment") return toNextSegment(runtime, skb, read);
  }
  if (six && isFragment(skb.packet) && !defragment(runtime, skb, "local-deliver")) return;
  const { packet } = skb;
  if (packet.protocol === UDP && decapsulateVxlan(runtime, skb)) return;
  if (packet.sealed !== null && decapsulateWireguard(runtime, skb)) return;
  if (packet.protocol === IPIP && decapsulateIpip(runtime, skb)) return;
  const unread = receiverDrop(runtime, skb);
  if (unread !== null) return drop(runtime, skb, unread.reason, "INPUT", unread.text);
  const socket = runtime.services.deliver(runtime, skb);
  if ((skb.carried !== null || packet.sealed !== null) && socket !== "open") {
    const kind = packet.sealed === null ? "VXLAN" : "WireGuard";
    const text = `no ${kind} device takes it: nothing listens on udp/${packet.dport}`;
    return reject(runtime, skb, "NO_SOCKET", "INPUT", text);
  }
  const text = skb.route?.kind === "broadcast" ? "broadcast" : "";
  if (runtime.observer !== null) runtime.observer.step({ kind: "deliver", runtime, skb, text });
  runtime.services.end(runtime, skb, socket === null ? delivered(socket) : DELIVERED[socket]);
}

/** ipv6_srh_rcv() (net/ipv6/exthdrs.c): on to the next segment, which no rule of INPUT sees again where that is this host too. */
function toNextSegment(runtime: HostRuntime, skb: Skb, { extensions, destination }: NextSegment): void {
  if (skb.input === null) return;
  skb.packet.extensions = extensions;
  skb.packet.dst = destination;
  routeReceived(runtime, skb.input, skb);
}

/** ip_forward(), ip6_forward(): TTL and MTU, whose errors come before any FORWARD rule (kernel.md I3); then FORWARD. */
function forward(runtime: HostRuntime, skb: Skb, route: ForwardResult, redirect: boolean): void {
  if (skb.packetType !== "host") return drop(runtime, skb, null, "FORWARD", NOT_FORWARDED);
  // skb_forward_csum()
  skb.summed = false;
  const mayForward = skb.packet.src.family === 6 ? mayForward6 : mayForward4;
  const refused = mayForward(runtime, skb, route, redirect);
  if (refused !== null) {
    const end = refused.answered ? reject : drop;
    return end(runtime, skb, refused.reason, "FORWARD", refused.text);
  }
  skb.output = route.output;
  if (runHook(runtime, skb, FORWARD) !== NF_ACCEPT) return hookDrop(runtime, skb, FORWARD);
  leave(runtime, skb);
}

/**
 * ip_local_out(): a packet of this host's own. The route comes first: without one, the sender gets an errno and no
 * rule is asked (kernel.md N8).
 */
export function sendLocal(runtime: HostRuntime, skb: Skb, options: SendOptions): string | null {
  const { packet } = skb;
  const { dst } = packet;
  const isToNobody = isUnspecified(dst) && skb.owner !== null && options.kind !== "syn-ack";
  // rawv6_sendmsg(), udpv6_sendmsg(), tcp_v6_connect(), not inet6_csk_route_req(): "BSD'ism", a socket that sends to `::` means itself.
  if (isToNobody && dst.family === 6) packet.dst = ipv6(0, 0, 0, 1);
  if (isUnscoped(skb, options)) return sendError(runtime, skb, "EINVAL", "a link-local source without an interface");
  if (options.binds === true && !mayBind(runtime, packet.src))
    return sendError(runtime, skb, "EADDRNOTAVAIL", `bind: ${formatAddress(packet.src)} is no address of its own`);
  const known = options.raw === true || options.selectSource === true ? null : packet.src;
  const first = options.connects === true ? connectSource(runtime, skb, known) : null;
  const result =
    first?.failure ??
    routeOutput(
      runtime,
      skb,
      first?.source ?? known,
      options.raw === true,
      options.preferredInterface ?? (packet.src.family === 4 ? (skb.hookSocket?.boundInterface ?? null) : null),
      options.binds !== true && options.ownSource !== true,
    );
  tellRoute(runtime, skb, result, "send");
  if (options.tunnel !== undefined) {
    // Only the first look-up is bound to the tunnel's device: rerouting asks its socket, which is not.
    skb.boundInterface = null;
    const refused = refusedByTunnel(skb, result, options.tunnel);
    if (refused !== null) {
      drop(runtime, skb, refused.reason, "OUTPUT", refused.text);
      return null;
    }
  }
  if (result.kind === "error") {
    const isForeign = options.ownSource === true && packet.src.family === 4 && ownDevice(runtime, packet.src) === null;
    return isForeign ? failedSendAs(runtime, skb, result) : failedSend(runtime, skb, result);
  }
  // A header of the sender's own stays as it is. Others (raw_sendmsg(), udp_sendmsg(), tcp_v4_connect()) get what the route says.
  if (isToNobody && options.raw === true) packet.dst = dst;
  else if (isToNobody && dst.family === 4) packet.dst = result.preferredSource ?? dst;
  if (options.defaultTtl === true) {
    const device = result.kind === "local" ? runtime.compiled.loopback : result.output;
    const isReply = options.fromKernel === true && options.socketless !== true;
    const isToGroup = isReply && packet.dst.family === 4 && isMulticast(packet.dst);
    packet.ttl = isToGroup ? MULTICAST_TTL : defaultTtl(runtime, packet.dst.family, device.name, result.route);
  }
  if (options.discoversMtu === true && packet.df && isSentToBeCut(runtime, packet, result)) {
    packet.df = false;
    // pieces of one datagram are not to be taken for those of another
    if (packet.id === 0) packet.id = runtime.nextId++ & 0xffff;
  }
  if (options.selectSource === true) {
    const source = first?.source ?? sourceFor(runtime, result, packet.dst);
    if (source === null && packet.dst.family === 6)
      return sendError(runtime, skb, "EADDRNOTAVAIL", "no source address");
    if (source !== null) packet.src = source;
    else if (options.kind === "icmp") packet.src = DUMMY_ADDRESS;
  }
  if (result.kind === "unicast" && !skb.fromKernel && options.tunnel === undefined) {
    const mtu = sendingMtu(runtime, skb, result, options);
    if (packetLength(packet) > mtu) {
      return sendError(runtime, skb, "EMSGSIZE", `larger than the MTU ${mtu} of the way by ${result.output.name}`);
    }
  }
  if (options.carried !== undefined && result.kind === "unicast") learnTunnelMtu(runtime, skb, result, options.carried);
  if (options.closes !== undefined) closeTcp(runtime, options.closes);
  if (options.tunnel === undefined) skb.appendedFor = appendedFor(runtime, skb, result);
  return leaveHost(runtime, skb, result);
}

/** ip_local_out() proper: OUTPUT, where rules may route it anew, then the way out. */
function leaveHost(runtime: HostRuntime, skb: Skb, result: Exclude<RoutingResult, { kind: "error" }>): string | null {
  skb.route = result;
  skb.output = result.kind === "local" ? runtime.compiled.loopback : result.output;
  if (mayBeJoined(skb) && joinsFragments(runtime, skb.packet.src.family)) {
    if (!defragment(runtime, skb, "conntrack-out")) return skb.errno;
  }
  if (runHook(runtime, skb, OUTPUT) !== NF_ACCEPT) {
    hookDrop(runtime, skb, OUTPUT);
    return senderHears(skb);
  }
  const { route } = skb;
  if (route !== null) {
    skb.output = route.kind === "local" ? runtime.compiled.loopback : route.output;
  }
  return leave(runtime, skb);
}

/**
 * A copy that TEE made: routed to the gateway, whatever its own destination, then out like a packet of this host's own
 * (nf_dup_ipv4_route()). Without a route it vanishes.
 */
export function sendToGateway(runtime: HostRuntime, skb: Skb, gateway: Address, device: string | null): void {
  // nf_dup_ipv6_route() has the flow label alone.
  const tos = gateway.family === 4 ? skb.packet.tos & 0xfc : 0;
  const key = { dst: gateway, src: null, input: null, output: device, mark: 0, uid: 0, tos };
  const result = routeOutputKey(runtime, { ...key, protocol: 0, sport: 0, dport: 0 }, true);
  tellRoute(runtime, skb, result, "send");
  if (result.kind === "error") return drop(runtime, skb, null, "OUTPUT", "no route for the copy");
  // nf_dup_ipv4_route() gives it to the device that it leaves by.
  skb.carrier = result.kind === "local" ? runtime.compiled.loopback : result.output;
  leaveHost(runtime, skb, result);
}

/** ip_output() takes `skb->dev` for the incoming device, which for what a tunnel made is the tunnel's. */
function postRouting(runtime: HostRuntime, skb: Skb): number {
  if (skb.carrier === null) return runHook(runtime, skb, POSTROUTING);
  skb.input = skb.carrier;
  const verdict = runHook(runtime, skb, POSTROUTING);
  skb.input = null;
  return verdict;
}

/**
 * ip_output(), ip6_output(): POSTROUTING, then what may still be wrong with the device or the length, then out. Returns the errno a
 * local sender would see.
 */
function leave(runtime: HostRuntime, skb: Skb): string | null {
  if (skb.packet.src.family === 6 && skb.output !== null && disablesIpv6(runtime, skb.output)) {
    drop(runtime, skb, "IPV6DISABLED", "POSTROUTING", `IPv6 is disabled on ${skb.output.name}`);
    return null;
  }
  if (skb.packet.src.family === 4 && skb.output !== null && hearsItself(runtime, skb, skb.output)) {
    hearItself(runtime, skb, skb.output);
    // ip_mc_output(), which only what is heard by the host itself goes through.
    if (skb.route?.kind === "multicast" && skb.packet.ttl === 0) {
      drop(runtime, skb, null, "POSTROUTING", ALONE);
      return null;
    }
  }
  if (postRouting(runtime, skb) !== NF_ACCEPT) {
    hookDrop(runtime, skb, POSTROUTING);
    return skb.stolen ? null : "EPERM";
  }
  const { route, output } = skb;
  if (output === null || route === null) return null;
  const tooBig = skb.packet.src.family === 6 ? exceedsRouteMtu6(runtime, skb, route) : null;
  if (tooBig !== null) {
    reject(runtime, skb, null, "POSTROUTING", tooBig);
    return skb.input === null ? "EMSGSIZE" : null;
  }
  if (!output.up) {
    drop(runtime, skb, "QDISC_DROP", "POSTROUTING", `${output.name} is down`);
    return null;
  }
  if (output.kind === "other" && leavesUnknown(runtime, skb.packet, output)) {
    const nextHop = route.kind === "unicast" ? route.nextHop : null;
    runtime.services.end(runtime, skb, leaving(nextHop, "its route is not known"));
    return null;
  }
  if (needsCutting(skb, outgoingMtu(runtime, skb, route))) {
    return inPieces(runtime, skb, output, route);
  }
  skb.reassembled = null;
  overDevice(runtime, skb, output, route);
  return output.kind === "wireguard" ? skb.errno : null;
}

/**
 * ip_finish_output(), ip6_finish_output(): too long for its link, or put together from fragments, in IPv6 only where it is
 * longer than each of them.
 */
function needsCutting({ packet, reassembled }: Skb, mtu: number): boolean {
  const length = packetLength(packet);
  if (length > mtu || reassembled === null) return length > mtu;
  return packet.src.family === 4 || length > reassembled.maxSize;
}

/**
 * ip_fragment(): too long for its link, the packet leaves in pieces, which POSTROUTING has seen as one. What may not be cut
 * is refused, and the sender told.
 */
function inPieces(runtime: HostRuntime, skb: Skb, output: Interface, route: RoutingResult): string | null {
  noteVolatile();
  const { packet, reassembled } = skb;
  const mtu = outgoingMtu(runtime, skb, route);
  const longest = reassembled === null ? packetLength(packet) : reassembled.maxSize;
  if (packet.df && longest > mtu) {
    if (packet.src.family === 6) sendIcmpv6Error(runtime, skb, V6_PACKET_TOO_BIG, 0, mtu);
    else sendIcmpError(runtime, skb, DEST_UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
    reject(runtime, skb, null, "POSTROUTING", `larger than the MTU ${mtu} of ${output.name}`);
    return "EMSGSIZE";
  }
  const pieces = fragment(packet, skb.appendedFor === 0 ? mtu : Math.min(mtu, skb.appendedFor), reassembled);
  skb.reassembled = null;
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) {
    skb.packet = only;
    overDevice(runtime, skb, output, route);
    return null;
  }
  if (runtime.observer !== null) runtime.observer.step({ kind: "fragment", runtime, skb, pieces });
  let taken = true;
  for (const packetOfPiece of pieces) {
    const piece = { ...skb, packet: packetOfPiece, pieceOf: packet };
    if (taken) taken = overDevice(runtime, piece, output, route);
    else drop(runtime, piece, null, "POSTROUTING", `${output.name} did not take the fragment before it`);
  }
  return null;
}

/** dst_output()'s end: into the device. False where that told at once that it does not take it, after which no fragment follows. */
function overDevice(runtime: HostRuntime, skb: Skb, output: Interface, route: RoutingResult): boolean {
  switch (output.kind) {
    case "loopback":
      runtime.services.receiveLater(runtime, output, skb);
      return true;
    case "ipip":
      noteVolatile();
      encapsulateIpip(runtime, skb, output, route);
      return true;
    case "wireguard":
      encapsulateWireguard(runtime, skb, output);
      return true;
    case "dummy":
      drop(runtime, skb, null, "POSTROUTING", `${output.name} is a dummy device`);
      return true;
    case "other":
      if (output.otherKind === undefined) return overLink(runtime, skb, output, route);
      if (output.otherKind === "ifb") {
        drop(runtime, skb, null, "POSTROUTING", `${output.name}, an ifb, sends only what tc has redirected to it`);
        return true;
      }
      intoUnmodelledDevice(runtime, skb, output, output.otherKind);
      return true;
    default:
      return overLink(runtime, skb, output, route);
  }
}

function leavesUnknown(runtime: HostRuntime, packet: Packet, output: Interface): boolean {
  return output.name === UNKNOWN_INTERFACE || routesUnknown(runtime, packet.dst.family);
}

/** ip_finish_output2(), ip6_finish_output2(): what is for many is heard by the host itself. */
function overLink(runtime: HostRuntime, skb: Skb, output: Interface, route: RoutingResult): boolean {
  const { packet } = skb;
  if (packet.src.family === 6 && hearsItself(runtime, skb, output)) {
    hearItself(runtime, skb, output);
    if (packet.ttl === 0) {
      drop(runtime, skb, null, "POSTROUTING", ALONE);
      return true;
    }
  }
  if (isOfThisHostAlone(packet.dst) && output.kind !== "loopback") {
    drop(runtime, skb, null, "POSTROUTING", "a group of interface-local scope is for this host alone");
    return true;
  }
  return toNextHop(runtime, skb, output, route);
}

/** What a host sends while a copy is on its way is not copied, but for what had to wait for its neighbour. */
function toNextHop(runtime: HostRuntime, skb: Skb, output: Interface, route: RoutingResult): boolean {
  const { duplicated } = runtime;
  const taken = outputToNeighbour(runtime, skb, output, route);
  runtime.duplicated = duplicated;
  return taken;
}

/** neigh_output(): the MAC address of the next hop, then the wire. */
function outputToNeighbour(runtime: HostRuntime, skb: Skb, output: Interface, route: RoutingResult): boolean {
  if (route.kind === "broadcast") skb.destinationMac = BROADCAST_MAC;
  else if (route.kind === "multicast") skb.destinationMac = multicastMac(skb.packet.dst);
  else if (output.kind === "tun" && (output.noArp || !runtime.services.isJoined(runtime, output))) {
    // The program behind it is the only one that could be asked.
    skb.destinationMac = "";
  } else {
    const nextHop = route.kind === "unicast" ? route.nextHop : skb.packet.dst;
    if (isAsking(runtime, output, nextHop)) {
      noteVolatile();
      runtime.services.after(0, toNextHop, [runtime, skb, output, route]);
      return true;
    }
    const found = resolveNeighbour(runtime, skb, output, nextHop);
    if (found.kind === "unresolved") {
      noNeighbour(runtime, skb, output, nextHop);
      return true;
    }
    const reached = found.kind === "left" ? throughFabric(runtime, skb, output) : found;
    if (reached === null || reached.kind !== "mac") {
      const missing = missingBelow(runtime, output);
      if (missing !== null) intoUntoldDevice(runtime, skb, output, missing);
      else runtime.services.end(runtime, skb, leaving(nextHop, found.text));
      return true;
    }
    skb.destinationMac = reached.mac;
  }
  skb.sourceMac = runtime.services.macOf(runtime, output);
  return transmitFrame(runtime, output, skb);
}

/**
 * A gateway that nobody dumped, but of which snapshot.yaml says where it routes the destination: it takes one hop off
 * the TTL and hands the packet to that machine. Null when nothing is said, or the TTL ends there.
 */
function throughFabric(runtime: HostRuntime, skb: Skb, output: Interface): Resolution | null {
  noteVolatile();
  const via = runtime.services.fabricRoute(runtime, output, skb.packet.dst);
  if (via === null || skb.packet.ttl <= 1) return null;
  const found = resolveNeighbour(runtime, skb, output, via);
  if (found.kind === "mac") skb.packet.ttl--;
  return found;
}

function tellRoute(runtime: HostRuntime, skb: Skb, result: RoutingResult, purpose: string): void {
  if (runtime.observer !== null) runtime.observer.step({ kind: "route", runtime, skb, result, purpose });
}
