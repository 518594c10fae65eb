import { DEST_UNREACHABLE, FRAGMENTATION_NEEDED, TIME_EXCEEDED } from "../net/icmp.ts";
import type { NotForwarded } from "./forward6.ts";
import { sendIcmpError, sendRedirect } from "./icmp.ts";
import { routeMtu, tooBigToForward } from "./path-mtu.ts";
import type { ForwardResult } from "./routing/input.ts";
import type { HostRuntime } from "./runtime.ts";
import { loopWords, type Skb } from "./skb.ts";

/**
 * ip_forward() up to FORWARD (net/ipv4/ip_forward.c): TTL and MTU, with the errors that go out for them; then the TTL is one
 * less, and the sender hears of a better way. Null when the packet goes on.
 */
export function mayForward4(
  runtime: HostRuntime,
  skb: Skb,
  route: ForwardResult,
  redirect: boolean,
): NotForwarded | null {
  const { packet } = skb;
  if (packet.ttl <= 1) {
    sendIcmpError(runtime, skb, TIME_EXCEEDED, 0, 0);
    return { reason: "IP_INHDR", answered: true, text: `TTL exceeded${loopWords(skb)}` };
  }
  skb.output = route.output;
  const mtu = routeMtu(runtime, route, packet.dst, true);
  if (tooBigToForward(skb, mtu)) {
    sendIcmpError(runtime, skb, DEST_UNREACHABLE, FRAGMENTATION_NEEDED, mtu);
    return { reason: "PKT_TOO_BIG", answered: true, text: `larger than the MTU ${mtu} of ${route.output.name}` };
  }
  packet.ttl--;
  if (redirect && route.kind === "unicast") sendRedirect(runtime, skb, route);
  return null;
}
