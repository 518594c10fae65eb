import { isIcmpv6Error, V6_ECHO_REPLY } from "../net/icmp.ts";
import { ICMP, ICMPV6 } from "../net/protocol.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * Whether the kernel is about to send an ICMP message of its own, by itself or inside VXLAN: the socket that it would send another
 * one of that family with is taken until it has left (icmp_xmit_lock, icmpv6_xmit_lock), and with it the copy that TEE makes of it.
 * Neighbour discovery has sockets of its own.
 */
export function holdsIcmpSocket({ duplicated }: HostRuntime, skb: Skb): boolean {
  if (isSentByIcmpSocket(skb)) return true;
  return duplicated?.packet.src.family === skb.packet.src.family && isSentByIcmpSocket(duplicated);
}

function isSentByIcmpSocket({ fromKernel, input, packet: outermost }: Skb): boolean {
  if (!fromKernel || input !== null) return false;
  let sent = outermost;
  while (sent.vni >= 0 && sent.inner !== null) sent = sent.inner;
  if (sent.src.family !== outermost.src.family) return false;
  if (sent.protocol === ICMP) return true;
  return sent.protocol === ICMPV6 && (sent.icmpType === V6_ECHO_REPLY || isIcmpv6Error(sent.icmpType));
}
