import { type Route, TABLE_MAIN } from "../model/route.ts";
import { ipv4 } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";

/** 169.254.1.1, the gateway of Calico's pods (cni-plugin/pkg/dataplane/linux): no device has it. */
export const POD_GATEWAY = ipv4(0xa9fe0101);

/**
 * Whether routes of the main table lead to the pods' gateway, mostly the default one: the kernel answers by proxy ARP only for what it has
 * a route to (net/ipv4/arp.c arp_process).
 */
export function coversPodGateway(routes: readonly Pick<Route, "family" | "table" | "type" | "destination">[]): boolean {
  return routes.some(
    ({ family, table, type, destination }) =>
      family === 4 && table === TABLE_MAIN && type === "unicast" && prefixContains(destination, POD_GATEWAY),
  );
}
