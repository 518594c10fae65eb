import { type Address, formatAddress } from "../net/address.ts";
import type { PortRange } from "../net/port-set.ts";
import type { Prefix } from "../net/prefix.ts";
import { addressAt, prefixSize } from "../net/prefix-addresses.ts";
import type { Service } from "./service.ts";

/**
 * Services as the API server stores them: one without a cluster IP gets the next free one of the Service subnet, and a
 * NodePort or LoadBalancer port without a node port the next free of their range, in order of their names. The real one
 * draws them at random from the upper part of each range; its lower part is for those that people write
 * (pkg/registry/core/service/{ipallocator,portallocator}).
 */
export function withServiceAddresses(
  services: ReadonlyMap<string, Service>,
  subnets: readonly Prefix[],
  nodePorts: PortRange,
): ReadonlyMap<string, Service> {
  const wanting = [...services.values()].some((service) => lacksAddress(service) || lacksNodePort(service));
  if (!wanting) return services;
  const takenAddresses = new Set([...services.values()].flatMap(({ clusterIPs }) => clusterIPs.map(formatAddress)));
  const takenPorts = new Set([...services.values()].flatMap(({ ports }) => ports.map(({ nodePort }) => nodePort)));
  const pools = subnets.map((subnet) => addresses(subnet, takenAddresses));
  const ports = freePorts(nodePorts, takenPorts);
  const stored = new Map(services);
  for (const key of [...services.keys()].sort()) {
    const service = services.get(key);
    if (service === undefined) continue;
    const clusterIPs = lacksAddress(service)
      ? familiesOf(service, subnets).flatMap((i) => pools[i]?.() ?? [])
      : service.clusterIPs;
    const isOpen = opensNodePorts(service);
    stored.set(key, {
      ...service,
      clusterIPs,
      ports: service.ports.map((port) => (isOpen && port.nodePort === 0 ? { ...port, nodePort: ports() } : port)),
    });
  }
  return stored;
}

function lacksAddress({ headless, clusterIPs, type }: Service): boolean {
  return !headless && clusterIPs.length === 0 && type !== "ExternalName";
}

function opensNodePorts({ type }: Service): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function lacksNodePort(service: Service): boolean {
  return opensNodePorts(service) && service.ports.some(({ nodePort }) => nodePort === 0);
}

/** Positions of the subnets that a Service has addresses of: `ipFamilies`, else the cluster's first family. */
function familiesOf(service: Service, subnets: readonly Prefix[]): readonly number[] {
  if (service.ipFamilies.length === 0) return subnets.length > 0 ? [0] : [];
  return service.ipFamilies.flatMap((family) => {
    const at = subnets.findIndex(({ address }) => address.family === family);
    return at < 0 ? [] : [at];
  });
}

function addresses(subnet: Prefix, taken: Set<string>): () => readonly Address[] {
  const size = prefixSize(subnet);
  // ipallocator: min(max(16, size / 16), 256) are left to people
  let next = 1 + Math.min(Math.max(16, Math.floor(size / 16)), 256);
  return () => {
    for (; next < size - 1; next++) {
      const address = addressAt(subnet, next);
      const text = formatAddress(address);
      if (taken.has(text)) continue;
      taken.add(text);
      return [address];
    }
    return [];
  };
}

function freePorts({ first, last }: PortRange, taken: Set<number>): () => number {
  // portallocator: min(max(16, size / 32), 128) are left to people, and none of a range that is not larger
  const size = last - first + 1;
  const left = Math.min(Math.max(16, Math.floor(size / 32)), 128);
  let next = first + (left < size ? left : 0);
  return () => {
    while (next <= last && taken.has(next)) next++;
    return next > last ? 0 : next++;
  };
}
