import type { Interface } from "../model/interface.ts";
import type { Link, LinkMember } from "../model/link.ts";
import type { Network } from "../model/network.ts";

/** Which link an interface is on, made once per Network. */
export interface Topology {
  /** The links of a host, by interface. */
  of(host: string): ReadonlyMap<string, Link> | undefined;
}

const known = new WeakMap<Network, Topology>();

export function topologyOf(network: Network): Topology {
  const made = known.get(network);
  if (made !== undefined) return made;
  const topology = network.linksOf === undefined ? wholeTopology(network) : lazyTopology(network.linksOf);
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
  return { of: (host) => links.get(host) };
}

function lazyTopology(linksOf: (host: string) => readonly Link[]): Topology {
  const links = new Map<string, ReadonlyMap<string, Link>>();
  return {
    of: (host) => {
      const found = links.get(host);
      if (found !== undefined) return found;
      const ofHost = new Map<string, Link>();
      for (const link of linksOf(host)) {
        for (const device of devicesOn(link, host)) ofHost.set(device, link);
      }
      links.set(host, ofHost);
      return ofHost;
    },
  };
}

const devices = new WeakMap<Link, ReadonlyMap<string, readonly string[]>>();

/** The devices of a host that are on the link. Segments of thousands of members are looked through once. */
function devicesOn(link: Link, host: string): readonly string[] {
  const ofHost = ({ members }: Link): readonly string[] =>
    members.flatMap((member) => (member.host === host ? [member.interface] : []));
  if (link.members.length < MANY) return ofHost(link);
  const known = devices.get(link);
  if (known !== undefined) return known.get(host) ?? [];
  const byHost = new Map<string, string[]>();
  for (const member of link.members) {
    const same = byHost.get(member.host);
    if (same === undefined) byHost.set(member.host, [member.interface]);
    else same.push(member.interface);
  }
  devices.set(link, byHost);
  return byHost.get(host) ?? [];
}

const MANY = 16;

/** The link of an interface; null when nothing was joined to it. */
export function linkOf(topology: Topology, host: string, device: string): Link | null {
  return topology.of(host)?.get(device) ?? null;
}

/** The other ends of a link. */
export function* others(link: Link, host: string, device: string): Iterable<LinkMember> {
  for (const member of link.members) if (member.host !== host || member.interface !== device) yield member;
}

/** MAC address of a device; one that no dump told gets a stable stand-in made of the names. */
export function macOf(host: string, device: Interface): string {
  return device.mac ?? `(${host} ${device.name})`;
}
