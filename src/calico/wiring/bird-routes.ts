import type { Finding } from "../../model/finding.ts";
import { numberOf } from "../../model/object-number.ts";
import { type Route, TABLE_MAIN } from "../../model/route.ts";
import { type Address, type Family, formatAddress } from "../../net/address.ts";
import { addressBits, formatPrefix, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { blackhole, routeVia, wayOut } from "./kernel-route.ts";
import { notReached } from "./not-reached.ts";
import { NO_REMOTE_ROUTES, type RemoteRoutes } from "./remote-routes.ts";
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

/** What BIRD has put into the kernel once all sessions are up, and nothing changes any more. */
export interface BirdRoutes {
  /** Of the node's own blocks. */
  readonly blackholes: readonly Route[];
  readonly remote: RemoteRoutes;
  readonly findings: () => readonly Finding[];
}

/** Its own speakers may say otherwise: this is the assumption `bgp-settled`. */
export function birdRoutes(wired: WiredNode, family: Family): BirdRoutes {
  const { node, context, settings } = wired;
  if (!settings.bird || nodeAddress(node, family) === null)
    return { blackholes: [], remote: NO_REMOTE_ROUTES, findings: () => [] };
  const graph = context.bgpOf(family);
  const { nextHops, outside } = graph.reachOf(node.name);
  const isFiltered = graph.filters.length > 0;
  const isOfFamily = (range: NodeRange): boolean =>
    range.destination.address.family === family && isBirds(wired, range);
  const blackholes = context
    .rangesOf(node.name)
    .filter((range) => isOfFamily(range) && !range.unmanaged && range.destination.length < addressBits(family))
    .map(({ destination, origin }) => blackhole(destination, "bird", origin));
  const own = family === 4 ? node.bgpIPv4 : node.bgpIPv6;
  const subnet = own === null ? null : prefixOf(own.address, own.length);
  const ways = node.routes.filter(({ table, type }) => table === TABLE_MAIN && type === "unicast");
  const findings = (): readonly Finding[] => {
    const wanted = context.ranges.filter((range) => isOfFamily(range) && range.node !== node.name && isExported(range));
    const hopOf = (range: NodeRange): Address | undefined =>
      isFiltered
        ? graph.nextHopOf(node.name, { ...range, isExported: true, isPassedOn: true })
        : nextHops.get(range.node);
    const unreached = wanted.filter((range) => hopOf(range) === undefined && context.nodes.has(range.node));
    return notReached([node.name], new Set(unreached.map((range) => range.node)), outside.map(formatAddress));
  };
  const seenFrom = isFiltered ? node.name : numberOf(nextHops);
  const parts = [family, numberOf(settings), seenFrom, subnet === null ? "" : formatPrefix(subnet)];
  const key = ["bird", ...parts, ...ways.map(wayKey)].join(" ");
  const remote = context.remote(key, function* () {
    // a filter may accept what Calico's own export filter keeps back: the route to a single pod of a block
    for (const range of isFiltered ? [...context.ranges, ...context.podRanges()] : context.ranges) {
      if (!isOfFamily(range)) continue;
      const told = isExported(range) && range.inBlock !== true;
      const gateway = isFiltered
        ? graph.nextHopOf(node.name, { ...range, isExported: told, isPassedOn: isExported(range) })
        : told
          ? nextHops.get(range.node)
          : undefined;
      const route = gateway === undefined ? null : birdRoute(wired, range, gateway, subnet);
      if (route !== null) yield [range.node, context.shared(range, { ...route, assumption: "bgp-settled" })];
    }
  });
  return { blackholes, remote, findings };
}

function birdRoute(
  { node, settings }: WiredNode,
  { destination, pool, origin }: NodeRange,
  gateway: Address,
  subnet: Prefix | null,
): Route | null {
  // since v3.32 what comes over BGP gets the usual priority of Calico's routes
  const metric = settings.routePriority[destination.address.family];
  const isNear = subnet !== null && prefixContains(subnet, gateway);
  const isTunnelled = pool !== null && encapsulationOf(pool) === "ipip" && !(isCrossSubnet(pool) && isNear);
  if (isTunnelled)
    return routeVia(destination, IPIP_DEVICE, gateway, { protocol: "bird", onlink: true, metric, origin });
  // `gateway recursive`: the next hop is looked up among the machine's own routes
  const way = wayOut(node.routes, gateway);
  if (way === null) return null;
  return routeVia(destination, way.device, way.gateway ?? gateway, { protocol: "bird", metric, origin });
}

/** What `wayOut` sees of a route. */
function wayKey({ destination, metric, nextHops }: Route): string {
  const [hop] = nextHops;
  const gateway = hop?.gateway == null ? "" : formatAddress(hop.gateway);
  return `${formatPrefix(destination)},${metric},${hop?.interface ?? ""},${gateway}`;
}
