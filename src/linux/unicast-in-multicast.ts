import type { Interface } from "../model/interface.ts";
import { dropsUnicastInMulticast } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** Why such a packet ends, in words. */
export const ONE_IN_MANY = "a packet for one came in a frame for many";

/**
 * ip_rcv_finish_core() (net/ipv4/ip_input.c), ip6_rcv_core() (net/ipv6/ip6_input.c), for a packet that is for one: whether
 * `drop_unicast_in_l2_multicast` has it dropped for the frame that it came in. A copy that a host hears of its own (PACKET_LOOPBACK) came in none.
 */
export function isOneInMany(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const { packetType, loopedBack, packet } = skb;
  if (loopedBack || (packetType !== "broadcast" && packetType !== "multicast")) return false;
  return dropsUnicastInMulticast(runtime, device, packet.src.family);
}
