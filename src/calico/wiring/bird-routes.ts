import type { Finding } from "../../model/finding.ts";
import type { Route } from "../../model/route.ts";
import { type Family, formatAddress } from "../../net/address.ts";
import { prefixContains, prefixOf } from "../../net/prefix.ts";
import { blackhole, routeVia, wayOut } from "./kernel-route.ts";
import { notReached } from "./not-reached.ts";
import { IPIP_DEVICE } from "./tunnel-devices.ts";
import { nodeAddress, type WiredNode } from "./wired-node.ts";
import type { NodeRange } from "./wiring-context.ts";
import { encapsulationOf, isCrossSubnet } from "./wiring-settings.ts";

/** True for ranges that BIRD's kernel filter lets into the kernel (calico_kernel_programming). */
function isBirds({ settings }: WiredNode, { pool }: NodeRange): boolean {
  if (!settings.bird) return false;
  // what is in no pool is let through
  if (pool === null) return true;
  const encapsulation = encapsulationOf(pool);
  if (encapsulation === "vxlan") return false;
  return settings.owners[encapsulation === "ipip" ? "ipip" : "noEncap"] === "bird";
}

/** True for ranges of which a node tells its peers (calico_export_to_bgp_peers). */
function isExported({ pool, destination, unmanaged }: NodeRange): boolean {
  if (pool?.disableBGPExport === true) return false;
  // single addresses are exported where a pool that is in use holds them, blocks wherever they are
  const isBlock = !unmanaged && destination.length < (destination.address.family === 4 ? 32 : 128);
  return isBlock || (pool !== null && pool.disabled !== true);
}

/**
 * The routes that BIRD has put into the kernel once all sessions are up, and nothing changes any more. Its own speakers
 * may say otherwise: this is the assumption `bgp-settled`.
 */
export function birdRoutes(
  wired: WiredNode,
  family: Family,
): { readonly routes: readonly Route[]; readonly findings: readonly Finding[] } {
  const { node, context, settings } = wired;
  if (!settings.bird || nodeAddress(node, family) === null) return { routes: [], findings: [] };
  const { nextHops, outside } = context.bgpOf(family).reachOf(node.name);
  // since v3.32 what comes over BGP gets the usual priority of Calico's routes
  const metric = settings.routePriority[family];
  const own = family === 4 ? node.bgpIPv4 : node.bgpIPv6;
  const subnet = own === null ? null : prefixOf(own.address, own.length);
  const routes: Route[] = [];
  const unreached = new Set<string>();
  for (const range of context.ranges) {
    const { destination, pool, origin } = range;
    if (destination.address.family !== family || !isBirds(wired, range)) continue;
    if (range.node === node.name) {
      if (!range.unmanaged && destination.length < (family === 4 ? 32 : 128))
        routes.push(blackhole(destination, "bird", origin));
      continue;
    }
    if (!isExported(range)) continue;
    const gateway = nextHops.get(range.node);
    if (gateway === undefined) {
      if (context.nodes.has(range.node)) unreached.add(range.node);
      continue;
    }
    const isNear = subnet !== null && prefixContains(subnet, gateway);
    const isTunnelled = pool !== null && encapsulationOf(pool) === "ipip" && !(isCrossSubnet(pool) && isNear);
    if (isTunnelled) {
      const tunnelled = routeVia(destination, IPIP_DEVICE, gateway, { protocol: "bird", onlink: true, metric, origin });
      routes.push(context.shared(range, tunnelled));
      continue;
    }
    // `gateway recursive`: the next hop is looked up among the machine's own routes
    const way = wayOut(node.routes, gateway);
    if (way === null) continue;
    const direct = routeVia(destination, way.device, way.gateway ?? gateway, { protocol: "bird", metric, origin });
    routes.push(context.shared(range, direct));
  }
  return { routes, findings: notReached(node.name, unreached, outside.map(formatAddress)) };
}
