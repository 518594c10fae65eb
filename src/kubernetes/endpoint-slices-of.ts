import { type Address, formatAddress } from "../net/address.ts";
import type { EndpointPort, EndpointSlice, SliceEndpoint } from "./endpoint-slice.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Metadata } from "./metadata.ts";
import type { KubernetesNode } from "./node.ts";
import { hasFinished, type Pod } from "./pod.ts";
import { podsByLabel } from "./pods-by-label.ts";
import type { Service, ServicePort } from "./service.ts";

/** What EndpointSlices are made from. */
export interface ServiceResources {
  readonly services: ReadonlyMap<string, Service>;
  readonly endpointSlices: ReadonlyMap<string, EndpointSlice>;
  readonly endpoints: ReadonlyMap<string, Endpoints>;
  readonly pods: ReadonlyMap<string, Pod>;
  readonly nodes: ReadonlyMap<string, KubernetesNode>;
}

/** The slices of each Service, under `namespace/name` of the Service. */
export type EndpointSlices = ReadonlyMap<string, readonly EndpointSlice[]>;

/**
 * The EndpointSlices of every Service: those that are declared; without them its Endpoints object; without that what
 * the controller would make of the Pods that it selects (staging/src/k8s.io/endpointslice/{reconciler,utils}.go).
 * Slices are not cut at 100 endpoints: nothing that reads them depends on it.
 */
export function endpointSlicesOf(resources: ServiceResources): EndpointSlices {
  const declared = new Map<string, EndpointSlice[]>();
  for (const slice of resources.endpointSlices.values()) {
    if (slice.service === null) continue;
    const key = `${slice.metadata.namespace ?? "default"}/${slice.service}`;
    const present = declared.get(key);
    if (present === undefined) declared.set(key, [slice]);
    else present.push(slice);
  }
  const podsOf = podsByLabel(resources.pods.values());
  const slices = new Map<string, readonly EndpointSlice[]>();
  for (const [key, service] of resources.services) {
    if (service.type === "ExternalName") continue;
    const written = declared.get(key);
    const endpoints = resources.endpoints.get(key);
    if (written !== undefined) slices.set(key, written);
    else if (endpoints !== undefined) slices.set(key, mirrored(service, endpoints));
    else if (service.selector.size > 0) {
      const pods = podsOf(service.metadata.namespace ?? "default", service.selector);
      slices.set(key, selected(service, pods, resources.nodes));
    }
  }
  return slices;
}

/** pkg/controller/endpointslicemirroring: one slice for each subset and family. */
function mirrored(service: Service, endpoints: Endpoints): readonly EndpointSlice[] {
  return endpoints.subsets.flatMap((subset) =>
    ([4, 6] as const).flatMap((family) => {
      const ofFamily = subset.endpoints.filter(({ addresses }) => addresses[0]?.family === family);
      const ports = endpoints.protocolsTold ? subset.ports : withProtocolOfService(subset.ports, service);
      return ofFamily.length === 0 ? [] : [sliceOf(service, ofFamily, ports, endpoints.metadata)];
    }),
  );
}

/** Ports whose protocol nobody told have that of the Service's port of the same name. */
function withProtocolOfService(ports: readonly EndpointPort[], service: Service): readonly EndpointPort[] {
  return ports.map((port) => {
    const named = service.ports.find(({ name }) => name === port.name) ?? service.ports[0];
    return named === undefined ? port : { ...port, protocol: named.protocol };
  });
}

function selected(
  service: Service,
  pods: readonly Pod[],
  nodes: ReadonlyMap<string, KubernetesNode>,
): readonly EndpointSlice[] {
  // one slice for each set of port numbers: pods may give the same name to different ones
  const slices = new Map<string, GrowingSlice>();
  for (const family of familiesOf(service, pods)) {
    let slice: GrowingSlice | null = null;
    for (const pod of pods) {
      const address = pod.podIPs.find((one) => one.family === family);
      if (address === undefined || pod.nodeName === null || hasFinished(pod)) continue;
      if (slice === null || !hasPorts(service, pod, slice.ports)) {
        const ports = portsOf(service, pod);
        const key = `${family} ${ports.map(({ name, protocol, port }) => `${name},${protocol},${port}`).join(" ")}`;
        slice = slices.get(key) ?? { endpoints: [], ports };
        slices.set(key, slice);
      }
      slice.endpoints.push(endpointOf(service, pod, address, nodes));
    }
  }
  return [...slices.values()].map(({ endpoints, ports }) => sliceOf(service, endpoints, ports, service.metadata));
}

interface GrowingSlice {
  readonly endpoints: SliceEndpoint[];
  readonly ports: readonly EndpointPort[];
}

function portsOf(service: Service, pod: Pod): readonly EndpointPort[] {
  return service.ports.flatMap((port) => {
    const number = portNumber(port, pod);
    return number === undefined ? [] : [{ name: port.name, protocol: port.protocol, port: number }];
  });
}

/** Whether the pod's ports are these, compared without making them: most pods of a Service have the same. */
function hasPorts(service: Service, pod: Pod, ports: readonly EndpointPort[]): boolean {
  let at = 0;
  for (const port of service.ports) {
    const number = portNumber(port, pod);
    if (number === undefined) continue;
    const other = ports[at++];
    if (other?.name !== port.name || other.protocol !== port.protocol || other.port !== number) return false;
  }
  return at === ports.length;
}

function familiesOf(service: Service, pods: readonly Pod[]): readonly (4 | 6)[] {
  if (service.ipFamilies.length > 0) return service.ipFamilies;
  const addresses = service.clusterIPs.length > 0 ? service.clusterIPs : pods.flatMap(({ podIPs }) => podIPs);
  return [...new Set(addresses.map(({ family }) => family))];
}

/** Undefined where the pod has no container port of the name that the Service asks for. */
function portNumber(port: ServicePort, pod: Pod): number | undefined {
  return typeof port.targetPort === "string"
    ? pod.ports.find(({ name, protocol }) => name === port.targetPort && protocol === port.protocol)?.port
    : (port.targetPort ?? port.port);
}

const NONE: readonly string[] = [];

function endpointOf(
  service: Service,
  pod: Pod,
  address: Address,
  nodes: ReadonlyMap<string, KubernetesNode>,
): SliceEndpoint {
  const isUp = pod.ready ?? (pod.phase === "Running" || pod.phase === "");
  const ready = service.publishNotReadyAddresses || (isUp && !pod.terminating);
  const zone = nodes.get(pod.nodeName ?? "")?.metadata.labels.get("topology.kubernetes.io/zone") ?? null;
  const isNamed = pod.subdomain === service.metadata.name && pod.hostname !== null;
  const hints = service.trafficDistribution !== null && ready;
  return {
    addresses: [address],
    ready,
    serving: service.publishNotReadyAddresses || isUp,
    terminating: pod.terminating,
    nodeName: pod.nodeName,
    pod: pod.metadata.name,
    hostname: isNamed ? pod.hostname : null,
    zone,
    forZones: hints && zone !== null ? [zone] : NONE,
    forNodes:
      hints && service.trafficDistribution === "PreferSameNode" && pod.nodeName !== null ? [pod.nodeName] : NONE,
    podOrigin: pod.metadata.origin,
  };
}

/** A slice that names the object it is made from: kind and origin are those of the Service, or of the Endpoints. */
function sliceOf(
  service: Service,
  endpoints: readonly SliceEndpoint[],
  ports: readonly EndpointPort[],
  { kind, apiVersion, origin }: Metadata,
): EndpointSlice {
  const { namespace, name } = service.metadata;
  const first = endpoints[0]?.addresses[0];
  const family = first?.family ?? 4;
  return {
    metadata: {
      kind,
      apiVersion,
      namespace,
      name: `${name}-${first === undefined ? "none" : formatAddress(first)}`,
      labels: new Map([["kubernetes.io/service-name", name]]),
      annotations: new Map(),
      origin,
    },
    service: name,
    endpoints: endpoints.filter(({ addresses }) => addresses[0]?.family === family),
    ports,
  };
}
