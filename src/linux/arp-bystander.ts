import { type Host, knowledgeOf } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import { routesWithoutBird } from "../model/routes-without-bird.ts";
import { type Address, isLoopback, isUnspecified, sameAddress } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";
import { neighboursOn } from "./neighbour-index.ts";
import { findNeighbour, isFixed } from "./neighbour-table.ts";
import type { HostRuntime } from "./runtime.ts";
import type { ArpMessage } from "./skb.ts";

/**
 * Whether an ARP message that arrives on a device of a host leaves everything there as it was dumped and gets no answer, so
 * that the host need not be read for it: on a segment of a hundred nodes a question for one of them concerns nobody else.
 * Only where the dumps say so for certain. What `receiveArp` would look at: who asks, in the neighbour cache (`learnFrom`);
 * whether the address is the host's own, or one that it answers for (`answers`).
 */
export function sleepsThrough(host: Host, device: Interface, message: ArpMessage): boolean {
  const { operation, sender, senderMac, target } = message;
  if (operation !== "request" || !device.up || !device.carrier || device.master !== null || isLoopback(target))
    return false;
  const { bystander } = host;
  if (bystander?.devices.has(device.name) === true) {
    return !bystander.addresses.some((own) => sameAddress(own, target));
  }
  for (const entry of neighboursOn(host.neighbours, device.name)) {
    if (entry.proxy && sameAddress(entry.address, target)) return false;
    if (entry.proxy || isUnspecified(sender) || !sameAddress(entry.address, sender)) continue;
    const stays = entry.state === "PERMANENT" || entry.state === "NOARP";
    const isKnown = entry.mac === senderMac && entry.state !== "FAILED" && entry.state !== "INCOMPLETE";
    if (!stays && !isKnown) return false;
  }
  return !standsInForOthers(host, device) && !isOwn(host, target);
}

/**
 * The same for a host that lives, where it is to be told quickly: a question to all from somebody whose entry it would not change, for
 * an address that is not its own. What is assumed of it is not told.
 */
export function isUnmoved(runtime: HostRuntime, device: Interface, message: ArpMessage): boolean {
  const { operation, sender, senderMac, target } = message;
  if (
    operation !== "request" ||
    !device.up ||
    !device.carrier ||
    device.master !== null ||
    target.family !== 4 ||
    isLoopback(target)
  )
    return false;
  const known = findNeighbour(runtime.neighbours, device.name, sender);
  if (known !== null && !isFixed(known) && !(known.state === "resolved" && known.mac === senderMac)) return false;
  return !runtime.compiled.addresses4.has(target.a | 0) && !minds(runtime.host, device).has(target.a | 0);
}

/** As the host answers where nobody told its settings: off. */
function proxies({ sysctls }: Host, device: Interface): boolean {
  return ["all", device.name.replaceAll(".", "/")].some((name) =>
    ["proxy_arp", "proxy_arp_pvlan"].some((key) => (sysctls.get(`net.ipv4.conf.${name}.${key}`) ?? "0") !== "0"),
  );
}

const ALL: { has(address: number): boolean } = { has: () => true };

const minded = new WeakMap<Host, Map<Interface, { has(address: number): boolean }>>();

/** Addresses that a host may answer for on a device; all, where it may stand in for others or has local routes by hand. */
function minds(host: Host, device: Interface): { has(address: number): boolean } {
  const ofHost = minded.get(host) ?? new Map<Interface, { has(address: number): boolean }>();
  minded.set(host, ofHost);
  const known = ofHost.get(device);
  if (known !== undefined) return known;
  const own = new Set<number>();
  for (const { addresses } of host.interfaces.values()) {
    for (const { address } of addresses) if (address.family === 4) own.add(address.a | 0);
  }
  const routes = knowledgeOf(host, "routes");
  const certain =
    (routes === "known" || routes === "derived") &&
    !proxies(host, device) &&
    !host.neighbours.some(({ proxy }) => proxy) &&
    (routesWithoutBird(host, [4, 6]) ?? host.routes).every(
      ({ type, family, destination: { address, length } }) =>
        type !== "local" || family === 6 || (length === 32 && own.has(address.a | 0)) || address.a >>> 24 === 127,
    );
  const made = certain ? own : ALL;
  ofHost.set(device, made);
  return made;
}

/** Proxy ARP, unless the dump says that it is off. */
function standsInForOthers(host: Host, device: Interface): boolean {
  return ["all", device.name.replaceAll(".", "/")].some((name) => {
    const key = `net.ipv4.conf.${name}.proxy_arp`;
    if (!host.dumpedSysctls.has(key) || host.sysctls.get(key) !== "0") return true;
    const perPort = host.sysctls.get(`${key}_pvlan`);
    return perPort !== undefined && perPort !== "0";
  });
}

/** An address of the host, or one that a route makes its own. True where the routes were not dumped. */
function isOwn(host: Host, target: Address): boolean {
  for (const { addresses } of host.interfaces.values()) {
    if (addresses.some(({ address }) => sameAddress(address, target))) return true;
  }
  const glimpsed = host.localRoutes?.() ?? null;
  if (glimpsed === null && knowledgeOf(host, "routes") !== "known" && knowledgeOf(host, "routes") !== "derived") {
    return true;
  }
  return (glimpsed ?? host.routes).some(
    ({ type, family, destination }) =>
      type === "local" && family === target.family && prefixContains(destination, target),
  );
}
