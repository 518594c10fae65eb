import type { BirdInterfacePattern, BirdStaticTarget } from "../../model/bird/configuration.ts";
import type { Interface } from "../../model/interface.ts";
import { compareAddresses } from "../../net/address.ts";
import { type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { runFilter } from "../filter/evaluate.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";
import { matchesPattern } from "../filter/membership.ts";
import { numberOfPrefix } from "../rib/numbering.ts";
import { NO_KERNEL_ATTRIBUTES, type PrefixKey, prefixKey, type RibHop, type RibRoute } from "../rib/route.ts";
import { netsOf } from "../rib/table.ts";
import type { DirectConfiguration, StaticConfiguration } from "./configuration.ts";
import { importRoute, noteError, type Protocol, type SpeakerCore, setState, withdrawRoute } from "./protocol.ts";

/** The direct protocol: a route for the subnet of each address (dev_ifa_notify of nest/rt-dev.c). */
export function startDirect(core: SpeakerCore, item: Protocol, configuration: DirectConfiguration): void {
  setState(core, item, "up");
  scanDirect(core, item, configuration);
}

/** Routes of addresses that are there now; those of addresses that went are withdrawn. */
export function scanDirect(core: SpeakerCore, item: Protocol, { interfaces, preference }: DirectConfiguration): void {
  const { family } = core.configuration;
  const found: RibRoute[] = [];
  for (const device of core.runtime.host.interfaces.values()) {
    if (!device.up) continue;
    for (const { address, prefixLength, scope, peer, dad } of device.addresses) {
      if (address.family !== family || scope === "host" || scope === "link" || dad !== null) continue;
      const prefix = prefixOf(peer ?? address, prefixLength);
      if (interfaces.length > 0 && !fits(interfaces, device, prefixOf(address, prefixLength))) continue;
      found.push({
        ...plain(core, item, preference),
        prefix,
        source: "device",
        target: "device",
        hops: [{ gateway: null, interface: device.name, weight: 1 }],
      });
    }
  }
  replaceRoutes(core, item, found);
}

/** Brings the routes of a protocol to what they are to be. */
function replaceRoutes(core: SpeakerCore, item: Protocol, wanted: readonly RibRoute[]): void {
  const keys = new Set(wanted.map(({ prefix }) => prefixKey(prefix)));
  const gone: Prefix[] = [];
  const known = new Map<PrefixKey, RibRoute>();
  for (const { number, prefix, routes } of item.imported === 0 ? [] : netsOf(core.table)) {
    const mine = routes.find(({ owner }) => owner === item.owner);
    const key = core.table.numbering.keys[number];
    if (mine === undefined || key === undefined) continue;
    if (keys.has(key)) known.set(key, mine);
    else gone.push(prefix);
  }
  for (const prefix of gone) withdrawRoute(core, item, prefix, 0);
  for (const route of wanted) {
    const before = known.get(prefixKey(route.prefix));
    if (before === undefined || JSON.stringify(before.hops) !== JSON.stringify(route.hops))
      importRoute(core, item, route);
  }
}

/** iface_patt_find(): the first pattern that fits decides. */
function fits(patterns: readonly BirdInterfacePattern[], device: Interface, subnet: RibRoute["prefix"]): boolean {
  for (const { pattern, negated, prefix } of patterns) {
    if (!matchesPattern(device.name, pattern)) continue;
    if (prefix !== null && !(prefixContains(prefix, subnet.address) && subnet.length >= prefix.length)) continue;
    return !negated;
  }
  return false;
}

function plain(core: SpeakerCore, item: Protocol, preference: number) {
  return {
    owner: item.owner,
    path: 0,
    preference,
    from: null,
    attributes: null,
    kernel: NO_KERNEL_ATTRIBUTES,
    recursive: false,
    igpMetric: null,
    since: core.world.now,
  };
}

/** Next hops of a route stand by weight, the heaviest first, then by address (mpnh_insert of nest/rt-attr.c). */
function compareHops(x: RibHop, y: RibHop): number {
  const apart = y.weight - x.weight;
  return apart !== 0 || x.gateway === null || y.gateway === null ? apart : compareAddresses(x.gateway, y.gateway);
}

/** The static protocol. */
export function startStatic(core: SpeakerCore, item: Protocol, configuration: StaticConfiguration): void {
  setState(core, item, "up");
  scanStatic(core, item, configuration);
}

/** A route by a gateway is there while the gateway is a neighbour (static_neigh_notify). */
export function scanStatic(core: SpeakerCore, item: Protocol, { routes, preference }: StaticConfiguration): void {
  const found = routes.flatMap(({ destination, targets, filter }): readonly RibRoute[] => {
    const way = wayOf(core, targets);
    if (way === null) return [];
    const route = { ...plain(core, item, preference), prefix: destination, ...way };
    if (filter === null) return [route];
    const verdict = runFilter({ kind: "inline", filter }, route, core.configuration.filters, core.runtime);
    if (verdict.kind === "error")
      noteError(core, item, verdict, numberOfPrefix(core.table.numbering, destination), false);
    return [verdict.kind === "accept" ? verdict.route : route];
  });
  replaceRoutes(core, item, found);
}

type Way = Pick<RibRoute, "source" | "target" | "hops"> & Partial<Pick<RibRoute, "recursive" | "lookedUp">>;

function wayOf(core: SpeakerCore, targets: readonly BirdStaticTarget[]): Way | null {
  const hops: RibRoute["hops"][number][] = [];
  for (const target of targets) {
    switch (target.kind) {
      case "blackhole":
      case "unreachable":
      case "prohibit":
        return { source: "static", target: target.kind, hops: [] };
      case "device":
        if (core.runtime.host.interfaces.get(target.interface)?.up !== true) return null;
        return {
          source: "static-device",
          target: "device",
          hops: [{ gateway: null, interface: target.interface, weight: 1 }],
        };
      case "recursive":
        return { source: "static", target: "unreachable", hops: [], recursive: true, lookedUp: target.gateway };
      case "via": {
        const found = findNeighbour(core.runtime, target.gateway);
        if (found.kind !== "on-link") continue;
        hops.push({ gateway: target.gateway, interface: found.interface, weight: target.weight });
        break;
      }
    }
  }
  if (hops.length === 0) return null;
  return { source: "static", target: hops.length > 1 ? "multipath" : "router", hops: hops.sort(compareHops) };
}
