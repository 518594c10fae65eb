import { type Address, isMulticast, isUnspecified } from "../../net/address.ts";
import { quietSysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import { addressType } from "./address-type.ts";
import { haveAddress6 } from "./own-address6.ts";

/**
 * Whether bind() takes an address (inet_addr_valid_or_nonlocal(), __inet6_bind()): one of the host's own, a group or a broadcast
 * address; any where `ip_nonlocal_bind` is set. IPv4 then finds no route from it (`routeOutputKey`), IPv6 does.
 */
export function mayBind(runtime: HostRuntime, address: Address): boolean {
  if (isUnspecified(address) || isMulticast(address)) return true;
  const isOwn =
    address.family === 4 ? isLocalOrBroadcast(runtime, address) : haveAddress6(runtime.compiled.devices, address);
  const setting = address.family === 4 ? "net.ipv4.ip_nonlocal_bind" : "net.ipv6.ip_nonlocal_bind";
  return isOwn || quietSysctl(runtime, setting, 0) !== 0;
}

function isLocalOrBroadcast(runtime: HostRuntime, address: Address): boolean {
  if (runtime.compiled.addresses4.has(address.a | 0)) return true;
  const type = addressType(runtime, address, null);
  return type === "LOCAL" || type === "BROADCAST";
}
