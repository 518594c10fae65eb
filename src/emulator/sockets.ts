import { resetConntrack } from "../linux/conntrack/track.ts";
import { quietSysctl, sysctl } from "../linux/device-settings.ts";
import { nextHeaderField, unhandledExtension } from "../linux/extension-headers.ts";
import { listenerFor } from "../linux/heard-by.ts";
import { acceptedMark, replyMark, sendIcmpError, sendIcmpReply } from "../linux/icmp.ts";
import { receiveFragmentationNeeded, receivePacketTooBig } from "../linux/icmp-receive.ts";
import { allowEchoReply6, cameBy } from "../linux/icmpv6.ts";
import { resetFor } from "../linux/reject.ts";
import { needsInterface } from "../linux/routing/address-scope.ts";
import { isAnycastDestination } from "../linux/routing/anycast-destination.ts";
import { ownDevice } from "../linux/routing/own-device.ts";
import { routesUnknown } from "../linux/routing/unknown-route.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import { tellMss } from "../linux/segment-size.ts";
import { isRoutedToMany, type Skb } from "../linux/skb.ts";
import {
  type Address,
  formatAddress,
  isLinkLocal,
  isLoopback,
  isMapped,
  isMulticast,
  isUnspecified,
  sameAddress,
} from "../net/address.ts";
import * as icmp from "../net/icmp.ts";
import { extensionNumber } from "../net/ipv6-extension.ts";
import { type Packet, packet } from "../net/packet.ts";
import { ICMP, ICMPV6, IGMP, IPIP, OSPF, PIM, SCTP, TCP, UDP, UDPLITE, VRRP } from "../net/protocol.ts";
import { ACK, CWR, ECE, FIN, PSH, RST, SYN } from "../net/tcp-flags.ts";
import { hearRedirect } from "./heard-redirect.ts";
import { listening, type SocketState } from "./listening.ts";
import { answerMappedSender } from "./mapped-sender.ts";
import { deliverSctp } from "./sctp.ts";
import { hasConnection, receiveSegment, segmentError } from "./tcp/receive.ts";
import { isServed } from "./tcp/served.ts";
import type { World } from "./world.ts";

/** A socket that a probe's program holds open; it hears what is for it, and errors about what it sent. */
export interface BoundSocket {
  readonly protocol: number;
  readonly localPort: number;
  readonly remote: Address;
  /** The remote port; 0 for ICMP. */
  readonly remotePort: number;
  receive(skb: Skb): void;
  error(skb: Skb, quoted: Packet): void;
}

/** Opens a socket on a host. */
export function openSocket(world: World, host: string, socket: BoundSocket): void {
  const sockets = world.sockets.get(host);
  if (sockets === undefined) world.sockets.set(host, [socket]);
  else sockets.push(socket);
}

/**
 * The transport layer of the receiver: programs of the probe first, then the kernel's own answers (echo), then the
 * listening sockets that the dump shows. Returns whether somebody listens; answers only where the World lets receivers
 * answer.
 */
export function deliverToSockets(world: World, runtime: HostRuntime, skb: Skb): SocketState {
  const { packet: received } = skb;
  if (unhandledExtension(received) !== null) return deliverOther(world, runtime, skb);
  if (received.protocol === ICMP || received.protocol === ICMPV6) return deliverIcmp(world, runtime, skb);
  if (received.protocol === TCP && receiveSegment(world, runtime, skb)) return "open";
  const own = findBound(world, runtime, received.protocol, received.dport, received.src, received.sport);
  if (own !== null) {
    own.receive(skb);
    return "open";
  }
  const { protocol } = received;
  if (protocol === SCTP) return deliverSctp(world, runtime, skb) ?? deliverOther(world, runtime, skb);
  if (protocol !== TCP && protocol !== UDP && protocol !== UDPLITE) return deliverOther(world, runtime, skb);
  if (isRoutedToMany(skb)) return "unknown";
  // of a connection that has ended, whoever may listen there
  if (world.answers && isLate(world, runtime, received)) {
    refuse(runtime, skb);
    return "closed";
  }
  const state = listening(world, runtime, skb);
  if (!world.answers) return state;
  if (state === "closed") refuse(runtime, skb);
  else if (received.protocol === TCP) {
    if (isServed(world.tcp, runtime.host.name, received)) serveTcp(runtime, skb);
    else refuse(runtime, skb);
  } else if (isAnswer(world, skb)) return state;
  else if (isMapped(received.src)) answerMappedSender(runtime, skb);
  else reply(runtime, skb, { payloadLength: received.payloadLength });
  return state;
}

/** A segment that begins nothing, and goes on with nothing that a server began. */
function isLate({ tcp }: World, { host }: HostRuntime, packet: Packet): boolean {
  return packet.protocol === TCP && (packet.flags & SYN) === 0 && !isServed(tcp, host.name, packet);
}

/** A server's answer, or what only a WireGuard device would answer: two servers would go on for ever. */
function isAnswer({ journeys }: World, { journey, packet }: Skb): boolean {
  return packet.sealed !== null || journeys[journey]?.kind === "data";
}

/**
 * ip_protocol_deliver_rcu(): a protocol without a handler is answered with "protocol unreachable". Handlers of tunnels
 * come with modules, which are loaded where such a device exists; that of PIM (pim_rcv()) comes with multicast routing, which
 * kernels are built with, and answers nothing.
 */
function deliverOther(world: World, runtime: HostRuntime, skb: Skb): SocketState {
  const { src, extensions } = skb.packet;
  const header = unhandledExtension(skb.packet);
  const protocol = header === null ? skb.packet.protocol : extensionNumber(header);
  if (protocol === IGMP || protocol === OSPF || protocol === PIM || protocol === VRRP) return "unknown";
  const socket = runtime.host.sockets.some((item) => item.protocol === protocol);
  const tunnel = runtime.compiled.devices.some(({ kind }) =>
    kind === "ipip" ? protocol === IPIP : kind === "tun" || kind === "other",
  );
  if (socket || tunnel) return "unknown";
  if (!world.answers) return "closed";
  if (src.family === 4) sendIcmpError(runtime, skb, icmp.DEST_UNREACHABLE, icmp.PROTOCOL_UNREACHABLE, 0);
  else {
    const pointer = nextHeaderField(extensions, header);
    sendIcmpError(runtime, skb, icmp.V6_PARAMETER_PROBLEM, icmp.V6_UNKNOWN_NEXT_HEADER, pointer);
  }
  return "closed";
}

/** Whether a program of the World holds a socket that is connected to the sender of this packet. */
export function hasConnectedSocket(world: World, runtime: HostRuntime, packet: Packet): boolean {
  if (packet.protocol === TCP && hasConnection(world, runtime, packet)) return true;
  return findBound(world, runtime, packet.protocol, packet.dport, packet.src, packet.sport) !== null;
}

function findBound(
  world: World,
  runtime: HostRuntime,
  protocol: number,
  localPort: number,
  remote: Address,
  remotePort: number,
): BoundSocket | null {
  const sockets = world.sockets.get(runtime.host.name) ?? [];
  return (
    sockets.find(
      (socket) =>
        socket.protocol === protocol &&
        socket.localPort === localPort &&
        socket.remotePort === remotePort &&
        sameAddress(socket.remote, remote),
    ) ?? null
  );
}

function deliverIcmp(world: World, runtime: HostRuntime, skb: Skb): SocketState {
  const { packet: received } = skb;
  const six = received.protocol === ICMPV6;
  const isEcho = received.icmpType === (six ? icmp.V6_ECHO_REQUEST : icmp.ECHO_REQUEST);
  if (isEcho) {
    if (world.answers) echo(runtime, skb);
    return "open";
  }
  if (!six && received.icmpType === icmp.TIMESTAMP_REQUEST) {
    if (world.answers) answerTimestamp(runtime, skb);
    return "open";
  }
  const isReply = received.icmpType === (six ? icmp.V6_ECHO_REPLY : icmp.ECHO_REPLY);
  if (isReply) {
    const own = findBound(world, runtime, received.protocol, received.icmpId, received.src, 0);
    own?.receive(skb);
    return own === null ? "closed" : "open";
  }
  const { inner } = received;
  if (inner === null) return "open";
  const local = inner.protocol === ICMP || inner.protocol === ICMPV6 ? inner.icmpId : inner.sport;
  const own = findBound(world, runtime, inner.protocol, local, inner.dst, inner.dport);
  if (!six && received.icmpType === icmp.DEST_UNREACHABLE && received.icmpCode === icmp.FRAGMENTATION_NEEDED) {
    const heard = own !== null || hasSent(world, runtime, inner);
    if (!receiveFragmentationNeeded(runtime, inner, received.icmpMtu, heard)) return "open";
  }
  if (six && received.icmpType === icmp.V6_PACKET_TOO_BIG) {
    receivePacketTooBig(runtime, skb, own !== null || hasSent(world, runtime, inner));
  }
  if (received.icmpType === (six ? icmp.V6_REDIRECT : icmp.REDIRECT)) hearRedirect(world, runtime, skb);
  if (inner.protocol === TCP) segmentError(world, runtime, received, inner);
  own?.error(skb, inner);
  return "open";
}

/**
 * Whether a socket of the host can have sent the packet that an error quotes, and hears of it. In IPv6 no raw socket does that
 * is not connected (rawv6_err()).
 */
function hasSent(world: World, runtime: HostRuntime, { protocol, sport, src }: Packet): boolean {
  return (
    runtime.host.sockets.some(
      (socket) => socket.protocol === protocol && (socket.raw ? src.family === 4 : socket.port === sport),
    ) ||
    world.journeys.some(
      ({ host, local, raw, packet: sent }) =>
        local && !(raw && src.family === 6) && host === runtime.host.name && sent.protocol === protocol,
    )
  );
}

/** icmp_echo(): only the type of the request is changed. */
function echo(runtime: HostRuntime, skb: Skb): void {
  if (skb.packet.protocol === ICMPV6) return echo6(runtime, skb);
  if (isRoutedToMany(skb) && ignoresBroadcasts(runtime)) return;
  if (sysctl(runtime, "net.ipv4.icmp_echo_ignore_all", 0) !== 0) return;
  const { icmpCode, payloadLength } = skb.packet;
  sendIcmpReply(runtime, skb, "echo-reply", { icmpType: icmp.ECHO_REPLY, icmpCode, payloadLength });
}

/**
 * icmpv6_echo_reply(): groups and anycast addresses are answered too, from an address of the device's, or from the anycast address
 * itself where `anycast_src_echo_reply` says so. Routes over the
 * incoming interface are preferred, and rules may select by it (`ip -6 rule oif`).
 */
function echo6(runtime: HostRuntime, skb: Skb): void {
  const { packet: request, input, route } = skb;
  const ignores = (what: string): boolean => runtime.host.sysctls.get(`net.ipv6.icmp.echo_ignore_${what}`) === "1";
  const anycast = route !== null && isAnycastDestination(runtime, route, request.dst);
  const isAnycastRoute = route?.kind === "local" && route.route.type === "anycast";
  const answersAsAnycast = runtime.host.sysctls.get("net.ipv6.anycast_src_echo_reply") === "1";
  // Measured: nothing is said to what a raw socket sent to `::` in its own header.
  if (isUnspecified(request.dst)) return;
  if (ignores("all") || (isMulticast(request.dst) && ignores("multicast")) || (anycast && ignores("anycast"))) return;
  if (!allowEchoReply6(runtime, skb)) return;
  // icmp6_iif(): for what came through lo the device of the address; measured: not for an answer to ::1.
  const from = route?.kind === "local" && input?.kind === "loopback" && !isLoopback(request.src) ? route.output : input;
  runtime.services.send(
    runtime,
    packet({
      src: request.dst,
      dst: request.src,
      protocol: ICMPV6,
      tos: request.tos,
      icmpType: icmp.V6_ECHO_REPLY,
      icmpCode: request.icmpCode,
      icmpId: request.icmpId,
      icmpSeq: request.icmpSeq,
      payloadLength: request.payloadLength,
    }),
    {
      kind: "echo-reply",
      cause: skb,
      fromKernel: true,
      defaultTtl: true,
      selectSource: isMulticast(request.dst) || (isAnycastRoute && !(anycast && answersAsAnycast)),
      mark: sysctl(runtime, "net.ipv6.fwmark_reflect", 0) !== 0 ? skb.mark : 0,
      ...(from === null ? {} : { preferredInterface: from.name }),
    },
  );
}

/** icmp_timestamp(): three time stamps, if the request had the first. */
function answerTimestamp(runtime: HostRuntime, skb: Skb): void {
  if (skb.packet.payloadLength < 4 || (isRoutedToMany(skb) && ignoresBroadcasts(runtime))) return;
  sendIcmpReply(runtime, skb, "icmp", { icmpType: icmp.TIMESTAMP_REPLY, payloadLength: 12 });
}

function ignoresBroadcasts(runtime: HostRuntime): boolean {
  return runtime.host.sysctls.get("net.ipv4.icmp_echo_ignore_broadcasts") !== "0";
}

/** No socket: TCP answers with a reset, UDP and UDP-Lite with port unreachable (net/ipv4/tcp_ipv4.c, udp.c). */
function refuse(runtime: HostRuntime, skb: Skb): void {
  const { packet: received } = skb;
  if (received.protocol === TCP) {
    const reset = resetFor(received);
    // tcp_v4_send_reset() asks for a local route, tcp_v6_send_reset() for a unicast destination. One over lo that a socket bound to
    // it has made up, or the table has, is no local one.
    if (reset === null || skb.route?.kind !== "local" || skb.route.route.type === "anycast") return;
    // There is no route from an address of others: what TEE has given to this host itself is for somebody else.
    const selectSource = isUnspecified(received.dst);
    if (received.src.family === 4 && !selectSource && ownDevice(runtime, received.dst) === null) return;
    // tcp_v4_send_reset() keeps the type of service, tcp_v6_send_reset() but the ECN bits; the reset of a REJECT does not.
    reset.tos = received.src.family === 4 ? received.tos : received.tos & 0xfc;
    const mark = replyMark(runtime, skb);
    // tcp_v6_send_response()
    const boundInterface = linkOfSender(skb);
    runtime.services.send(runtime, reset, {
      kind: "tcp-reset",
      cause: skb,
      fromKernel: true,
      defaultTtl: true,
      // ip_send_unicast_reply() goes through a socket of the kernel, ip6_xmit() only looks at one.
      socketless: received.src.family === 6,
      selectSource,
      mark,
      boundInterface,
    });
    return;
  }
  // __udp4_lib_rcv() lets go of the connection first: the error finds it again by what it quotes.
  resetConntrack(skb);
  if (received.src.family === 6) sendIcmpError(runtime, skb, icmp.V6_DEST_UNREACHABLE, icmp.V6_PORT_UNREACHABLE, 0);
  else sendIcmpError(runtime, skb, icmp.DEST_UNREACHABLE, icmp.PORT_UNREACHABLE, 0);
}

/** The device that an answer is bound to: a link-local address, or ::1, is one on the link that the packet came by; null for others. */
function linkOfSender(skb: Skb): string | null {
  const { src } = skb.packet;
  return src.family === 6 && needsInterface(src) ? (cameBy(skb)?.name ?? null) : null;
}

/** A server that accepts, answers one segment of data with one, and closes when the other side does. */
function serveTcp(runtime: HostRuntime, skb: Skb): void {
  const { flags, seq, payloadLength, ack } = skb.packet;
  if (flags & RST) return;
  if (flags & SYN && flags & ACK) return refuse(runtime, skb);
  if (isMapped(skb.packet.src)) {
    // tcp_v6_conn_request() opens nothing for it, without a word.
    if (flags & ACK) refuse(runtime, skb);
    return;
  }
  const next = (seq + payloadLength + (flags & (SYN | FIN) ? 1 : 0)) >>> 0;
  const opening = {
    flags: SYN | ACK | congestionFlag(runtime, skb),
    seq: SERVER_ISN,
    ack: next,
  };
  if (flags & SYN) reply(runtime, skb, opening);
  // What comes without PSH is a part of something: its acknowledgement waits for the rest.
  else if (payloadLength > 0 && (flags & PSH) !== 0)
    reply(runtime, skb, { flags: PSH | ACK, seq: ack, ack: next, payloadLength: 100 });
  else if (flags & FIN) reply(runtime, skb, { flags: FIN | ACK, seq: ack, ack: next });
}

/** tcp_ecn_create_request(): ECE where the SYN offers ECN, which `tcp_ecn` refuses with 0 alone. */
function congestionFlag(runtime: HostRuntime, { packet: { flags, tos } }: Skb): number {
  const offered = (flags & ECE) !== 0 && (flags & CWR) !== 0 && (tos & 3) === 0;
  return offered && sysctl(runtime, "net.ipv4.tcp_ecn", 2) !== 0 ? ECE : 0;
}

/** Initial sequence number of every server: its value matters to nobody. */
const SERVER_ISN = 5000;

/** Whether the socket answers from an address that the host has not, as one with IP_TRANSPARENT does, which is in no dump. */
function mayAnswerAsOthers(runtime: HostRuntime, { packet: { protocol, dst, dport }, transparent }: Skb): boolean {
  if (transparent || routesUnknown(runtime, 4) || ownDevice(runtime, dst) !== null) return transparent;
  const { name } = runtime.host;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "transparent-socket",
    variable: `${name} transparent ${protocol} ${dport}`,
    question: `is the socket on ${name} that listens on port ${dport} a transparent one? ${formatAddress(dst)} is no address of ${name}`,
    alternatives: [
      { label: "it is: it answers from that address", probability: 0 },
      { label: "it is not: no answer leaves", probability: 0 },
    ],
    command: "ss -lntup",
  });
  return taken === 0;
}

/** tcp_v4_send_synack(), tcp_v4_syn_recv_sock(): of later segments the type of service is taken to be that of the SYN. */
function reflectedTos(runtime: HostRuntime, { tos }: Packet): number {
  return quietSysctl(runtime, "net.ipv4.tcp_reflect_tos", 0) === 0 ? 0 : tos & 0xfc;
}

function reply(runtime: HostRuntime, skb: Skb, fields: Partial<Packet>): void {
  const { packet: received } = skb;
  const answer = packet({
    src: received.dst,
    dst: received.src,
    protocol: received.protocol,
    sport: received.dport,
    dport: received.sport,
    tos: received.protocol === TCP ? reflectedTos(runtime, received) : 0,
    // IP_PMTUDISC_WANT is the default of datagrams too.
    df: (received.protocol === TCP || received.protocol === UDP) && received.src.family === 4,
    ...fields,
  });
  const kind = (answer.flags & SYN) !== 0 ? "syn-ack" : "data";
  // tcp_v6_init_req(); of a datagram the program is told the scope of the address (ipv6_iface_scope_id()); ::1 has none
  const link = isLinkLocal(received.src) ? linkOfSender(skb) : null;
  const boundInterface = listenerFor(runtime.host.sockets, skb)?.interface ?? link;
  // later ones have the mark of the SYN, which is taken to be that of what they answer
  const mark = received.protocol === TCP ? acceptedMark(runtime, skb) : 0;
  if (kind === "syn-ack") tellMss(runtime, answer, boundInterface, mark);
  runtime.services.send(runtime, answer, {
    kind,
    cause: skb,
    defaultTtl: true,
    // SYN-ACKs have DF whatever the route says (ip_build_and_send_pkt()), as resets do (tcp_sk_init()).
    discoversMtu: kind !== "syn-ack",
    // inet_csk_route_req(), udp_sendmsg()
    ownSource: received.src.family === 4 && !mayAnswerAsOthers(runtime, skb),
    boundInterface,
    mark,
  });
}
