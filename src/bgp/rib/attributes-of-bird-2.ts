import { type Address, ipv4, ipv6, isLinkLocal, isUnspecified } from "../../net/address.ts";
import { PARTIAL, TRANSITIVE } from "../messages/attribute-type.ts";
import { ORIGIN_IGP, ORIGIN_INCOMPLETE, type PathAttributes, pathAttributes } from "../messages/path-attributes.ts";
import { prepend } from "./as-path.ts";
import { type Exporter, isHeldBack, staysFrom } from "./bgp-attributes.ts";
import type { BgpOwner, RibRoute } from "./route.ts";

/** Whether a BIRD 2 offers a route to an instance at all, before the export filter (bgp_preexport of proto/bgp/attrs.c, 2.0.12). */
export function isOffered({ owner, attributes }: RibRoute, to: Exporter): boolean {
  const { bgp: from } = owner;
  if (from === null || attributes === null) return true;
  if (isWithin(from, to)) {
    if (staysFrom(from, to)) return false;
    if (to.reflectorClient && attributes.clusterList?.includes(to.clusterId) === true) return false;
  }
  return !(to.interpretsCommunities && isHeldBack(attributes, to));
}

function isWithin(from: BgpOwner, to: Exporter): boolean {
  return to.internal && from.internal && to.localAs === from.localAs;
}

/** What the export filter has left of a route, and which attributes it has set. */
export interface Exported {
  readonly route: RibRoute;
  readonly fresh: ReadonlySet<string> | null;
  /** Interface of the neighbour on the link that told the route; null: it came otherwise. */
  readonly cameBy: string | null;
}

/**
 * Attributes with which a route goes out, behind the export filter (bgp_update_attrs and the hooks of bgp_export_attrs). Without a next hop it does
 * not: "Invalid route withdrawn".
 */
export function attributesBehindFilter(exported: Exported, family: 4 | 6, to: Exporter): PathAttributes {
  const { route, fresh } = exported;
  const { bgp: from } = route.owner;
  const found = route.attributes ?? pathAttributes();
  const external = !to.internal && !to.routeServerClient;
  const path = found.asPath ?? [];
  const hops = nextHopsOf(exported, family, to);
  const sent: PathAttributes = {
    ...found,
    origin: found.origin ?? (from === null ? ORIGIN_IGP : ORIGIN_INCOMPLETE),
    asPath: external ? prepend(path, to.localAs) : path,
    med: external && fresh?.has("bgp_med") !== true ? null : found.med,
    nextHop: hops?.nextHop ?? null,
    linkNextHop: hops?.linkNextHop ?? null,
    localPref: to.internal ? (found.localPref ?? to.defaultLocalPref) : null,
    originatorId: to.internal ? found.originatorId : null,
    clusterList: to.internal ? found.clusterList : null,
    opaque: found.opaque
      .filter(({ flags }) => (flags & TRANSITIVE) !== 0)
      .map((item) => ({ ...item, flags: item.flags | PARTIAL })),
  };
  return from !== null && isWithin(from, to) ? reflected(sent, from, to) : sent;
}

/** RFC 4456: the clusters of the client who told and of the one who is told, the latest in front. */
function reflected(sent: PathAttributes, from: BgpOwner, to: Exporter): PathAttributes {
  const clusters = [
    ...(to.clusterId !== 0 && to.clusterId !== from.clusterId ? [to.clusterId] : []),
    ...(from.clusterId === 0 ? [] : [from.clusterId]),
  ];
  return {
    ...sent,
    originatorId: sent.originatorId ?? from.remoteId,
    clusterList: [...clusters, ...(sent.clusterList ?? [])],
  };
}

type NextHops = Pick<PathAttributes, "nextHop" | "linkNextHop">;

/** bgp_update_next_hop_ip(); null: there is none that may go out. */
function nextHopsOf(exported: Exported, family: 4 | 6, to: Exporter): NextHops | null {
  const hops = usedHops(exported, family, to);
  const { nextHop } = hops;
  if (nextHop === null || isUnspecified(nextHop)) return null;
  return nextHop.family === family || to.nextHop.extended ? hops : null;
}

function usedHops(exported: Exported, family: 4 | 6, to: Exporter): NextHops {
  const { route } = exported;
  const nextHop = route.attributes?.nextHop ?? null;
  if (nextHop !== null && passesOn(exported, nextHop, family, to)) {
    return { nextHop, linkNextHop: route.attributes?.linkNextHop ?? null };
  }
  const gateway = gatewayOf(route, family, to);
  if (gateway !== null) return { nextHop: gateway, linkNextHop: null };
  return { nextHop: to.nextHop.address, linkNextHop: to.nextHop.link };
}

/** bgp_use_next_hop() */
function passesOn({ route, fresh, cameBy }: Exported, nextHop: Address, family: 4 | 6, to: Exporter): boolean {
  const { bgp: from } = route.owner;
  if (to.nextHopSelf) return false;
  if (to.nextHopKeep || to.routeServerClient || (to.reflectorClient && from?.internal === true)) return true;
  if (fresh?.has("bgp_next_hop") === true) return true;
  if (nextHop.family !== family && !to.nextHop.extended) return false;
  if (to.internal && !isUnspecified(nextHop)) return true;
  return to.neighbourInterface !== null && to.neighbourInterface === cameBy;
}

/** bgp_use_gateway() */
function gatewayOf(route: RibRoute, family: 4 | 6, to: Exporter): Address | null {
  const [hop] = route.hops;
  const gateway = hop?.gateway ?? null;
  if (to.nextHopSelf || route.target !== "router" || gateway === null) return null;
  if (gateway.family === 6 && isLinkLocal(gateway)) return null;
  if (gateway.family !== family && !to.nextHop.extended) return null;
  const isOnTheWay = to.neighbourInterface !== null && to.neighbourInterface === hop?.interface;
  return to.internal || isOnTheWay ? gateway : null;
}

const MAPPED = 0xffff;

/** An IPv4 next hop of IPv6 routes, as it is written (RFC 4798): BIRD 2 has all addresses so. */
export function mappedIn6(address: Address): Address {
  return address.family === 6 ? address : ipv6(0, 0, MAPPED, address.a);
}

/** What is written so is an address of IPv4. */
export function unmapped(address: Address): Address {
  const { family, a, b, c, d } = address;
  return family === 6 && a === 0 && b === 0 && c === MAPPED ? ipv4(d) : address;
}
