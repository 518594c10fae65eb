import type { Interface } from "../../model/interface.ts";
import type { Address } from "../../net/address.ts";
import { unspecified } from "../../net/address.ts";
import { prefixContains, prefixOf } from "../../net/prefix.ts";
import type { RoutingResult } from "./result.ts";

/** inet_addr_onlink(): one subnet of the device has both the sender and the gateway; without a gateway, the sender. */
export function onOneLink(device: Interface, sender: Address, result: RoutingResult & { kind: "unicast" }): boolean {
  const gateway = result.viaGateway && result.nextHop.family === 4 ? result.nextHop : unspecified(4);
  return device.addresses.some((item) => {
    const subnet = prefixOf(item.peer ?? item.address, item.prefixLength);
    return prefixContains(subnet, sender) && (gateway.a === 0 || prefixContains(subnet, gateway));
  });
}
