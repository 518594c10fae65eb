import { formatAddress } from "../../net/address.ts";
import { UDP } from "../../net/protocol.ts";
import type { EndpointSlices } from "../endpoint-slices-of.ts";
import type { Service } from "../service.ts";

/**
 * Addresses of serving endpoints of UDP Services by where they are asked: `10.96.0.10 53` for cluster, external and load balancer
 * addresses, `30053` for node ports (pkg/proxy/conntrack/cleanup.go, CleanStaleEntries). Traffic policies do not count.
 */
export function udpFrontends(
  services: ReadonlyMap<string, Service>,
  slices: EndpointSlices,
): ReadonlyMap<string, ReadonlySet<string>> {
  const frontends = new Map<string, ReadonlySet<string>>();
  for (const [key, service] of services) {
    for (const port of service.ports) {
      if (port.protocol !== UDP) continue;
      const endpoints = (slices.get(key) ?? [])
        .filter(({ ports }) => ports.some(({ name, protocol }) => name === port.name && protocol === UDP))
        .flatMap(({ endpoints: all }) => all.filter(({ serving }) => serving).flatMap(({ addresses }) => addresses));
      const addresses = new Set(endpoints.map(formatAddress));
      for (const address of [...service.clusterIPs, ...service.externalIPs, ...service.loadBalancerVIPs])
        frontends.set(`${formatAddress(address)} ${port.port}`, addresses);
      if (port.nodePort !== 0) frontends.set(String(port.nodePort), addresses);
    }
  }
  return frontends;
}
