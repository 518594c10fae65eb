import type { HearingSocket } from "../linux/hearing-socket.ts";
import { findNeighbour, wasAsked } from "../linux/neighbour-table.ts";
import { receiveRedirect } from "../linux/redirect.ts";
import { receiveRedirect6 } from "../linux/redirect6.ts";
import type { HostRuntime, PacketKind } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import { ECHO_REPLY, REDIRECT, V6_REDIRECT } from "../net/icmp.ts";
import type { Packet } from "../net/packet.ts";
import { ICMP, ICMPV6, IPIP, UDP, UDPLITE } from "../net/protocol.ts";
import type { Journey } from "./journey.ts";
import { runtimeOf, type World } from "./world.ts";

/** What a socket answers before there is a connection (`request_sock`, cookies): nobody hears of errors about it for the route's sake. */
const WITHOUT_CONNECTION: ReadonlySet<PacketKind> = new Set(["syn-ack", "init-ack", "cookie-ack"]);

/**
 * icmp_redirect(), ndisc_redirect_rcv(): a redirect is told to the protocol of the packet that it quotes, which looks for the socket that sent
 * it. Nobody follows one without a socket, but where the kernel itself sends: echo replies, tunnels, and in IPv6 all of ICMPv6.
 */
export function hearRedirect(world: World, runtime: HostRuntime, skb: Skb): void {
  const { packet } = skb;
  const { inner: quoted } = packet;
  if (quoted === null) return;
  const sent = redirected(world, runtime, skb);
  const waited = hasWaited(world, skb);
  if (packet.protocol === ICMP && packet.icmpType === REDIRECT) {
    // icmp_err(), ipip_err(), __udp4_lib_err_encap()
    const isEchoReply = quoted.protocol === ICMP && quoted.icmpType === ECHO_REPLY;
    const isOfKernel = isEchoReply || quoted.protocol === IPIP || isOfTunnel(quoted);
    if (isOfKernel) receiveRedirect(runtime, skb, null, waited);
    else if (isHeard(world, runtime, quoted, sent))
      receiveRedirect(runtime, skb, socketOf(world, runtime, quoted, sent), waited);
  }
  if (packet.protocol === ICMPV6 && packet.icmpType === V6_REDIRECT) {
    if (quoted.protocol === ICMPV6 || isOfTunnel(quoted)) receiveRedirect6(runtime, skb, null, waited);
    else if (sent !== null && isSocket(sent) && !sent.raw) {
      receiveRedirect6(runtime, skb, socketOf(world, runtime, quoted, sent), waited);
    }
  }
}

/** Whether whoever sent it had to ask for the receiver's MAC address first. */
function hasWaited(world: World, { journey, packet }: Skb): boolean {
  const sender = runtimeOf(world, world.journeys[journey]?.host ?? "");
  if (sender === null) return false;
  return sender.compiled.devices.some(({ name }) => {
    const receiver = findNeighbour(sender.neighbours, name, packet.dst);
    return receiver !== null && receiver.updated === world.now && wasAsked(receiver);
  });
}

/** The packet of this host that a redirect is about; null where it was sent by another one. */
function redirected({ journeys }: World, { host }: HostRuntime, { journey }: Skb): Journey | null {
  const sent = journeys[journeys[journey]?.cause ?? -1];
  return sent !== undefined && sent.host === host.name ? sent : null;
}

function isSocket({ local, kind }: Journey): boolean {
  return local && !WITHOUT_CONNECTION.has(kind);
}

const DATAGRAMS: ReadonlySet<number> = new Set([ICMP, UDP, UDPLITE]);

/** A raw socket hears of what others have sent, too; nothing is known of it. */
function socketOf(world: World, runtime: HostRuntime, { protocol, src }: Packet, sent: Journey | null): HearingSocket {
  const isRaw = src.family === 4 && hasRaw(world, runtime, protocol);
  if (sent === null || isRaw) return { mark: 0, device: null, ownHeader: true, connected: false, busy: false };
  const connected = !DATAGRAMS.has(protocol);
  const busy = connected && sent.kind !== "ack";
  return { mark: sent.mark, device: sent.boundInterface, ownHeader: false, connected, busy };
}

function isHeard(world: World, runtime: HostRuntime, { protocol, sport }: Packet, sent: Journey | null): boolean {
  if (hasRaw(world, runtime, protocol)) return true;
  if (sent !== null) return isSocket(sent);
  // It is not known which packet it is about: a datagram of a program that listens.
  return DATAGRAMS.has(protocol) && isListening(runtime, protocol, sport);
}

function isListening({ host }: HostRuntime, protocol: number, port: number): boolean {
  return host.sockets.some((socket) => socket.protocol === protocol && socket.port === port);
}

/** A raw socket of IPv4 hears of what any socket has sent by its protocol (raw_icmp_error()). */
function hasRaw({ journeys }: World, { host }: HostRuntime, protocol: number): boolean {
  return (
    host.sockets.some((socket) => socket.raw && socket.protocol === protocol) ||
    journeys.some((one) => one.raw && one.host === host.name && one.packet.protocol === protocol)
  );
}

/** __udp6_lib_err_encap(), vxlan_err_lookup() */
function isOfTunnel({ vni, sealed }: Packet): boolean {
  return vni >= 0 || sealed !== null;
}
