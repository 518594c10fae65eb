import type { Interface } from "../../model/interface.ts";
import {
  type Address,
  formatAddress,
  isLimitedBroadcast,
  isLinkLocal,
  isMulticast,
  isUnspecified,
} from "../../net/address.ts";
import { fibOf } from "../compiled-host.ts";
import { acceptLocal, rpFilter, sendRedirects, sourceValidMark } from "../device-settings.ts";
import type { DropReason } from "../drop-reason.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import type { RouteKey } from "./key.ts";
import { lookUpRoute } from "./look-up.ts";
import { isUnicastRoute, type RoutingResult } from "./result.ts";
import { routesUnknown, UNKNOWN_INTERFACE } from "./unknown-route.ts";

/** What fib_validate_source() says: fine (`direct` when the source is on the link), or the drop reason. */
export type SourceCheck =
  | { readonly ok: true; readonly direct: boolean }
  | { readonly ok: false; readonly reason: DropReason };

/** One for each, however many packets are checked. */
const FINE: SourceCheck = { ok: true, direct: false };
const ON_LINK: SourceCheck = { ok: true, direct: true };
const OWN_SOURCE: SourceCheck = { ok: false, reason: "IP_LOCAL_SOURCE" };
const OTHER_WAY: SourceCheck = { ok: false, reason: "IP_RPFILTER" };

/**
 * fib_validate_source() (net/ipv4/fib_frontend.c): own addresses as a source are refused; the reverse path is checked
 * strictly (1), loosely (2) or not at all (0). `output` is where the packet is to be forwarded to, null for local ones:
 * the way back is looked up as if it came in there.
 */
export function validateSource(
  runtime: HostRuntime,
  key: {
    readonly src: Address;
    readonly dst: Address;
    readonly tos: number;
    readonly mark: number;
    readonly protocol: number;
    readonly sport: number;
    readonly dport: number;
  },
  device: Interface,
  output: Interface | null,
): SourceCheck {
  const mode = rpFilter(runtime, device);
  if (routesUnknown(runtime, key.src.family)) return unknownSource(runtime, key.src, device, mode);
  const { custom, classes } = fibOf(runtime.compiled, 4);
  const quick = mode === 0 && !classes && !(output === device && sendRedirects(runtime, device));
  if (quick) {
    if (acceptLocal(runtime, device)) return FINE;
    if (!custom) {
      return runtime.compiled.addresses4.has(key.src.a | 0) ? OWN_SOURCE : FINE;
    }
  }
  const reverse: RouteKey = {
    dst: key.src,
    src: key.dst,
    input: output?.name ?? null,
    output: null,
    mark: sourceValidMark(runtime, device) ? key.mark : 0,
    tos: key.tos,
    // Ports are compared the other way round, and only where some rule asks for them.
    protocol: key.protocol,
    sport: key.dport,
    dport: key.sport,
    uid: 0,
  };
  const back = lookUpRoute(runtime, reverse);
  if (back.kind === "error") return mode === 0 ? FINE : OTHER_WAY;
  if (back.kind === "local") {
    if (!acceptLocal(runtime, device)) return OWN_SOURCE;
  } else if (!isUnicastRoute(back)) return { ok: false, reason: "IP_INVALID_SOURCE" };
  const direct = back.kind === "local" || !back.viaGateway;
  if (usesDevice(runtime, back, device.name, key.src) || (back.kind === "local" && device.kind === "loopback")) {
    return direct ? ON_LINK : FINE;
  }
  if (device.addresses.every(({ address }) => address.family !== 4)) {
    return mode === 0 ? FINE : OTHER_WAY;
  }
  if (mode === 1) return OTHER_WAY;
  if (isUnknownWay(back)) return FINE;
  const over = lookUpRoute(runtime, { ...reverse, output: device.name });
  return { ok: true, direct: over.kind === "unicast" && !over.viaGateway };
}

/** The check of a source where nobody dumped the routes that it asks for. */
function unknownSource(runtime: HostRuntime, source: Address, device: Interface, mode: number): SourceCheck {
  if (runtime.compiled.addresses4.has(source.a | 0) && source.family === 4 && !acceptLocal(runtime, device)) {
    return OWN_SOURCE;
  }
  if (mode === 0 || leadsBack(runtime, source, device.name)) return FINE;
  return OTHER_WAY;
}

function isUnknownWay(result: RoutingResult): boolean {
  return result.kind === "unicast" && result.output.name === UNKNOWN_INTERFACE;
}

/** fib_info_nh_uses_dev(): any next hop of the route to `address` leads over the device. */
function usesDevice(runtime: HostRuntime, result: RoutingResult, device: string, address: Address): boolean {
  if (isUnknownWay(result)) return leadsBack(runtime, address, device);
  if (result.kind === "error" || result.route === null) return false;
  return result.route.nextHops.some((hop) => hop.interface === device && runtime.host.interfaces.has(device));
}

function leadsBack(runtime: HostRuntime, source: Address, device: string): boolean {
  return (
    runtime.services.choose({
      kind: "unknown",
      code: "routes-not-dumped",
      variable: `${runtime.host.name} reverse path ${formatAddress(source)} ${device}`,
      question: `does the way back to ${formatAddress(source)} lead over ${device} of ${runtime.host.name}? its routes were not dumped`,
      alternatives: [
        { label: "it does", probability: 0 },
        { label: "it does not", probability: 0 },
      ],
      command: "ip route show table all",
    }) === 0
  );
}

/**
 * `-m rpfilter` before `--invert` (net/ipv4/netfilter/ipt_rpfilter.c, net/ipv6/netfilter/ip6t_rpfilter.c): true when the best route back to the source
 * leads over the incoming interface; with `loose`, over any.
 */
export function reversePathMatches(
  runtime: HostRuntime,
  skb: Skb,
  options: { readonly loose: boolean; readonly validMark: boolean; readonly acceptLocal: boolean },
): boolean {
  const { packet, input } = skb;
  // rpfilter_is_loopback(), which holds for a copy of what this host sends to many, too.
  if (input === null || input.kind === "loopback" || skb.loopedBack) return true;
  // Left to forwarding, which refuses it.
  if (packet.src.family === 6 && isUnspecified(packet.src)) return true;
  if (routesUnknown(runtime, packet.src.family)) return leadsBack(runtime, packet.src, input.name);
  const { dst } = packet;
  const toMany = isMulticast(dst) || isLimitedBroadcast(dst);
  // DHCP and the like: 0.0.0.0 to 255.255.255.255 or 224.0.0.0/24.
  if (isUnspecified(packet.src) && (isLimitedBroadcast(dst) || dst.a >>> 8 === 0xe00000)) return true;
  const six = packet.src.family === 6;
  const back = lookUpRoute(runtime, {
    dst: packet.src,
    src: toMany || isUnspecified(dst) ? null : dst,
    input: null,
    // ip6t_rpfilter.c looks for a way over the incoming interface, and takes another one where there is none.
    output: six && (!options.loose || isLinkLocal(packet.src)) ? input.name : null,
    lenient: true,
    asking: six,
    mark: options.validMark ? skb.mark : 0,
    tos: packet.tos & 0xfc,
    protocol: six ? packet.protocol : 0,
    sport: 0,
    dport: 0,
    uid: 0,
  });
  if (back.kind === "error") return false;
  if (six && back.kind === "local") return back.route.type !== "anycast" && options.acceptLocal;
  if (six ? back.kind !== "unicast" : !isUnicastRoute(back) && !(back.kind === "local" && options.acceptLocal))
    return false;
  if (options.loose) return true;
  if (six && back.kind === "unicast" && !isUnknownWay(back)) return back.output === input;
  return usesDevice(runtime, back, input.name, packet.src);
}
