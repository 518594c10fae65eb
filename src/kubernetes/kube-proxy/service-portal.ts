import type { Origin } from "../../model/origin.ts";
import { type Address, type Family, formatAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { formatProtocol } from "../../net/protocol.ts";
import type { EndpointSlice, SliceEndpoint } from "../endpoint-slice.ts";
import type { EndpointSlices } from "../endpoint-slices-of.ts";
import type { Metadata } from "../metadata.ts";
import type { Service, ServicePort } from "../service.ts";
import { endpointChainName, servicePortName } from "./chain-names.ts";

/** One endpoint of one port, as kube-proxy sees it. */
export interface ProxyEndpoint {
  readonly ip: string;
  /** `ip:port`, with brackets around an IPv6 address. */
  readonly target: string;
  readonly chain: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly node: string | null;
  readonly forZones: readonly string[];
  readonly forNodes: readonly string[];
  /** The Pod that the endpoint was made of; NO_ORIGIN where an object lists it. */
  readonly podOrigin: Origin;
  /** What it stands in: an EndpointSlice or Endpoints object, or the Service whose selector found the Pod. */
  readonly source: Metadata;
}

/** One port of a Service in one address family (`pkg/proxy/serviceport.go`). */
export interface ServicePortal {
  readonly service: Service;
  readonly servicePort: ServicePort;
  /** Position of the port in `spec.ports`. */
  readonly index: number;
  /** `namespace/name:port`. */
  readonly name: string;
  /** As iptables writes it: `tcp`. */
  readonly protocol: string;
  readonly clusterIP: string;
  readonly externalIPs: readonly string[];
  readonly loadBalancerVIPs: readonly string[];
  readonly sourceRanges: readonly Prefix[];
  readonly healthCheckNodePort: number;
  readonly internalLocal: boolean;
  readonly externalLocal: boolean;
  /** Reachable by more than its cluster address. */
  readonly external: boolean;
  readonly usesCluster: boolean;
  readonly usesLocal: boolean;
  /** Some endpoint has hints. */
  readonly hinted: boolean;
  /** An annotation or field of the Service asks for hints to be followed. */
  readonly hintsAsked: boolean;
  /** Sorted by `target`, as kube-proxy keeps them; made when somebody looks at them. */
  readonly endpoints: readonly ProxyEndpoint[];
  /** Some endpoint is ready, or serves while it terminates. */
  readonly anyUsable: boolean;
}

/** It answers until it is gone. */
export function lingers({ serving, terminating }: Pick<ProxyEndpoint, "serving" | "terminating">): boolean {
  return serving && terminating;
}

/** The ports of all Services that kube-proxy serves in a family, by name: its own order is that of a hash map. */
export function servicePortals(
  services: Iterable<Service>,
  slices: EndpointSlices,
  family: Family,
): readonly ServicePortal[] {
  const portals: ServicePortal[] = [];
  for (const service of services) {
    const clusterIP = service.clusterIPs.find((address) => address.family === family);
    if (service.type === "ExternalName" || service.headless || clusterIP === undefined) continue;
    const key = `${service.metadata.namespace ?? "default"}/${service.metadata.name}`;
    const ofFamily = (slices.get(key) ?? []).filter(({ endpoints }) =>
      endpoints.some(({ addresses }) => addresses[0]?.family === family),
    );
    service.ports.forEach((port, index) => {
      portals.push(portalOf(service, port, index, formatAddress(clusterIP), ofFamily, family));
    });
  }
  return portals.sort((x, y) => compare(x.name, y.name) || compare(x.protocol, y.protocol));
}

function portalOf(
  service: Service,
  port: ServicePort,
  index: number,
  clusterIP: string,
  slices: readonly EndpointSlice[],
  family: Family,
): ServicePortal {
  const name = servicePortName(service.metadata.namespace ?? "default", service.metadata.name, port.name);
  const protocol = formatProtocol(port.protocol);
  const externalIPs = service.externalIPs.filter((one) => one.family === family).map(formatAddress);
  const loadBalancerVIPs = service.loadBalancerVIPs.filter((one) => one.family === family).map(formatAddress);
  const external = port.nodePort !== 0 || loadBalancerVIPs.length > 0 || externalIPs.length > 0;
  // pkg/api/v1/service: the policy for outside counts only for Services that outside can reach
  const takesOutside = service.type === "LoadBalancer" || service.type === "NodePort" || service.externalIPs.length > 0;
  const externalLocal = takesOutside && service.externalTrafficPolicy === "Local";
  const internalLocal = service.internalTrafficPolicy === "Local";
  let isHinted = false;
  let allReady = true;
  let some = false;
  for (const { endpoint } of foundEndpoints(port, slices, family)) {
    some = true;
    isHinted ||= hasHints(endpoint);
    allReady &&= endpoint.ready;
  }
  let sorted: readonly ProxyEndpoint[] | null = null;
  const endpoints = (): readonly ProxyEndpoint[] => {
    sorted ??= endpointsOf(name, protocol, foundEndpoints(port, slices, family), family);
    return sorted;
  };
  const annotation =
    service.metadata.annotations.get("service.kubernetes.io/topology-mode") ??
    service.metadata.annotations.get("service.kubernetes.io/topology-aware-hints") ??
    "";
  return {
    service,
    servicePort: port,
    index,
    name,
    protocol,
    clusterIP,
    externalIPs,
    loadBalancerVIPs,
    sourceRanges: service.loadBalancerSourceRanges.filter(({ address }) => address.family === family),
    healthCheckNodePort: service.type === "LoadBalancer" && externalLocal ? service.healthCheckNodePort : 0,
    internalLocal,
    externalLocal,
    external,
    usesCluster: !internalLocal || external,
    usesLocal: internalLocal || (externalLocal && external),
    hinted: isHinted && endpoints().some(hasHints),
    hintsAsked: annotation !== "" && annotation.toLowerCase() !== "disabled",
    get endpoints() {
      return endpoints();
    },
    // of endpoints that occur twice one might be usable and the other not
    anyUsable: allReady ? some : endpoints().some((one) => one.ready || lingers(one)),
  };
}

function hasHints({ forZones, forNodes }: Pick<ProxyEndpoint, "forZones" | "forNodes">): boolean {
  return forZones.length + forNodes.length > 0;
}

/** What a slice says of an endpoint of the port. */
interface FoundEndpoint {
  readonly endpoint: SliceEndpoint;
  readonly address: Address;
  readonly port: number;
  readonly slice: EndpointSlice;
}

function* foundEndpoints(port: ServicePort, slices: readonly EndpointSlice[], family: Family): Iterable<FoundEndpoint> {
  for (const slice of slices) {
    const number = slice.ports.find((one) => one.name === port.name && one.protocol === port.protocol)?.port;
    if (number === undefined || number === null) continue;
    for (const endpoint of slice.endpoints) {
      const address = endpoint.addresses[0];
      if (address?.family === family) yield { endpoint, address, port: number, slice };
    }
  }
}

/** `pkg/proxy/endpointslicecache.go`: by name and protocol of the port; an endpoint that occurs twice counts once. */
function endpointsOf(
  name: string,
  protocol: string,
  found: Iterable<FoundEndpoint>,
  family: Family,
): readonly ProxyEndpoint[] {
  const endpoints = new Map<string, ProxyEndpoint>();
  for (const { endpoint, address, port, slice } of found) {
    const ip = formatAddress(address);
    const target = family === 4 ? `${ip}:${port}` : `[${ip}]:${port}`;
    if (endpoints.has(target)) continue;
    endpoints.set(target, proxyEndpoint(endpoint, ip, target, endpointChainName(name, protocol, target), slice));
  }
  return [...endpoints.values()].sort((x, y) => compare(x.target, y.target));
}

function proxyEndpoint(
  endpoint: SliceEndpoint,
  ip: string,
  target: string,
  chain: string,
  slice: EndpointSlice,
): ProxyEndpoint {
  return {
    ip,
    target,
    chain,
    ready: endpoint.ready,
    serving: endpoint.serving,
    terminating: endpoint.terminating,
    node: endpoint.nodeName,
    forZones: endpoint.forZones,
    forNodes: endpoint.forNodes,
    podOrigin: endpoint.podOrigin,
    source: slice.metadata,
  };
}

/** As Go compares strings: by bytes, which these texts have one per character. */
function compare(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}
