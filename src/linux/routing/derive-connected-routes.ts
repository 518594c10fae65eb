import type { Interface } from "../../model/interface.ts";
import { nextHop, type Route, route } from "../../model/route.ts";
import { hostPrefix, samePrefix } from "../../net/prefix.ts";
import { subnetOf } from "./derive-local-routes.ts";

/**
 * The routes of table `main` that come with the addresses themselves (`proto kernel`), for machines that are described
 * and not dumped. Same sources as `deriveLocalRoutes`.
 */
export function deriveConnectedRoutes(interfaces: Iterable<Interface>): readonly Route[] {
  const routes: Route[] = [];
  for (const device of interfaces) {
    if (!device.up || device.kind === "loopback") continue;
    const nextHops = [nextHop({ interface: device.name, linkdown: !device.carrier })];
    for (const address of device.addresses) {
      const subnet = subnetOf(address);
      const isV4 = address.address.family === 4;
      if (address.noPrefixRoute || (isV4 && address.secondary)) continue;
      if (isV4 && subnet.length === 32 && address.peer === null) continue;
      const add = (destination: typeof subnet): void => {
        if (
          routes.some((one) => one.nextHops[0]?.interface === device.name && samePrefix(one.destination, destination))
        ) {
          return;
        }
        routes.push(
          route({
            destination,
            protocol: "kernel",
            scope: isV4 ? "link" : "global",
            metric: isV4 ? 0 : 256,
            preferredSource: isV4 ? address.address : null,
            nextHops,
            origin: address.origin,
          }),
        );
      };
      add(subnet);
      if (!isV4 && address.peer !== null) add(hostPrefix(address.peer));
    }
  }
  return routes;
}
