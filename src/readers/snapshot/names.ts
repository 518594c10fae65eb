import type { Cluster } from "../../calico/cluster.ts";
import type { Host } from "../../model/host.ts";
import type { EndpointName, ServiceName } from "../../model/network.ts";
import { type Address, isLinkLocal, isLoopback, sameAddress } from "../../net/address.ts";
import { exitsOf } from "./leaving-devices.ts";
import type { Workload } from "./workloads.ts";

/** Names that probes may use, and the addresses they stand for: the declared ones first. */
export function endpointsOf(
  hosts: ReadonlyMap<string, Host>,
  cluster: Cluster,
  workloads: ReadonlyMap<string, Workload>,
): ReadonlyMap<string, EndpointName> {
  const endpoints = new Map<string, EndpointName>();
  for (const host of hosts.values()) {
    if (host.kind === "node") continue;
    const declared = workloads.get(host.name)?.addresses ?? [];
    endpoints.set(host.name, {
      host: host.name,
      addresses: distinct([...declared, ...addressesOf(host)]),
      unmodelled: false,
    });
  }
  for (const workload of workloads.values()) {
    if (endpoints.has(workload.host)) continue;
    const host = workload.hostNetwork ? (workload.node ?? workload.host) : workload.host;
    endpoints.set(workload.host, { host, addresses: workload.addresses, unmodelled: !hosts.has(host) });
  }
  const names = new Set([...cluster.nodes.keys(), ...cluster.calicoNodes.keys()]);
  for (const host of hosts.values()) if (host.kind === "node") names.add(host.name);
  for (const name of [...names].sort()) {
    const node = cluster.nodes.get(name);
    const calico = cluster.calicoNodes.get(name);
    const declared = [
      ...(node?.internalIPs ?? []),
      ...[calico?.ipv4, calico?.ipv6, node?.calicoIPv4, node?.calicoIPv6].flatMap((one) => one?.address ?? []),
    ];
    const host = hosts.get(name);
    const addresses = distinct([...declared, ...(host === undefined ? [] : addressesOf(host))]);
    endpoints.set(`node/${name}`, { host: name, addresses, unmodelled: host === undefined });
  }
  return endpoints;
}

/** Addresses that others may use for a machine: of its ways out first. */
function addressesOf(host: Host): readonly Address[] {
  const holders = new Set(exitsOf(host).map((exit) => exit.holder));
  const rest = [...host.interfaces.values()].filter((device) => !holders.has(device));
  const usable = [...holders, ...rest].flatMap((device) =>
    device.addresses.filter((one) => one.scope === "global" && !isLoopback(one.address) && !isLinkLocal(one.address)),
  );
  // what a node has on its tunnels and bridges names it to nobody, if it has a way out
  const outside = [...holders].flatMap((device) => usable.filter((one) => device.addresses.includes(one)));
  return (host.kind === "node" && outside.length > 0 ? outside : usable).map((one) => one.address);
}

function distinct(addresses: readonly Address[]): readonly Address[] {
  return addresses.filter((address, i) => addresses.findIndex((other) => sameAddress(other, address)) === i);
}

/** Services under `namespace/name`. */
export function serviceNamesOf(cluster: Cluster): ReadonlyMap<string, ServiceName> {
  const services = new Map<string, ServiceName>();
  for (const [key, service] of cluster.services) {
    services.set(key, {
      namespace: service.metadata.namespace ?? "default",
      name: service.metadata.name,
      clusterIPs: service.clusterIPs,
      ports: service.ports.map(({ name, protocol, port }) => ({ name, protocol, port })),
    });
  }
  return services;
}
