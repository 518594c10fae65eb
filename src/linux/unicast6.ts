import { type Address, isMapped, isMulticast, isUnspecified } from "../net/address.ts";

/** IPV6_ADDR_UNICAST of ipv6_addr_type() (net/ipv6/addrconf_core.c), which mapped addresses do not have. */
export function isUnicast6(address: Address): boolean {
  return !isMulticast(address) && !isUnspecified(address) && !isMapped(address);
}
