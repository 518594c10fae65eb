import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { InterfaceAddress } from "../../model/interface.ts";
import type { Link, LinkMember } from "../../model/link.ts";
import type { Route } from "../../model/route.ts";
import { formatAddress, isLinkLocal, isLoopback } from "../../net/address.ts";
import { formatPrefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import type { Segment } from "../fabric/fabric.ts";
import { type Exit, exitsOf, portOf } from "./leaving-devices.ts";

/** The routes of a host that say who is joined to it. */
export type RoutesOf = (host: Host) => readonly Route[];

export interface Fabric {
  readonly links: readonly Link[];
  readonly findings: readonly Finding[];
}

export function memberKey(member: LinkMember): string {
  return `${member.host} ${member.interface}`;
}

/** The segments that `snapshot.yaml` names. Members that are not there are findings. */
export function describedSegments(
  segments: readonly Segment[],
  hosts: ReadonlyMap<string, Host>,
  file: string,
): Fabric {
  const findings: Finding[] = [];
  const taken = new Map<string, string>();
  const links = segments.map((segment): Link => {
    const members: LinkMember[] = [];
    for (const written of segment.members) {
      const complaint = (message: string, advice: string): void => {
        findings.push({
          code: "unknown-member",
          severity: "error",
          message: `Segment ${segment.name}: ${message}`,
          file,
          ...(written.line === null ? {} : { line: written.line }),
          advice,
        });
      };
      const host = hosts.get(written.host);
      if (host === undefined) {
        complaint(
          `there is no machine ${written.host}.`,
          `Put its dumps into ${folderOf(written.host)}, or describe it under fabric.hosts. Machines are ${list([...hosts.keys()].filter((name) => !name.startsWith("pod/")))}.`,
        );
        continue;
      }
      const port = portOf(host, written.interface);
      if (port === null) {
        if (host.interfaces.size > 0) {
          complaint(
            `${written.host} has no interface ${written.interface}.`,
            `It has ${list([...host.interfaces.keys()])}.`,
          );
        }
        continue;
      }
      const member = { host: host.name, interface: port.name };
      const other = taken.get(memberKey(member));
      if (other !== undefined) {
        complaint(
          `${written.host}:${written.interface} is already on segment ${other}.`,
          "An interface is on one segment.",
        );
        continue;
      }
      taken.set(memberKey(member), segment.name);
      members.push(member);
    }
    const { name, closed, mtu, drops, origin } = segment;
    return { name, members, closed, mtu, ...(drops.length === 0 ? {} : { drops }), origin };
  });
  return { links, findings };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

/** An address that may join its interface to others. */
function joins(address: InterfaceAddress): boolean {
  return address.scope !== "host" && !isLoopback(address.address) && !isLinkLocal(address.address);
}

/**
 * Joins the ways out of machines without a description of the fabric (INTERFACES section 2): interfaces with addresses
 * of one subnet share a segment, each inside the other's subnet; a neighbour outside of the subnet is reached by the
 * next hop of a route. Interfaces with one and the same address are never joined.
 */
export function inferredSegments(hosts: Iterable<Host>, described: ReadonlySet<string>, routesOf: RoutesOf): Fabric {
  const all = [...hosts].sort((x, y) => (x.name < y.name ? -1 : 1));
  const exits = all.flatMap((host) =>
    exitsOf(host)
      .filter((exit) => !described.has(memberKey({ host: exit.host, interface: exit.port.name })))
      .map((exit) => ({ exit, host, group: -1 })),
  );
  for (const [i, entry] of exits.entries()) entry.group = i;
  const parent = exits.map((_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while ((parent[root] ?? root) !== root) root = parent[root] ?? root;
    for (let step = i; step !== root; ) {
      const next = parent[step] ?? root;
      parent[step] = root;
      step = next;
    }
    return root;
  };
  // the smaller number stays the root, so that the result does not depend on the order of the unions
  const union = (i: number, j: number): void => {
    const [x, y] = [find(i), find(j)];
    parent[Math.max(x, y)] = Math.min(x, y);
  };

  const owners = new Map<string, number[]>();
  const subnets = new Map<string, number[]>();
  const lengths = new Set<number>();
  const push = (map: Map<string, number[]>, key: string, i: number): void => {
    const present = map.get(key);
    if (present === undefined) map.set(key, [i]);
    else present.push(i);
  };
  for (const [i, { exit }] of exits.entries()) {
    for (const address of exit.holder.addresses) if (joins(address)) push(owners, formatAddress(address.address), i);
  }
  const findings: Finding[] = [];
  const apart = new Set<number>();
  for (const [address, indexes] of owners) {
    const machines = new Set(indexes.map((i) => exits[i]?.exit.host));
    if (machines.size < 2) continue;
    for (const i of indexes) apart.add(i);
    findings.push(
      duplicate(
        address,
        indexes.flatMap((i) => exits[i]?.exit ?? []),
      ),
    );
  }
  const free = [...exits.keys()].filter((i) => !apart.has(i));
  for (const i of free) {
    for (const address of exits[i]?.exit.holder.addresses ?? []) {
      if (!joins(address)) continue;
      push(subnets, formatPrefix(prefixOf(address.address, address.prefixLength)), i);
      lengths.add(address.prefixLength);
    }
  }
  for (const indexes of subnets.values()) for (const i of indexes) union(indexes[0] ?? i, i);
  // different masks: each address has to lie in the other's subnet
  for (const i of free) {
    for (const address of exits[i]?.exit.holder.addresses ?? []) {
      if (!joins(address)) continue;
      const own = prefixOf(address.address, address.prefixLength);
      for (const length of lengths) {
        if (length <= address.prefixLength || length > (address.address.family === 4 ? 32 : 128)) continue;
        for (const j of subnets.get(formatPrefix(prefixOf(address.address, length))) ?? []) {
          if (exits[j]?.exit.holder.addresses.some((other) => prefixContains(own, other.address))) union(i, j);
        }
      }
    }
  }
  for (const i of free) joinNextHops(i, exits[i], owners, apart, union, routesOf);

  const groups = new Map<number, LinkMember[]>();
  for (const i of free) {
    const entry = exits[i];
    if (entry === undefined) continue;
    const members = groups.get(find(i)) ?? [];
    groups.set(find(i), members);
    members.push({ host: entry.exit.host, interface: entry.exit.port.name });
  }
  const links: Link[] = [];
  for (const [root, members] of groups) {
    if (members.length < 2) continue;
    links.push({ name: nameOf(exits[root]?.exit, links.length), members, closed: false, mtu: null, origin: 0 });
  }
  return { links, findings };
}

/** Off-subnet neighbours: `via X dev eth0 onlink`, and gateways that a host route makes reachable. */
function joinNextHops(
  i: number,
  entry: { readonly exit: Exit; readonly host: Host } | undefined,
  owners: ReadonlyMap<string, readonly number[]>,
  apart: ReadonlySet<number>,
  union: (i: number, j: number) => void,
  routesOf: RoutesOf,
): void {
  if (entry === undefined) return;
  const { holder } = entry.exit;
  for (const route of routesOf(entry.host)) {
    for (const hop of route.nextHops) {
      const { gateway } = hop;
      if (gateway === null || hop.interface !== holder.name || isLinkLocal(gateway)) continue;
      if (
        holder.addresses.some((address) => prefixContains(prefixOf(address.address, address.prefixLength), gateway))
      ) {
        continue;
      }
      for (const j of owners.get(formatAddress(gateway)) ?? []) if (!apart.has(j)) union(i, j);
    }
  }
}

function nameOf(exit: Exit | undefined, index: number): string {
  const address = exit?.holder.addresses.find(joins);
  if (address === undefined) return `segment ${index + 1}`;
  return `segment ${formatPrefix(prefixOf(address.address, address.prefixLength))}`;
}

function duplicate(address: string, exits: readonly Exit[]): Finding {
  const places = exits.map((exit) => `${exit.host}:${exit.holder.name}`);
  return {
    code: "duplicate-address",
    severity: "error",
    message: `${address} is on ${places.join(" and on ")}.`,
    advice: "They were not joined. Say in snapshot.yaml (fabric.segments) which one is on the network.",
  };
}

/** Where the dumps of a machine belong. */
function folderOf(host: string): string {
  return host.startsWith("host/") ? `hosts/${host.slice(5)}/` : `nodes/${host}/`;
}
