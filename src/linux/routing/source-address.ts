import type { Interface, InterfaceAddress } from "../../model/interface.ts";
import type { NextHop, Route } from "../../model/route.ts";
import { type Address, ipv4, ipv6, unspecified } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { routeLocalnet } from "../device-settings.ts";
import { type Hook, OUTPUT } from "../netfilter/verdict.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { SCOPE6_LINK_LOCAL, SCOPE6_SITE_LOCAL, scope6 } from "./address-scope.ts";
import { deviceNamed } from "./named-device.ts";
import { selectAddress6 } from "./source-address6.ts";

/** Scopes as numbers: smaller reaches further (RT_SCOPE_*). */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };
const SCOPE_UNIVERSE = 0;
export const SCOPE_LINK = 253;
export const SCOPE_HOST = 254;

/**
 * inet_select_addr() (net/ipv4/devinet.c): a primary address of the device in the subnet of `destination`, else its
 * first of sufficient scope, else one of any other device in order.
 */
export function selectAddress(
  runtime: HostRuntime,
  device: Interface,
  destination: Address,
  scope: number = SCOPE_UNIVERSE,
): Address | null {
  return destination.family === 4
    ? select4(runtime, device, destination, scope)
    : selectAddress6(runtime, device, destination);
}

function select4(runtime: HostRuntime, device: Interface, destination: Address, scope: number): Address | null {
  let first: Address | null = null;
  for (const item of device.addresses) {
    if (item.address.family !== 4 || item.secondary || scopeOf(runtime, device, item) > scope) continue;
    const subnet = { address: item.peer ?? item.address, length: item.prefixLength };
    if (destination.a === 0 || prefixContains(subnet, destination)) return item.address;
    first ??= item.address;
  }
  if (first !== null) return first;
  for (const other of runtime.compiled.devices) {
    if (other === device) continue;
    for (const item of other.addresses) {
      if (item.address.family !== 4 || item.secondary || item.scope === "link") continue;
      if ((SCOPES[item.scope] ?? 0) <= scope) return item.address;
    }
  }
  return null;
}

/** route_localnet lets addresses of scope `host` (127.0.0.0/8) out of their device. */
function scopeOf(runtime: HostRuntime, device: Interface, { scope }: InterfaceAddress): number {
  if (scope === "host") return routeLocalnet(runtime, device) ? SCOPE_LINK : SCOPE_HOST;
  return SCOPES[scope] ?? SCOPE_UNIVERSE;
}

/**
 * fib_result_prefsrc(): the source a packet gets from a next hop of a route, `src` or the device's best address for the
 * gateway. The kernel passes the gateway only, and the route's own scope: an on-link route takes the device's first
 * address (fib_info_update_nhc_saddr).
 */
export function hopSource(runtime: HostRuntime, route: Route, hop: NextHop): Address | null {
  if (route.preferredSource !== null) return route.preferredSource;
  const device = hop.interface === null ? null : deviceNamed(runtime.host, hop.interface);
  if (device === null) return null;
  const gateway = hop.gateway?.family === 4 ? hop.gateway : unspecified(4);
  return select4(runtime, device, gateway, SCOPES[route.scope] ?? 0);
}

/**
 * MASQUERADE: the egress device's address in the subnet of the next hop; the route's `src` is ignored (kernel.md N1).
 * IPv6 knows no next hop here: the best address towards the destination (nf_nat_masquerade_ipv6).
 */
export function masqueradeSource(runtime: HostRuntime, skb: Skb): Address | null {
  if (skb.output === null) return null;
  if (skb.packet.dst.family === 6) return selectAddress6(runtime, skb.output, skb.packet.dst);
  const { route } = skb;
  const nextHop = route !== null && route.kind === "unicast" ? route.nextHop : skb.packet.dst;
  return selectAddress(runtime, skb.output, nextHop);
}

/** REDIRECT: 127.0.0.1 or ::1 in OUTPUT, else the first address of the incoming interface (net/netfilter/nf_nat_redirect.c). */
export function redirectAddress(skb: Skb, hook: Hook): Address | null {
  const { dst } = skb.packet;
  if (hook === OUTPUT) return dst.family === 4 ? ipv4(0x7f000001) : ipv6(0, 0, 0, 1);
  const usable = skb.input?.addresses.find(({ address, dad }) =>
    dst.family === 4 ? address.family === 4 : address.family === 6 && dad === null && reaches(address, dst),
  );
  return usable?.address ?? null;
}

/** nf_nat_redirect_ipv6_usable(): what was sent to a link or a site, groups included, is redirected within it only. */
function reaches(address: Address, destination: Address): boolean {
  const scope = scope6(destination);
  return (scope !== SCOPE6_LINK_LOCAL && scope !== SCOPE6_SITE_LOCAL) || scope6(address) === scope;
}
