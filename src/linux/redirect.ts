import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, isLimitedBroadcast, isMulticast, sameAddress } from "../net/address.ts";
import { prefixContains, prefixOf } from "../net/prefix.ts";
import { acceptsRedirects, quietSysctl, secureRedirects, sharedMedia, sysctl } from "./device-settings.ts";
import { type HearingSocket, letsGoInTime } from "./hearing-socket.ts";
import { solicitNeighbour } from "./neighbour.ts";
import { findNeighbour } from "./neighbour-table.ts";
import { comesAfter } from "./order-of-redirects.ts";
import { exceptionOf, setException } from "./route-exceptions.ts";
import { addressType } from "./routing/address-type.ts";
import type { RouteKey } from "./routing/key.ts";
import { isAlive } from "./routing/next-hop.ts";
import { routeOutputKey } from "./routing/output.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

type UnicastResult = RoutingResult & { readonly kind: "unicast" };

/** `net.ipv4.route.gc_timeout`: seconds for which a redirect is followed. */
const GC_TIMEOUT = 300;

/**
 * __ip_do_redirect() (net/ipv4/route.c): a host sends what goes to the quoted destination over the gateway that it is told, if whoever
 * tells it is the gateway that it takes now, and if it knows the new one's MAC address already: else it only asks for that. A
 * forwarded packet would take that way too. `waited`: the redirect itself had to wait until its receiver's MAC address was known.
 */
export function receiveRedirect(runtime: HostRuntime, skb: Skb, socket: HearingSocket | null, waited: boolean): void {
  const { packet, input } = skb;
  const { inner: quoted, icmpGateway, src: sender } = packet;
  if (input === null || quoted === null || icmpGateway === null) return;
  const { address: gateway } = icmpGateway;
  const { dst, src, tos, protocol } = quoted;
  const key: RouteKey = {
    dst,
    src,
    input: null,
    output: socket?.device ?? null,
    mark: socket?.mark ?? 0,
    tos: socket?.ownHeader === true ? 0 : tos & 0xfc,
    protocol,
    sport: socket?.connected === true ? quoted.sport : 0,
    dport: socket?.connected === true ? quoted.dport : 0,
    uid: 0,
  };
  const way = routeOutputKey(runtime, key, true);
  if (way.kind !== "unicast" || !way.viaGateway || !sameAddress(way.nextHop, sender)) return;
  if (sameAddress(gateway, sender) || !mayBeGateway(gateway) || !acceptsRedirects(runtime, input)) return;
  if (!isBelieved(runtime, input, sender, gateway)) return;
  if (socket !== null && !letsGoInTime(runtime, socket, dst)) return;
  const { output, route } = way;
  if (way.learnt !== undefined && !comesAfter(runtime, way.learnt, sender, dst)) return;
  if (!isKnown(runtime, output, gateway, waited)) return;
  const replaces = replacedGateway(runtime, way);
  const known = exceptionOf(runtime, route, dst);
  const now = runtime.services.now();
  const learnt = { gateway, replaces, device: output.name, taughtBy: sender, waitedUntil: waited ? now : null };
  setException(runtime, route, dst, {
    mtu: known?.mtu ?? 0,
    locked: known?.locked ?? false,
    gateways: [...(known?.gateways ?? []).filter((other) => !sameAddress(other.replaces, replaces)), learnt],
    expires: now + quietSysctl(runtime, "net.ipv4.route.gc_timeout", GC_TIMEOUT),
    since: null,
  });
}

/**
 * Which next hop the redirect counts for, by its gateway: the one that was taken. Of several, where the hash is not of addresses alone, the
 * one that the hash of the redirect itself falls to (fib_select_path()).
 */
function replacedGateway(runtime: HostRuntime, { route, output, nextHop, learnt }: UnicastResult): Address {
  const taken = learnt?.replaces ?? nextHop;
  if (route.nextHops.length < 2 || sysctl(runtime, "net.ipv4.fib_multipath_hash_policy", 0) === 0) return taken;
  const gateways = route.nextHops.flatMap((hop) =>
    hop.interface === output.name && hop.gateway !== null && isAlive(runtime, route, hop) ? [hop.gateway] : [],
  );
  if (gateways.length < 2) return taken;
  const index = runtime.services.choose({
    kind: "hash",
    variable: `${runtime.host.name} redirect ${formatAddress(taken)} ${formatAddress(nextHop)} ${runtime.services.now()}`,
    question: `for which next hop does ${runtime.host.name} take the redirect of ${formatAddress(nextHop)}?`,
    alternatives: gateways.map((gateway) => ({
      label: `via ${formatAddress(gateway)}`,
      probability: 1 / gateways.length,
    })),
  });
  return gateways[index] ?? taken;
}

/** No group, no broadcast, and not of 0.0.0.0/8. */
function mayBeGateway(gateway: Address): boolean {
  return !isMulticast(gateway) && !isLimitedBroadcast(gateway) && gateway.a >>> 24 !== 0;
}

/**
 * With `shared_media` any address of others will do. Without it the new gateway must be in a subnet of the device that the old one is
 * in too, and with `secure_redirects` the gateway of some route over it.
 */
function isBelieved(runtime: HostRuntime, device: Interface, sender: Address, gateway: Address): boolean {
  if (sharedMedia(runtime, device)) return addressType(runtime, gateway, null) === "UNICAST";
  if (!haveOneSubnet(device, sender, gateway)) return false;
  return !secureRedirects(runtime, device) || isGateway(runtime, device, gateway);
}

/** inet_addr_onlink() */
function haveOneSubnet({ addresses }: Interface, x: Address, y: Address): boolean {
  return addresses.some((item) => {
    const subnet = prefixOf(item.peer ?? item.address, item.prefixLength);
    return prefixContains(subnet, x) && prefixContains(subnet, y);
  });
}

/** ip_fib_check_default(): despite its name it looks at the routes to all destinations. */
function isGateway({ host }: HostRuntime, device: Interface, gateway: Address): boolean {
  return host.routes.some(({ nextHops }) =>
    nextHops.some(
      (hop) => !hop.dead && hop.interface === device.name && hop.gateway !== null && sameAddress(hop.gateway, gateway),
    ),
  );
}

/** NUD_VALID: else the neighbour is asked for (neigh_event_send()), and the next redirect finds it. */
function isKnown(runtime: HostRuntime, device: Interface, gateway: Address, waited: boolean): boolean {
  if (device.noArp) return true;
  if (findNeighbour(runtime.neighbours, device.name, gateway)?.state === "resolved") return true;
  const asked = solicitNeighbour(runtime, device, gateway);
  // While the redirect waited, the packet went on: the new gateway may have asked for this host itself, and is known by that.
  return (asked.kind === "left" || (asked.kind === "mac" && waited)) && hasAnswered(runtime, gateway);
}

/** Of a machine that nobody dumped, or in time. */
function hasAnswered(runtime: HostRuntime, gateway: Address): boolean {
  const { name } = runtime.host;
  const whom = formatAddress(gateway);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "followed-redirect",
    variable: `${name} knows ${whom}`,
    question: `does ${name} know the MAC address of ${whom}, so that it follows a redirect there?`,
    alternatives: [
      { label: "it does not yet", probability: 0 },
      { label: "it follows", probability: 0 },
    ],
    command: "ip neigh show",
  });
  return taken === 1;
}
