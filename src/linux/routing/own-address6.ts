import type { Interface } from "../../model/interface.ts";
import { type Address, sameAddress } from "../../net/address.ts";

/**
 * ipv6_chk_addr() (net/ipv6/addrconf.c): one of the devices has the IPv6 address, and it is none that waits for, or failed, the detection
 * of duplicates: both are tentative.
 */
export function haveAddress6(devices: readonly Interface[], address: Address): boolean {
  return devices.some(({ addresses }) =>
    addresses.some((item) => item.dad === null && sameAddress(item.address, address)),
  );
}
