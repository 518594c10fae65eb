import type { HostRuntime } from "../linux/runtime.ts";
import type { Interface } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";
import { linkOf } from "./topology.ts";
import type { World } from "./world.ts";

/** The longest `fabric.routes` prefix that holds the destination, on this segment or on any. */
export function fabricRoute(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  destination: Address,
): Address | null {
  const segment = linkOf(world.topology, runtime.host.name, device.name)?.name ?? null;
  const fitting = world.network.fabricRoutes
    .filter(
      (route) =>
        (route.segment === null || route.segment === segment) && prefixContains(route.destination, destination),
    )
    .sort((x, y) => y.destination.length - x.destination.length);
  const [best] = fitting;
  return best === undefined ? null : (best.via ?? destination);
}
