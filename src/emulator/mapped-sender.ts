import { listenerFor } from "../linux/heard-by.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import { formatAddress, ipv4, unspecified } from "../net/address.ts";
import { packet } from "../net/packet.ts";
import { formatProtocol, UDP } from "../net/protocol.ts";

/**
 * The datagram that a program sends back to an IPv4-mapped address (udpv6_sendmsg()). A socket of IPv6 alone, which one that is bound
 * to an address of IPv6 is too (__inet6_bind()), has no way there. One for both families sends over IPv4, from an address of the
 * route's; but where the program tells IPv6's address to answer from (IPV6_PKTINFO), ip_cmsg_send() refuses that.
 */
export function answerMappedSender(runtime: HostRuntime, skb: Skb): void {
  const { packet: received } = skb;
  const listener = listenerFor(runtime.host.sockets, skb);
  if (listener !== null && (listener.family !== null || listener.address !== null)) return;
  const place = `${formatProtocol(received.protocol)}/${received.dport}`;
  const detail = `${runtime.host.name}'s program on ${place} answers ${formatAddress(received.src)} over IPv4`;
  if (runtime.services.assume(runtime, "answers-over-ipv4", detail, 1) !== 0) return;
  const answer = packet({
    src: unspecified(4),
    dst: ipv4(received.src.d),
    protocol: received.protocol,
    sport: received.dport,
    dport: received.sport,
    df: received.protocol === UDP,
    payloadLength: received.payloadLength,
  });
  runtime.services.send(runtime, answer, {
    kind: "data",
    cause: skb,
    defaultTtl: true,
    discoversMtu: true,
    selectSource: true,
    boundInterface: listener?.interface ?? null,
  });
}
