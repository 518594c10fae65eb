import { type Interface, networkInterface } from "../../model/interface.ts";
import { nextHop, type Route, route } from "../../model/route.ts";
import { type Address, type Family, formatAddress, sameAddress, unspecified } from "../../net/address.ts";
import { fibOf } from "../compiled-host.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";
import type { RoutingResult } from "./result.ts";

/** What a person supposes about a host whose routes nobody dumped. */
export interface Supposition {
  /** Where the packet goes; null: unknown. */
  readonly route: "local" | "forward" | null;
  readonly outInterface: string | null;
  /** CT_* bit that conntrack is to give the packet; 0: as tracked. */
  readonly ctState: number;
}

/** Name of the interface a packet leaves by when nobody knows which: rules that test it ask. */
export const UNKNOWN_INTERFACE = "?";

export function routesUnknown(runtime: HostRuntime, family: Family): boolean {
  return fibOf(runtime.compiled, family).unknown;
}

/** Stands in for the look-up on a host without dumped routes: what was supposed, else a choice. */
export function unknownRoute(runtime: HostRuntime, key: RouteKey): RoutingResult {
  // What was supposed is about the packet in question, not about every address that somebody asks for.
  const inHand = runtime.services.current.skb?.packet.dst ?? key.dst;
  const supposed = sameAddress(inHand, key.dst) ? runtime.supposition : null;
  if (supposed?.route === "local") return localResult(runtime, key.dst);
  if (supposed?.route === "forward") return forwardResult(key.dst, supposed.outInterface);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "routes-not-dumped",
    variable: `${runtime.host.name} route to ${formatAddress(key.dst)}`,
    question: `where does ${runtime.host.name} route ${formatAddress(key.dst)}? its routes were not dumped`,
    alternatives: [
      { label: "to itself", probability: 0 },
      { label: "to another machine", probability: 0 },
    ],
    command: key.dst.family === 4 ? "ip route show table all" : "ip -6 route show table all",
  });
  return taken === 0 ? localResult(runtime, key.dst) : forwardResult(key.dst, null);
}

function stand(destination: Address, fields: Partial<Route>, device: Interface): Route {
  return route({
    destination: { address: unspecified(destination.family), length: 0 },
    nextHops: [nextHop({ interface: device.name })],
    ...fields,
  });
}

function localResult(runtime: HostRuntime, destination: Address): RoutingResult {
  const output = runtime.compiled.loopback;
  return { kind: "local", output, preferredSource: null, route: stand(destination, { type: "local" }, output) };
}

/** To another machine, over an interface that nobody knows. */
export function unknownWay(destination: Address): RoutingResult {
  return forwardResult(destination, null);
}

function forwardResult(destination: Address, name: string | null): RoutingResult {
  const output = networkInterface({ name: name ?? UNKNOWN_INTERFACE, kind: "other" });
  return {
    kind: "unicast",
    output,
    nextHop: destination,
    viaGateway: false,
    preferredSource: null,
    onlink: false,
    route: stand(destination, {}, output),
  };
}

/** The source of a packet that leaves over an interface nobody knows: any primary address that reaches further. */
export function unknownSourceFor(runtime: HostRuntime, destination: Address): Address | null {
  const candidates = runtime.compiled.devices.flatMap(({ addresses }) =>
    addresses.flatMap(({ address, secondary, scope }) =>
      address.family === 4 && !secondary && scope !== "host" ? [address] : [],
    ),
  );
  if (candidates.length < 2) return candidates[0] ?? null;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "routes-not-dumped",
    variable: `${runtime.host.name} source towards ${formatAddress(destination)}`,
    question: `which address of ${runtime.host.name} does a packet to ${formatAddress(destination)} get? its routes were not dumped`,
    alternatives: candidates.map((address) => ({ label: formatAddress(address), probability: 0 })),
    command: "ip route show table all",
  });
  return candidates[taken] ?? null;
}
