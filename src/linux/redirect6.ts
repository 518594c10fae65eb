import type { NextHop, Route } from "../model/route.ts";
import { type Address, formatAddress, isLinkLocal, isMulticast, sameAddress } from "../net/address.ts";
import { acceptsRedirects6, actsAsRouter } from "./device-settings.ts";
import { type HearingSocket, letsGoInTime } from "./hearing-socket.ts";
import { confirmNeighbour } from "./neighbour-reachability.ts";
import { findNeighbour } from "./neighbour-table.ts";
import { comesAfter } from "./order-of-redirects.ts";
import { exceptionOf, type LearntGateway, setException } from "./route-exceptions.ts";
import type { RouteKey } from "./routing/key.ts";
import { lookUpRoute, refusalOf, resultOf, type TableSearch } from "./routing/look-up.ts";
import { routeOutputKey } from "./routing/output.ts";
import { searchRoutes } from "./routing/route-table.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { learnLinkAddress } from "./solicitation.ts";

/** Neighbour discovery is heard only from the link (RFC 4861 section 8.1). */
const NDISC_HOP_LIMIT = 255;

/**
 * ndisc_redirect_rcv() (net/ipv6/ndisc.c), rt6_do_redirect() (net/ipv6/route.c): a host sends what goes to the quoted destination to the
 * target, if a gateway that it has for it, or that an earlier redirect named, tells it by the link. Nobody follows one where the
 * route has an `mtu`: rt6_insert_exception() takes only what is smaller. `waited`: the redirect itself had to wait until its receiver's MAC address was known.
 */
export function receiveRedirect6(runtime: HostRuntime, skb: Skb, socket: HearingSocket | null, waited: boolean): void {
  const { packet, input } = skb;
  const { inner: quoted, icmpGateway, src: sender } = packet;
  if (input === null || quoted === null || icmpGateway === null) return;
  const { address: target, mac } = icmpGateway;
  if (packet.ttl !== NDISC_HOP_LIMIT || packet.icmpCode !== 0 || !isLinkLocal(sender)) return;
  const { dst, src, tos, protocol } = quoted;
  if (isMulticast(dst) || (!sameAddress(dst, target) && !isLinkLocal(target))) return;
  const key: RouteKey = {
    dst,
    src,
    input: null,
    output: socket === null ? input.name : socket.device,
    mark: socket?.mark ?? 0,
    tos: tos & 0xfc,
    protocol: socket?.connected === true ? protocol : 0,
    sport: socket?.connected === true ? quoted.sport : 0,
    dport: socket?.connected === true ? quoted.dport : 0,
    uid: 0,
  };
  const way = socket?.connected === true ? ownWay(runtime, key) : wayBy(runtime, key, sender);
  if (way === null) return;
  if (actsAsRouter(runtime, input) || !acceptsRedirects6(runtime, input)) return;
  const { route, hop, learnt } = way;
  const { gateway: replaces, interface: device } = hop;
  if (replaces === null || device === null) return;
  if (socket !== null && !letsGoInTime(runtime, socket, dst)) return;
  if (learnt !== undefined && !comesAfter(runtime, learnt, sender, dst)) return;
  // dst_confirm_neigh(): who redirects is there.
  const before = findNeighbour(runtime.neighbours, device, sender);
  if (before !== null) confirmNeighbour(runtime, input, before);
  if (mac !== null) learnLinkAddress(runtime, input, target, mac, `${formatAddress(sender)}, which redirects`);
  if (route.mtu > 0) return;
  const now = runtime.services.now();
  const known = exceptionOf(runtime, route, dst);
  const others = (known?.gateways ?? []).filter((other) => !sameAddress(other.replaces, replaces));
  setException(runtime, route, dst, {
    mtu: 0,
    locked: false,
    gateways: [...others, { gateway: target, replaces, device, taughtBy: sender, waitedUntil: waited ? now : null }],
    expires: Number.POSITIVE_INFINITY,
    since: now,
  });
}

interface Way {
  readonly route: Route;
  readonly hop: NextHop;
  /** The earlier redirect that named the gateway which this one comes from. */
  readonly learnt: LearntGateway | undefined;
}

/** `sk->sk_dst_cache` */
function ownWay(runtime: HostRuntime, key: RouteKey): Way | null {
  const result = routeOutputKey(runtime, key, true);
  if (result.kind !== "unicast") return null;
  const gateway = result.learnt?.replaces ?? result.nextHop;
  const { output } = result;
  const hop = result.route.nextHops.find(
    (item) => item.interface === output.name && item.gateway !== null && sameAddress(item.gateway, gateway),
  );
  return hop === undefined ? null : { route: result.route, hop, learnt: result.learnt };
}

/**
 * __ip6_route_redirect(), asked of one table after the other as the policy rules say: the first of all routes to the destination by the
 * device whose gateway it comes from; a refusal ends the search.
 */
function wayBy(runtime: HostRuntime, key: RouteKey, sender: Address): Way | null {
  let way: Way | null = null;
  const search: TableSearch = (_, table) =>
    searchRoutes(table, key.dst, (group) => {
      for (const route of group) {
        if (route.expires !== undefined && runtime.services.now() >= route.expires) continue;
        const refused = refusalOf(route);
        if (refused !== null) return refused;
        const found = wayOver(runtime, route, key, sender);
        if (found === null) continue;
        way = found;
        return resultOf(runtime, route, found.hop, key);
      }
      return null;
    });
  return lookUpRoute(runtime, key, search).kind === "error" ? null : way;
}

/** ip6_redirect_nh_match() */
function wayOver(runtime: HostRuntime, route: Route, { dst, output }: RouteKey, sender: Address): Way | null {
  for (const hop of route.nextHops) {
    const { gateway } = hop;
    if (hop.dead || gateway === null || hop.interface !== output) continue;
    if (sameAddress(gateway, sender)) return { route, hop, learnt: undefined };
    const learnt = exceptionOf(runtime, route, dst)?.gateways.find((item) => sameAddress(item.replaces, gateway));
    if (learnt !== undefined && sameAddress(learnt.gateway, sender)) return { route, hop, learnt };
  }
  return null;
}
