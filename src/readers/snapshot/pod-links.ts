import { workloadInterfaceName } from "../../calico/workload-interface-name.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { Link } from "../../model/link.ts";
import type { OriginTable } from "../../model/origin.ts";
import { type Route, TABLE_MAIN } from "../../model/route.ts";
import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { findingAt, placeOf } from "./finding-at.ts";
import type { Workload } from "./workloads.ts";

/** What the node and the resources say about the host's end of a pod's veth pair. */
export interface VethSearch {
  /** Null when no device of that name is on the node. */
  readonly veth: Interface | null;
  readonly findings: readonly Finding[];
}

/** Host routes of a node by address, made once per node. */
export type HostRoutes = ReadonlyMap<string, Route>;

export function hostRoutesOf(all: readonly Route[]): HostRoutes {
  const routes = new Map<string, Route>();
  for (const route of all) {
    if (route.table !== TABLE_MAIN || route.type !== "unicast") continue;
    if (route.destination.length !== addressBits(route.family)) continue;
    const [hop] = route.nextHops;
    if (hop?.interface == null || hop.gateway !== null) continue;
    routes.set(formatAddress(route.destination.address), route);
  }
  return routes;
}

/**
 * Which device of the node leads to a pod: WorkloadEndpoint.spec.interfaceName, else the host route to its address, else
 * Calico's hash of its name. The first that is on the node counts; those that say otherwise are told.
 */
export function findVeth(
  workload: Pick<Workload, "host" | "namespace" | "name" | "addresses" | "endpoint" | "origin">,
  node: Host,
  routes: HostRoutes,
  origins: OriginTable,
): VethSearch {
  const findings: Finding[] = [];
  const route = routeTo(workload.addresses, routes);
  const routed = route?.nextHops[0]?.interface ?? null;
  const written = workload.endpoint?.interfaceName || null;
  if (written !== null && routed !== null && written !== routed) {
    const place = placeOf(origins, route?.origin ?? 0);
    findings.push(
      findingAt(origins, workload.endpoint?.metadata.origin ?? workload.origin, {
        code: "veth-disagreement",
        severity: "warning",
        message: `${workload.host} is behind ${written} by its WorkloadEndpoint, and ${node.name} routes it to ${routed}${place === "" ? "" : ` (${place})`}.`,
        advice: "One of the two is older than the other.",
      }),
    );
  }
  const names = [written, routed].filter((name) => name !== null);
  let found = names.find((name) => node.interfaces.has(name));
  if (found === undefined) {
    const hashed = workloadInterfaceName(workload.namespace, workload.name);
    names.push(hashed);
    if (node.interfaces.has(hashed)) found = hashed;
  }
  if (found === undefined) {
    if (node.interfaces.size > 0 && node.knowledge.get("interfaces") !== "unknown") {
      findings.push(
        findingAt(origins, workload.origin, {
          code: "veth-missing",
          severity: "warning",
          message: `${node.name} has no interface for ${workload.host}; ${[...new Set(names)].join(" or ")} was looked for.`,
          advice: "Was the pod there when the node was dumped?",
        }),
      );
    }
    return { veth: null, findings };
  }
  return { veth: node.interfaces.get(found) ?? null, findings };
}

function routeTo(addresses: readonly Address[], routes: HostRoutes): Route | null {
  for (const address of addresses) {
    const route = routes.get(formatAddress(address));
    if (route !== undefined) return route;
  }
  return null;
}

/** The device inside a dumped pod that Calico made, and its other end on the node. */
export interface VethPair {
  readonly inside: Interface;
  readonly outside: Interface;
}

/**
 * The pair of a dumped pod: `eth0@if7` inside, device 7 on the node, whose own peer is eth0's number. The numbers decide;
 * where they were not dumped, the name does.
 */
export function pairByIndex(pod: Host, node: Host, expected: Interface | null): readonly VethPair[] {
  const pairs: VethPair[] = [];
  for (const inside of pod.interfaces.values()) {
    if (inside.kind === "loopback" || inside.kind === "ipip" || inside.kind === "vxlan") continue;
    const matches =
      inside.peerIndex === 0 || inside.index === 0
        ? []
        : [...node.interfaces.values()].filter(
            (device) =>
              device.index === inside.peerIndex && (device.peerIndex === inside.index || device.peerIndex === 0),
          );
    const outside = matches.find((device) => device.name === expected?.name) ?? matches[0];
    if (outside !== undefined) pairs.push({ inside, outside });
    else if (inside.peerIndex === 0 && expected !== null && inside.name === "eth0")
      pairs.push({ inside, outside: expected });
  }
  return pairs;
}

export function vethLink(node: string, pod: string, pair: VethPair): Link {
  return {
    name: `veth ${node}:${pair.outside.name}`,
    members: [
      { host: node, interface: pair.outside.name },
      { host: pod, interface: pair.inside.name },
    ],
    closed: true,
    mtu: null,
    origin: pair.outside.origin,
  };
}

/** Pairs with both ends in one namespace (`v0@v1`). */
export function linksInside(host: Host): readonly Link[] {
  const links: Link[] = [];
  for (const device of host.interfaces.values()) {
    const other = device.kind === "veth" && device.lower !== null ? host.interfaces.get(device.lower) : undefined;
    if (other === undefined || other.kind !== "veth" || other.lower !== device.name || device.name > other.name)
      continue;
    links.push({
      name: `veth ${host.name}:${device.name}`,
      members: [
        { host: host.name, interface: device.name },
        { host: host.name, interface: other.name },
      ],
      closed: true,
      mtu: null,
      origin: device.origin,
    });
  }
  return links;
}

/** Whether a dumped pod has the addresses that its resource says. */
export function hasAddress(pod: Host, address: Address): boolean {
  return [...pod.interfaces.values()].some((device) =>
    device.addresses.some((one) => sameAddress(one.address, address)),
  );
}
