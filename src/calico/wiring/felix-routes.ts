import { numberOf } from "../../model/object-number.ts";
import type { Route } from "../../model/route.ts";
import type { Family } from "../../net/address.ts";
import { addressBits, formatPrefix, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import type { DeclaredNode } from "../declared-node.ts";
import { blackhole, routeVia } from "./kernel-route.ts";
import { NO_REMOTE_ROUTES, type RemoteRoutes } from "./remote-routes.ts";
import { IPIP_DEVICE, VXLAN_DEVICE } from "./tunnel-devices.ts";
import { nodeAddress, parentDevice, type WiredNode } from "./wired-node.ts";
import type { NodeRange } from "./wiring-context.ts";
import { encapsulationOf, isCrossSubnet } from "./wiring-settings.ts";

/** True for ranges whose routes Felix programs on this node. */
function isFelixes({ settings }: WiredNode, { pool, unmanaged }: NodeRange): boolean {
  if (pool === null || unmanaged) return false;
  const encapsulation = encapsulationOf(pool);
  if (encapsulation === "vxlan") return settings.vxlanEnabled[pool.cidr.address.family];
  return settings.owners[encapsulation === "ipip" ? "ipip" : "noEncap"] === "felix";
}

/** The blackholes of a node's own blocks (felix/dataplane/linux/route_mgr.go). */
export function felixBlackholes(wired: WiredNode, family: Family): readonly Route[] {
  const { node, context, settings } = wired;
  if (settings.routeSyncDisabled || nodeAddress(node, family) === null) return [];
  return context
    .rangesOf(node.name)
    .filter(({ destination }) => destination.address.family === family && destination.length < addressBits(family))
    .filter((range) => isFelixes(wired, range))
    .map(({ destination, origin }) => blackhole(destination, settings.routeProtocol, origin));
}

/** The routes that Felix programs to the blocks of other nodes (felix/dataplane/linux/vxlan_mgr.go, ipip_mgr.go, noencap_mgr.go). */
export function felixRoutes(wired: WiredNode, family: Family): RemoteRoutes {
  const { node, context, settings, mtu } = wired;
  if (settings.routeSyncDisabled) return NO_REMOTE_ROUTES;
  const near = nearby(node, family);
  const subnet = near.subnet === null ? "" : formatPrefix(near.subnet);
  const key = ["felix", family, numberOf(settings), mtu.ipip, mtu.vxlan[family], subnet, near.device ?? ""].join(" ");
  return context.remote(key, function* () {
    for (const range of context.ranges) {
      if (range.destination.address.family !== family || !isFelixes(wired, range)) continue;
      const route = remoteRoute(wired, near, family, range);
      if (route !== null) yield [range.node, context.shared(range, route)];
    }
  });
}

/** The subnet that a node takes itself to be in, and the device that it is on. */
interface Nearby {
  readonly subnet: Prefix | null;
  readonly device: string | null;
}

function nearby(node: DeclaredNode, family: Family): Nearby {
  const own = family === 4 ? node.bgpIPv4 : node.bgpIPv6;
  return {
    subnet: own === null ? null : prefixOf(own.address, own.length),
    device: parentDevice(node, family)?.name ?? null,
  };
}

function remoteRoute(wired: WiredNode, near: Nearby, family: Family, range: NodeRange): Route | null {
  const { context, settings, mtu } = wired;
  const { pool, destination, origin } = range;
  const peer = context.nodes.get(range.node);
  const gateway = peer === undefined ? null : nodeAddress(peer, family);
  if (pool === null || gateway === null) return null;
  const encapsulation = encapsulationOf(pool);
  const isNear = near.subnet !== null && prefixContains(near.subnet, gateway);
  // Felix counts pools without a tunnel as cross-subnet ones: only neighbours get a route
  const goesDirectly = isNear && (encapsulation === "none" || isCrossSubnet(pool));
  if (goesDirectly && near.device !== null)
    return routeVia(destination, near.device, gateway, { protocol: settings.routeProtocol, onlink: true, origin });
  switch (encapsulation) {
    case "none":
      return null;
    case "ipip":
      return routeVia(destination, IPIP_DEVICE, gateway, {
        protocol: settings.routeProtocol,
        onlink: true,
        mtu: mtu.ipip,
        origin,
      });
    case "vxlan": {
      const vtep = context.vteps(family).get(range.node);
      const fields = {
        protocol: settings.deviceRouteProtocol,
        mtu: settings.vxlanRoutesHaveMTU ? mtu.vxlan[family] : 0,
        origin,
      };
      // the end of a tunnel is on the device itself
      if (range.isTunnel) return routeVia(destination, VXLAN_DEVICE[family], null, { ...fields, scope: "link" });
      return vtep === undefined
        ? null
        : routeVia(destination, VXLAN_DEVICE[family], vtep.tunnel, { ...fields, onlink: true });
    }
  }
}
