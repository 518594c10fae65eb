import type { Cluster } from "../../calico/cluster.ts";
import type { WorkloadEndpoint } from "../../calico/workload-endpoint.ts";
import type { EndpointPort, SliceEndpoint } from "../../kubernetes/endpoint-slice.ts";
import type { Endpoints } from "../../kubernetes/endpoints.ts";
import type { Metadata } from "../../kubernetes/metadata.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import type { Service, ServicePort } from "../../kubernetes/service.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Origin, OriginTable } from "../../model/origin.ts";
import { type Address, formatAddress, sameAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import { TCP } from "../../net/protocol.ts";
import { findingAt } from "./finding-at.ts";
import { hasAddress } from "./pod-links.ts";

/** A pod as the declared resources tell it, from its Pod and its WorkloadEndpoint. */
export interface Workload {
  /** `pod/<namespace>/<name>`. */
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
  readonly node: string | null;
  readonly hostNetwork: boolean;
  readonly finished: boolean;
  readonly addresses: readonly Address[];
  readonly pod: Pod | null;
  readonly endpoint: WorkloadEndpoint | null;
  readonly origin: Origin;
}

/** All pods of the declared resources, in order of their names; what the two kinds of objects disagree on is told. */
export function workloadsOf(
  cluster: Cluster,
  hosts: ReadonlyMap<string, Host>,
  origins: OriginTable,
): { readonly workloads: ReadonlyMap<string, Workload>; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const endpoints = new Map<string, WorkloadEndpoint>();
  for (const endpoint of cluster.workloadEndpoints.values()) {
    if (endpoint.pod === null) continue;
    const host = `pod/${endpoint.metadata.namespace ?? "default"}/${endpoint.pod}`;
    const other = endpoints.get(host);
    // further interfaces of the same pod are not the one Calico's addresses are on
    if (other === undefined || (other.endpoint !== "eth0" && endpoint.endpoint === "eth0"))
      endpoints.set(host, endpoint);
  }
  const workloads = new Map<string, Workload>();
  for (const pod of cluster.pods.values()) {
    const namespace = pod.metadata.namespace ?? "default";
    const host = `pod/${namespace}/${pod.metadata.name}`;
    const endpoint = endpoints.get(host) ?? null;
    endpoints.delete(host);
    if (endpoint !== null) append(findings, disagreements(host, pod, endpoint, origins));
    workloads.set(host, {
      host,
      namespace,
      name: pod.metadata.name,
      node: pod.nodeName ?? endpoint?.node ?? null,
      hostNetwork: pod.hostNetwork ?? sharesAddress(pod, cluster, hosts),
      finished: hasFinished(pod),
      addresses: pod.podIPs.length > 0 ? pod.podIPs : addressesOf(endpoint),
      pod,
      endpoint,
      origin: pod.metadata.origin,
    });
  }
  for (const [host, endpoint] of endpoints) {
    workloads.set(host, {
      host,
      namespace: endpoint.metadata.namespace ?? "default",
      name: endpoint.pod ?? "",
      node: endpoint.node === "" ? null : endpoint.node,
      hostNetwork: false,
      finished: false,
      addresses: addressesOf(endpoint),
      pod: null,
      endpoint,
      origin: endpoint.metadata.origin,
    });
  }
  return { workloads: new Map([...workloads].sort(([x], [y]) => (x < y ? -1 : 1))), findings };
}

/** True for a pod that has an address of its node: where nothing else tells, that makes a pod of the host's network. */
function sharesAddress(pod: Pod, cluster: Cluster, hosts: ReadonlyMap<string, Host>): boolean {
  const name = pod.nodeName ?? "";
  const node = cluster.nodes.get(name);
  const calico = cluster.calicoNodes.get(name);
  const host = hosts.get(name);
  const declared = [
    ...(node?.internalIPs ?? []),
    ...[node?.calicoIPv4, node?.calicoIPv6, calico?.ipv4, calico?.ipv6].flatMap((one) => one?.address ?? []),
  ];
  return pod.podIPs.some(
    (address) =>
      declared.some((other) => sameAddress(other, address)) || (host !== undefined && hasAddress(host, address)),
  );
}

function addressesOf(endpoint: WorkloadEndpoint | null): readonly Address[] {
  return (endpoint?.ipNetworks ?? [])
    .filter((network) => network.length === addressBits(network.address.family))
    .map((network) => network.address);
}

function disagreements(host: string, pod: Pod, endpoint: WorkloadEndpoint, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  if (pod.nodeName !== null && endpoint.node !== "" && pod.nodeName !== endpoint.node) {
    findings.push(
      findingAt(origins, endpoint.metadata.origin, {
        code: "node-disagreement",
        severity: "warning",
        message: `${host} is on ${pod.nodeName} by its Pod and on ${endpoint.node} by its WorkloadEndpoint; the Pod counts.`,
      }),
    );
  }
  const written = addressesOf(endpoint);
  const missing = pod.podIPs.filter((address) => !written.some((other) => sameAddress(other, address)));
  if (written.length > 0 && missing.length > 0 && !hasFinished(pod)) {
    findings.push(
      findingAt(origins, endpoint.metadata.origin, {
        code: "address-disagreement",
        severity: "warning",
        message: `${host} has ${missing.map(formatAddress).join(", ")} by its Pod and ${written.map(formatAddress).join(", ")} by its WorkloadEndpoint; the Pod counts.`,
      }),
    );
  }
  return findings;
}

/** A port that is declared to be open on a pod, and where. */
export interface DeclaredPort {
  readonly protocol: number;
  readonly port: number;
  readonly origin: Origin;
}

/** Services and endpoints by what they lead to, so that thousands of pods do not each look at thousands of Services. */
export interface PortIndex {
  /** By namespace and the first label that they select by. */
  readonly servicesOf: ReadonlyMap<string, readonly NumberedService[]>;
  /** By `namespace/pod`. */
  readonly endpointsOf: ReadonlyMap<string, readonly DeclaredPort[]>;
}

/** A Service with its place among all: the first that leads to a port tells it. */
interface NumberedService {
  readonly service: Service;
  readonly place: number;
}

function labelKey(namespace: string, key: string, value: string): string {
  return `${namespace} ${key}=${value}`;
}

export function portIndex(cluster: Cluster): PortIndex {
  const servicesOf = new Map<string, NumberedService[]>();
  let place = 0;
  const endpointsOf = new Map<string, DeclaredPort[]>();
  for (const service of cluster.services.values()) {
    const [first] = service.selector;
    if (first !== undefined && service.targetPortsTold)
      push(servicesOf, labelKey(service.metadata.namespace ?? "default", ...first), { service, place: place++ });
  }
  let podsAt: ReadonlyMap<string, string> | null = null;
  const podAt = (namespace: string, addresses: readonly Address[]): string | null => {
    const [address] = addresses;
    if (address === undefined) return null;
    podsAt ??= podsByAddress(cluster);
    return podsAt.get(`${namespace} ${formatAddress(address)}`) ?? null;
  };
  const file = (
    { namespace, origin }: Metadata,
    endpoints: readonly SliceEndpoint[],
    ports: readonly EndpointPort[],
  ): void => {
    for (const endpoint of endpoints) {
      const pod = endpoint.pod ?? podAt(namespace ?? "default", endpoint.addresses);
      if (pod === null) continue;
      for (const { protocol, port } of ports) {
        if (port !== null) push(endpointsOf, `${namespace ?? "default"}/${pod}`, { protocol, port, origin });
      }
    }
  };
  for (const slice of cluster.endpointSlices.values()) file(slice.metadata, slice.endpoints, slice.ports);
  for (const object of cluster.endpoints.values()) {
    for (const subset of object.subsets)
      file(object.metadata, subset.endpoints, portsOf(object, subset.ports, cluster));
  }
  return { servicesOf, endpointsOf };
}

/** By `namespace address`. */
function podsByAddress({ pods }: Cluster): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { metadata, podIPs } of pods.values()) {
    for (const address of podIPs)
      names.set(`${metadata.namespace ?? "default"} ${formatAddress(address)}`, metadata.name);
  }
  return names;
}

/** Ports whose protocol nobody told have the one that all ports of their Service have, if they agree. */
function portsOf(object: Endpoints, ports: readonly EndpointPort[], cluster: Cluster): readonly EndpointPort[] {
  if (object.protocolsTold) return ports;
  const service = cluster.services.get(`${object.metadata.namespace ?? "default"}/${object.metadata.name}`);
  const protocols = new Set(service?.ports.map(({ protocol }) => protocol));
  const [only] = protocols;
  return protocols.size === 1 && only !== undefined ? ports.map((port) => ({ ...port, protocol: only })) : [];
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const present = map.get(key);
  if (present === undefined) map.set(key, [value]);
  else present.push(value);
}

/** Ports of the containers, those that their probes connect to, and those that Services send to this pod. */
export function declaredPorts(workload: Workload, index: PortIndex): readonly DeclaredPort[] {
  const ports = new Map<string, DeclaredPort>();
  const add = (protocol: number, port: number | null, origin: Origin): void => {
    if (port === null || port === 0) return;
    const key = `${protocol} ${port}`;
    if (!ports.has(key)) ports.set(key, { protocol, port, origin });
  };
  for (const port of workload.pod?.ports ?? []) add(port.protocol, port.port, workload.origin);
  for (const port of workload.pod?.probePorts ?? []) add(TCP, port, workload.origin);
  for (const service of servicesFor(workload, index)) {
    for (const port of service.ports) add(port.protocol, targetOf(port, workload), service.metadata.origin);
  }
  for (const { protocol, port, origin } of index.endpointsOf.get(`${workload.namespace}/${workload.name}`) ?? []) {
    add(protocol, port, origin);
  }
  return [...ports.values()];
}

/** The Services that select the pod, in their order. */
function servicesFor({ pod, namespace }: Workload, { servicesOf }: PortIndex): readonly Service[] {
  const labels = pod?.metadata.labels ?? new Map<string, string>();
  const found = [...labels].flatMap(([key, value]) => servicesOf.get(labelKey(namespace, key, value)) ?? []);
  return found
    .filter(({ service }) => [...service.selector].every(([key, value]) => labels.get(key) === value))
    .sort((x, y) => x.place - y.place)
    .map(({ service }) => service);
}

function targetOf(port: ServicePort, workload: Workload): number | null {
  if (port.targetPort === null) return port.port;
  if (typeof port.targetPort === "number") return port.targetPort;
  const named = workload.pod?.ports.find((one) => one.name === port.targetPort && one.protocol === port.protocol);
  return named?.port ?? null;
}
