import type { Interface } from "../model/interface.ts";
import type { Link, LinkMember } from "../model/link.ts";
import type { Network } from "../model/network.ts";

/** Which link an interface is on, made once per Network; null: nothing was joined to it. */
export type Topology = (host: string, device: string) => Link | null;

const known = new WeakMap<Network, Topology>();

export function topologyOf(network: Network): Topology {
  const made = known.get(network);
  if (made !== undefined) return made;
  const topology = network.linkOf === undefined ? wholeTopology(network) : lazyTopology(network.linkOf);
  known.set(network, topology);
  return topology;
}

function wholeTopology(network: Network): Topology {
  const links = new Map<string, Map<string, Link>>();
  for (const link of network.links) {
    for (const member of link.members) {
      const ofHost = links.get(member.host) ?? new Map<string, Link>();
      links.set(member.host, ofHost.set(member.interface, link));
    }
  }
  return (host, device) => links.get(host)?.get(device) ?? null;
}

function lazyTopology(find: Topology): Topology {
  const links = new Map<string, Map<string, Link | null>>();
  return (host, device) => {
    const ofHost = links.get(host) ?? new Map<string, Link | null>();
    const before = ofHost.get(device);
    if (before !== undefined) return before;
    const found = find(host, device);
    links.set(host, ofHost.set(device, found));
    return found;
  };
}

/** The link of an interface; null when nothing was joined to it. */
export function linkOf(topology: Topology, host: string, device: string): Link | null {
  return topology(host, device);
}

/** The other ends of a link. */
export function* others(link: Link, host: string, device: string): Iterable<LinkMember> {
  for (const member of link.members) if (member.host !== host || member.interface !== device) yield member;
}

/** MAC address of a device; one that no dump told gets a stable stand-in made of the names. */
export function macOf(host: string, device: Interface): string {
  return device.mac ?? `(${host} ${device.name})`;
}
