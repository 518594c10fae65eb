import { addressHash } from "../linux/neighbour-index.ts";
import type { ArpMessage } from "../linux/skb.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Link } from "../model/link.ts";
import type { Network } from "../model/network.ts";
import { isLoopback } from "../net/address.ts";
import { macOf } from "./topology.ts";

/** A device on a link, of a host that may not live yet. */
export interface Neighbour {
  readonly host: Host;
  readonly device: Interface;
}

/** The members of a segment of thousands, so that no frame is held against each of them. Made once per Network and link. */
export interface Crowd {
  /** In the order of the link. */
  readonly members: readonly Neighbour[];
  /** By MAC address; null for one that several have. */
  readonly byMac: ReadonlyMap<string, Neighbour | null>;
  /** Behind no member there is anybody else. */
  readonly isFlat: boolean;
  /** MAC addresses that were found at the member that has them, and behind none that comes before it. */
  readonly proven: Set<string>;
  /** Positions of those whose part in questions of ARP nobody told beforehand (`Host.bystander`). */
  readonly watching: readonly number[];
  /** Positions of the others, by hashes of the addresses that they answer for. */
  readonly byAddress: ReadonlyMap<number, readonly number[]>;
  readonly byHost: ReadonlyMap<string, readonly number[]>;
}

/** Links of fewer members are searched as fast. */
const MANY = 16;

const crowds = new WeakMap<Network, Map<Link, Crowd>>();

/** Null for a link of few members. */
export function crowdOf(network: Network, link: Link): Crowd | null {
  if (link.members.length < MANY) return null;
  const links = crowds.get(network) ?? new Map<Link, Crowd>();
  crowds.set(network, links);
  const known = links.get(link);
  if (known !== undefined) return known;
  const made = gather(network, link);
  links.set(link, made);
  return made;
}

function gather(network: Network, link: Link): Crowd {
  const members: Neighbour[] = [];
  const byMac = new Map<string, Neighbour | null>();
  const watching: number[] = [];
  const byAddress = new Map<number, number[]>();
  const byHost = new Map<string, number[]>();
  let isFlat = true;
  for (const member of link.members) {
    const host = network.hosts.get(member.host);
    const device = host?.interfaces.get(member.interface);
    if (host === undefined || device === undefined) continue;
    const neighbour = { host, device };
    const position = members.push(neighbour) - 1;
    const mac = macOf(host.name, device);
    byMac.set(mac, byMac.has(mac) ? null : neighbour);
    push(byHost, host.name, position);
    if (device.master !== null) isFlat = false;
    const { bystander } = host;
    if (!device.up || device.master !== null || bystander?.devices.has(device.name) !== true) watching.push(position);
    else for (const address of bystander.addresses) push(byAddress, addressHash(address), position);
  }
  return { members, byMac, isFlat, proven: new Set(), watching, byAddress, byHost };
}

function push<Key>(map: Map<Key, number[]>, key: Key, position: number): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [position]);
  else present.push(position);
}

/**
 * The members that a broadcast of ARP may concern, in the order of the link: those that live, those whose part nobody told, and those
 * that answer for the address. The others sleep through it (`linux/arp-bystander.ts`). Null: it may concern all.
 */
export function concernedBy(
  { members, watching, byAddress, byHost }: Crowd,
  { operation, target }: ArpMessage,
  living: Iterable<string>,
): readonly Neighbour[] | null {
  if (operation !== "request" || isLoopback(target)) return null;
  const positions: number[] = [];
  addAll(positions, watching);
  addAll(positions, byAddress.get(addressHash(target)));
  for (const host of living) addAll(positions, byHost.get(host));
  sort(positions);
  const concerned: Neighbour[] = [];
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index] ?? 0;
    const member = members[position];
    if (member !== undefined && position !== positions[index - 1]) concerned.push(member);
  }
  return concerned;
}

function addAll(positions: number[], more: readonly number[] | undefined): void {
  if (more === undefined) return;
  for (let index = 0; index < more.length; index++) positions.push(more[index] ?? 0);
}

/** Mostly there are two: who asks, and who is asked. */
function sort(positions: number[]): void {
  const first = positions[0];
  const second = positions[1];
  if (positions.length === 2 && first !== undefined && second !== undefined) {
    if (first <= second) return;
    positions[0] = second;
    positions[1] = first;
  } else if (!isAscending(positions)) positions.sort((x, y) => x - y);
}

function isAscending(positions: readonly number[]): boolean {
  for (let index = 1; index < positions.length; index++) {
    if ((positions[index] ?? 0) < (positions[index - 1] ?? 0)) return false;
  }
  return true;
}
