import type { Interface } from "../model/interface.ts";
import { type Address, isLinkLocal, sameAddress } from "../net/address.ts";
import { prefixOf } from "../net/prefix.ts";
import { actsAsRouter, disablesIpv6 } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * ipv6_chk_acast_dev() (net/ipv6/anycast.c): whether the device has joined the anycast address, as a router does with the first one of
 * each of its subnets (RFC 4291 section 2.6.1, addrconf_join_anycast()). Routes of type anycast join nothing.
 */
export function hasJoinedAnycast(runtime: HostRuntime, device: Interface, target: Address): boolean {
  if (!device.up || disablesIpv6(runtime, device) || !actsAsRouter(runtime, device)) return false;
  return device.addresses.some(
    ({ address, prefixLength, dad }) =>
      address.family === 6 &&
      dad === null &&
      prefixLength < 127 &&
      sameAddress(prefixOf(address, prefixLength).address, target),
  );
}

/** ipv6_chk_acast_addr_src(): whether any device of the host has joined it; of a link-local address, whether `device` has. */
export function isOwnAnycast(runtime: HostRuntime, device: Interface | null, target: Address): boolean {
  if (isLinkLocal(target)) return device !== null && hasJoinedAnycast(runtime, device, target);
  return runtime.compiled.devices.some((one) => hasJoinedAnycast(runtime, one, target));
}
