import type { Interface } from "../../model/interface.ts";
import type { Address, Family } from "../../net/address.ts";
import { ipv4, ipv6 } from "../../net/address.ts";
import { prefixContains, prefixOf } from "../../net/prefix.ts";
import { type Hook, OUTPUT } from "../netfilter/verdict.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";

/** Scopes as numbers: smaller reaches further (RT_SCOPE_*). */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 };
const SCOPE_UNIVERSE = 0;
export const SCOPE_LINK = 253;

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
    : select6(runtime, device, destination);
}

function select4(runtime: HostRuntime, device: Interface, destination: Address, scope: number): Address | null {
  let first: Address | null = null;
  for (const item of device.addresses) {
    if (item.address.family !== 4 || item.secondary || (SCOPES[item.scope] ?? 0) > scope) continue;
    const subnet = prefixOf(item.peer ?? item.address, item.prefixLength);
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

/**
 * The parts of RFC 6724 that decide in dumps: same scope as the destination, not deprecated or tentative, of the
 * outgoing device first, longest common prefix last.
 */
function select6(runtime: HostRuntime, device: Interface, destination: Address): Address | null {
  const linkLocal = destination.a >>> 22 === 0x3fa;
  let best: Address | null = null;
  let bestScore = -1;
  for (const candidate of [device, ...runtime.compiled.devices.filter((other) => other !== device)]) {
    for (const item of candidate.addresses) {
      if (item.address.family !== 6 || item.dad !== null || item.scope === "host") continue;
      if ((item.scope === "link") !== linkLocal) continue;
      if (linkLocal && candidate !== device) continue;
      const score =
        (item.deprecated ? 0 : 1000) + (candidate === device ? 500 : 0) + commonBits(item.address, destination);
      if (score > bestScore) {
        best = item.address;
        bestScore = score;
      }
    }
  }
  return best;
}

function commonBits(x: Address, y: Address): number {
  let bits = 0;
  for (const [p, q] of [
    [x.a, y.a],
    [x.b, y.b],
    [x.c, y.c],
    [x.d, y.d],
  ] as const) {
    const same = Math.clz32(p ^ q);
    bits += same;
    if (same < 32) break;
  }
  return bits;
}

/** MASQUERADE: the egress device's address in the subnet of the next hop; the route's `src` is ignored (kernel.md N1). */
export function masqueradeSource(runtime: HostRuntime, skb: Skb): Address | null {
  if (skb.output === null) return null;
  const { route } = skb;
  const nextHop = route !== null && route.kind === "unicast" ? route.nextHop : skb.packet.dst;
  return selectAddress(runtime, skb.output, nextHop);
}

/** REDIRECT: 127.0.0.1 or ::1 in OUTPUT, else the first address of the incoming interface (net/netfilter/nf_nat_redirect.c). */
export function redirectAddress(runtime: HostRuntime, skb: Skb, hook: Hook): Address | null {
  const family: Family = skb.packet.dst.family;
  if (hook === OUTPUT) return family === 4 ? ipv4(0x7f000001) : ipv6(0, 0, 0, 1);
  const device = skb.input;
  if (device === null) return null;
  const usable = device.addresses.find(
    (item) => item.address.family === family && item.dad !== "tentative" && (family === 4 || item.scope !== "link"),
  );
  if (usable !== undefined) return usable.address;
  return family === 4 ? null : selectAddress(runtime, device, skb.packet.src);
}
