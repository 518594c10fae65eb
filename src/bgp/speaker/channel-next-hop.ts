import type { HostRuntime } from "../../linux/runtime.ts";
import { type Address, type Family, isLinkLocal, sameAddress } from "../../net/address.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";
import type { ChannelNextHop } from "../rib/bgp-attributes.ts";
import type { Peer } from "./peer.ts";

/**
 * What a channel of BIRD 2 tells as its own next hop (bgp_channel_start): the address that is written, that of the session where it may be, or
 * the preferred one of the interface that the session goes by. `session`: the instance that has it.
 */
export function channelNextHop(runtime: HostRuntime, family: Family, own: Peer, session: Peer): ChannelNextHop {
  const extended = own.channel?.extendedNextHop === true;
  const source = session.sourceAddress;
  const written = own.configuration.nextHopAddress;
  const ofSession = source !== null && (source.family === family || extended) ? source : null;
  const device = session.neighbourInterface ?? deviceOf(runtime, source);
  const address = written ?? ofSession ?? preferred(runtime, device, family);
  const { neighbourInterface } = session;
  const link = address?.family === 6 && neighbourInterface !== null ? linkLocalOf(runtime, neighbourInterface) : null;
  return { address, link, extended };
}

/** The device that has an address. */
function deviceOf({ host }: HostRuntime, source: Address | null): string | null {
  if (source === null) return null;
  for (const { name, up, addresses } of host.interfaces.values()) {
    if (up && addresses.some(({ address }) => sameAddress(address, source))) return name;
  }
  const found = findNeighbour({ host }, source);
  return found.kind === "on-link" ? found.interface : null;
}

/** The preferred address of an interface, also that of the loopback (if_recalc_preferred). */
function preferred({ host }: HostRuntime, device: string | null, family: Family): Address | null {
  const addresses = device === null ? [] : (host.interfaces.get(device)?.addresses ?? []);
  const isGlobal = (address: Address): boolean => address.family === 4 || !isLinkLocal(address);
  return addresses.find(({ address }) => address.family === family && isGlobal(address))?.address ?? null;
}

/** The link-local address of an interface. */
export function linkLocalOf({ host }: Pick<HostRuntime, "host">, device: string): Address | null {
  const addresses = host.interfaces.get(device)?.addresses ?? [];
  return addresses.find(({ address }) => address.family === 6 && isLinkLocal(address))?.address ?? null;
}
