import type { Cluster } from "../../calico/cluster.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Link } from "../../model/link.ts";
import type { OriginTable } from "../../model/origin.ts";
import { type Address, formatAddress, isLinkLocal, isLoopback } from "../../net/address.ts";
import { findingAt, placeOf } from "./finding-at.ts";
import { missingSets } from "./missing-sets.ts";
import { hasAddress } from "./pod-links.ts";
import { memberKey } from "./segments.ts";
import type { Workload } from "./workloads.ts";

/** What the dumps and the declared resources say differently, and what is on nothing's way. */
export function contradictions(
  hosts: ReadonlyMap<string, Host>,
  links: readonly Link[],
  cluster: Cluster,
  workloads: ReadonlyMap<string, Workload>,
  origins: OriginTable,
): readonly Finding[] {
  return [
    ...nodeAddresses(hosts, cluster, origins),
    ...podPlaces(hosts, workloads, origins),
    ...sharedPodAddresses(hosts, workloads, origins),
    ...sharedOnSegments(hosts, links, origins),
    ...unlinked(hosts, links, origins),
    ...missingSets(hosts, origins),
  ];
}

function nodeAddresses(hosts: ReadonlyMap<string, Host>, cluster: Cluster, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  const check = (name: string, what: string, address: Address | undefined, origin: number): void => {
    const host = hosts.get(name);
    if (host === undefined || address === undefined || !knowsAddresses(host) || hasAddress(host, address)) return;
    findings.push(
      findingAt(origins, origin, {
        code: "node-address-missing",
        severity: "warning",
        message: `${what} of node ${name} is ${formatAddress(address)}, which is on no interface of its dump.`,
        advice: "A cloud's floating address, or dumps of another machine or time.",
      }),
    );
  };
  for (const [name, node] of cluster.nodes) {
    for (const address of node.internalIPs) check(name, "InternalIP", address, node.metadata.origin);
    check(name, "Annotation projectcalico.org/IPv4Address", node.calicoIPv4?.address, node.metadata.origin);
    check(name, "Annotation projectcalico.org/IPv6Address", node.calicoIPv6?.address, node.metadata.origin);
  }
  for (const [name, node] of cluster.calicoNodes) {
    check(name, "spec.bgp.ipv4Address", node.ipv4?.address, node.metadata.origin);
    check(name, "spec.bgp.ipv6Address", node.ipv6?.address, node.metadata.origin);
  }
  return findings;
}

/** False where the dumps list interfaces without their addresses, or none. */
function knowsAddresses(host: Host): boolean {
  return [...host.interfaces.values()].some((device) => device.kind !== "loopback" && device.addresses.length > 0);
}

function podPlaces(
  hosts: ReadonlyMap<string, Host>,
  workloads: ReadonlyMap<string, Workload>,
  origins: OriginTable,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const workload of workloads.values()) {
    const host = hosts.get(workload.host);
    if (host === undefined || workload.hostNetwork) continue;
    if (workload.node !== null && host.node !== workload.node) {
      findings.push(
        findingAt(origins, workload.origin, {
          code: "pod-elsewhere",
          severity: "error",
          message: `${workload.host} runs on ${workload.node}, and its namespace was dumped on ${host.node}.`,
          advice: "The dump counts. One of the two is older than the other.",
        }),
      );
    }
    for (const address of workload.addresses) {
      if (hasAddress(host, address)) continue;
      const device = [...host.interfaces.values()].find((one) => one.kind !== "loopback");
      const place = placeOf(origins, device?.addresses[0]?.origin ?? device?.origin ?? 0);
      findings.push(
        findingAt(origins, workload.origin, {
          code: "pod-address-missing",
          severity: "warning",
          message: `${workload.host} has ${formatAddress(address)}, which is not in the dump of its namespace${place === "" ? "" : ` (${place})`}.`,
        }),
      );
    }
  }
  return findings;
}

function sharedPodAddresses(
  hosts: ReadonlyMap<string, Host>,
  workloads: ReadonlyMap<string, Workload>,
  origins: OriginTable,
): readonly Finding[] {
  const owners = new Map<string, { readonly name: string; readonly origin: number }>();
  const findings: Finding[] = [];
  const claim = (name: string, address: Address, origin: number): void => {
    const text = formatAddress(address);
    const owner = owners.get(text);
    if (owner === undefined) owners.set(text, { name, origin });
    else if (owner.name !== name) {
      findings.push(
        findingAt(origins, origin, {
          code: "duplicate-address",
          severity: "error",
          message: `${text} belongs to ${owner.name} (${placeOf(origins, owner.origin)}) and to ${name}.`,
          advice: "Both are kept; the routes of the nodes decide who gets the packets.",
        }),
      );
    }
  };
  for (const workload of workloads.values()) {
    if (workload.hostNetwork || workload.finished) continue;
    for (const address of workload.addresses) claim(workload.host, address, workload.origin);
  }
  for (const host of hosts.values()) {
    if (host.kind !== "pod") continue;
    for (const device of host.interfaces.values()) {
      for (const one of device.addresses) {
        if (one.scope === "global" && !isLoopback(one.address)) claim(host.name, one.address, one.origin);
      }
    }
  }
  return findings;
}

function sharedOnSegments(
  hosts: ReadonlyMap<string, Host>,
  links: readonly Link[],
  origins: OriginTable,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const link of links) {
    const owners = new Map<string, { readonly host: string; readonly origin: number }>();
    for (const member of link.members) {
      const host = hosts.get(member.host);
      const port = host?.interfaces.get(member.interface);
      const holder = port?.master ? (host?.interfaces.get(port.master) ?? port) : port;
      for (const one of holder?.addresses ?? []) {
        if (isLinkLocal(one.address)) continue;
        const text = formatAddress(one.address);
        const owner = owners.get(text);
        if (owner === undefined) owners.set(text, { host: member.host, origin: one.origin });
        else {
          findings.push(
            findingAt(origins, one.origin, {
              code: "duplicate-address",
              severity: "error",
              message: `${text} is on ${owner.host} (${placeOf(origins, owner.origin)}) and on ${member.host}, on one segment (${link.name}).`,
              advice: "Both are kept; which one gets a packet depends on who answers ARP first.",
            }),
          );
        }
      }
    }
  }
  return findings;
}

/** Devices whose frames go somewhere by themselves, and nowhere that is known. */
function unlinked(hosts: ReadonlyMap<string, Host>, links: readonly Link[], origins: OriginTable): readonly Finding[] {
  const linked = new Set(links.flatMap((link) => link.members.map(memberKey)));
  const findings: Finding[] = [];
  for (const host of hosts.values()) {
    const lowers = new Set([...host.interfaces.values()].map((device) => device.lower));
    for (const device of host.interfaces.values()) {
      const carries = ["veth", "physical", "vlan", "bond", "macvlan"].includes(device.kind);
      const isPart = host.interfaces.get(device.master ?? "")?.kind === "bond" || lowers.has(device.name);
      if (!carries || !device.up || isPart) continue;
      if (linked.has(memberKey({ host: host.name, interface: device.name }))) continue;
      findings.push(
        findingAt(origins, device.origin, {
          code: "unlinked-interface",
          severity: "info",
          message: `Nothing that is known is on the other side of ${host.name}:${device.name}.`,
          advice:
            device.kind === "veth"
              ? "Packets that leave by it leave the model; dump the namespace behind it, or the Pod objects."
              : "Packets that leave by it leave the model; fabric.segments in snapshot.yaml says who else is there.",
        }),
      );
    }
  }
  return findings;
}
