import type { Interface } from "../model/interface.ts";
import { isLoopback, isMulticast } from "../net/address.ts";
import { disablesIpv6 } from "./device-settings.ts";
import type { DropReason } from "./drop-reason.ts";
import { scope6 } from "./routing/address-scope.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { isOneInMany, ONE_IN_MANY } from "./unicast-in-multicast.ts";

interface Refusal {
  readonly reason: DropReason;
  readonly text: string;
}

/**
 * ip6_rcv_core() (net/ipv6/ip6_input.c): what no IPv6 packet from a wire may say, found before any rule is asked. Null
 * when nothing is wrong.
 */
export function refusedHeader(runtime: HostRuntime, device: Interface, skb: Skb): Refusal | null {
  if (disablesIpv6(runtime, device)) {
    return { reason: "IPV6DISABLED", text: `IPv6 is disabled on ${device.name}` };
  }
  const { src, dst } = skb.packet;
  const fromWire = device.kind !== "loopback";
  if (fromWire && (isLoopback(src) || isLoopback(dst))) return { reason: "IP_INHDR", text: "::1 from the wire" };
  if (isMulticast(dst)) {
    const scope = scope6(dst);
    if (scope === 0 || (scope === 1 && fromWire && !skb.loopedBack))
      return { reason: "IP_INHDR", text: "a group of no or one interface" };
  } else if (isOneInMany(runtime, device, skb)) return { reason: "UNICAST_IN_L2_MULTICAST", text: ONE_IN_MANY };
  if (isMulticast(src)) return { reason: "IP_INHDR", text: "multicast source" };
  return null;
}
