import type { Interface } from "../model/interface.ts";
import { type Address, isLinkLocal, sameAddress } from "../net/address.ts";
import { hasJoinedAnycast } from "./anycast.ts";
import { actsAsRouter, disablesIpv6, proxyNdp } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** ndisc_solicit(): the packet's own source when the device has it, else its link-local address; null without one. */
export function solicitationSource6({ packet: { src } }: Skb, device: Interface): Address | null {
  return hasAddress(device, src) ? src : linkLocalOf(device);
}

/** ipv6_get_lladdr(): the first link-local address that is no longer tentative. */
export function linkLocalOf(device: Interface): Address | null {
  const found = device.addresses.find(
    ({ address, dad }) => dad === null && address.family === 6 && isLinkLocal(address),
  );
  return found?.address ?? null;
}

/**
 * ndisc_recv_ns(): whether this host answers a neighbour solicitation for `target` that arrives on `device`: own and
 * anycast addresses of the device, others by `ip -6 neigh add proxy` together with `proxy_ndp`.
 */
export function answersSolicitation(runtime: HostRuntime, device: Interface, target: Address): boolean {
  if (!device.up || disablesIpv6(runtime, device)) return false;
  if (hasAddress(device, target)) return true;
  if (!actsAsRouter(runtime, device)) return false;
  return (
    hasJoinedAnycast(runtime, device, target) || (hasProxyEntry(runtime, device, target) && proxyNdp(runtime, device))
  );
}

/** Whether what `answersSolicitation()` answers for is no address of the device itself: the answer may have to wait (`proxy-queue.ts`). */
export function standsInFor(device: Interface, target: Address): boolean {
  return !hasAddress(device, target);
}

function hasAddress(device: Interface, target: Address): boolean {
  return device.addresses.some((item) => item.dad === null && sameAddress(item.address, target));
}

function hasProxyEntry(runtime: HostRuntime, device: Interface, target: Address): boolean {
  return runtime.host.neighbours.some(
    (item) => item.proxy && item.interface === device.name && sameAddress(item.address, target),
  );
}
