import type { Origin } from "../model/origin.ts";
import { type Address, sameAddress } from "../net/address.ts";
import { parseInterfaceAddress } from "../net/prefix.ts";
import { addressField } from "./address-field.ts";
import {
  at,
  complain,
  elements,
  type Field,
  flag,
  integer,
  listOf,
  member,
  ownValue,
  type SharedTexts,
  text,
} from "./field.ts";
import { type Metadata, readSharedMetadata } from "./metadata.ts";
import { type NodeCacheOptions, nodeCacheOptions } from "./node-local-dns/node-cache-options.ts";
import { type PodDns, readPodDns } from "./pod-dns.ts";
import { protocolField } from "./protocol-field.ts";
import { type NodeSelection, readNodeSelection } from "./workloads/node-selection.ts";
import { podRequests, type Resources } from "./workloads/resource-requests.ts";

export interface ContainerPort {
  readonly name: string;
  readonly protocol: number;
  readonly port: number;
  /** 0 when the port is not opened on the node. */
  readonly hostPort: number;
  /** The node's address on which it is opened; null for all. */
  readonly hostIP: Address | null;
}

/** A v1 Pod, as far as the packet path needs it. */
export interface Pod {
  readonly metadata: Metadata;
  /** Null before it is scheduled. */
  readonly nodeName: string | null;
  /** Null where the source does not tell. */
  readonly hostNetwork: boolean | null;
  /** status.podIPs (or podIP); before the kubelet reports them, Calico's annotation. */
  readonly podIPs: readonly Address[];
  /** `default` where none is written, as the API server fills it in. */
  readonly serviceAccount: string;
  /** `Running`, `Succeeded`, …; the empty string when unknown. */
  readonly phase: string;
  readonly ports: readonly ContainerPort[];
  /** Ports that liveness, readiness and startup probes connect to: somebody expects them to be open. */
  readonly probePorts: readonly number[];
  /** What it asks of its node. */
  readonly requests: Resources;
  /** On which nodes it may run; null once it is on one. */
  readonly selection: NodeSelection | null;
  /** Its condition `Ready`; null where the source does not tell. */
  readonly ready: boolean | null;
  /** It is being deleted (`metadata.deletionTimestamp`). */
  readonly terminating: boolean;
  /** Both null unless written; with both it has a name of its own under a headless service. */
  readonly hostname: string | null;
  readonly subdomain: string | null;
  readonly dns: PodDns;
  /** Of NodeLocal DNSCache, which answers DNS for its node; absent: it is none. */
  readonly nodeCache?: NodeCacheOptions;
}

/** True when the pod's containers have ended: its addresses are free again. */
export function hasFinished(pod: Pod): boolean {
  return pod.phase === "Succeeded" || pod.phase === "Failed";
}

function readPort(field: Field): ContainerPort | null {
  const port = integer(member(field, "containerPort"));
  const protocol = protocolField(member(field, "protocol"));
  if (port === null || protocol === null) return null;
  return {
    name: text(member(field, "name")) ?? "",
    protocol,
    port,
    hostPort: integer(member(field, "hostPort")) ?? 0,
    hostIP: addressField(member(field, "hostIP")),
  };
}

/** A probe names a port by number or by the name that its container gives it; `exec` probes have none. */
function probePortsOf(container: Field, ports: readonly ContainerPort[]): readonly number[] {
  if (PROBES.every((name) => ownValue(container.value, name) === undefined)) return NO_PORTS;
  return PROBES.flatMap((name) => {
    const probe = member(container, name);
    return PROBE_KINDS.flatMap((how) => {
      const field = at(probe, how, "port");
      const { value } = field;
      // of two ports of the same name the last one counts
      if (typeof value === "string") return ports.findLast((port) => port.name === value)?.port ?? NO_PORTS;
      return integer(field) ?? NO_PORTS;
    });
  });
}

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;
const PROBE_KINDS = ["httpGet", "tcpSocket", "grpc"] as const;
const NO_PORTS: readonly number[] = [];

/** The addresses in `cni.projectcalico.org/podIPs` (`192.168.1.2/32,fd00::2/128`) or its older single form. */
function annotatedAddresses(resource: Field): readonly Address[] {
  const annotations = at(resource, "metadata", "annotations");
  for (const key of ["cni.projectcalico.org/podIPs", "cni.projectcalico.org/podIP"]) {
    const field = member(annotations, key);
    const written = text(field);
    if (written === null || written === "") continue;
    const addresses = written.split(",").map((part) => parseInterfaceAddress(part.trim())?.address ?? null);
    if (addresses.includes(null)) complain(field, "addresses separated by commas");
    return addresses.filter((address) => address !== null);
  }
  return [];
}

function readyCondition(conditions: Field): boolean | null {
  const found = elements(conditions).find((condition) => text(member(condition, "type")) === "Ready");
  return found === undefined ? null : text(member(found, "status")) === "True";
}

/**
 * @param untold the fields that the source does not tell
 * @param labels those of pods that were read before: equal ones are one object
 */
export function readPod(resource: Field, origin: Origin, untold?: ReadonlySet<string>, labels?: SharedTexts): Pod {
  const status = member(resource, "status");
  const spec = member(resource, "spec");
  const reported = listOf(member(status, "podIPs"), (entry) => addressField(member(entry, "ip")));
  const nodeName = text(member(spec, "nodeName")) || null;
  const first = addressField(member(status, "podIP"));
  const podIPs =
    first === null || reported.some((address) => sameAddress(address, first)) ? reported : [first, ...reported];
  // sidecars that run beside the containers are init containers with restartPolicy Always
  const sidecars = elements(member(spec, "initContainers")).filter(
    (container) => text(member(container, "restartPolicy")) === "Always",
  );
  const ports: ContainerPort[] = [];
  const probePorts: number[] = [];
  let nodeCache: NodeCacheOptions | null = null;
  for (const container of [...elements(member(spec, "containers")), ...sidecars]) {
    const own = listOf(member(container, "ports"), readPort);
    for (const port of own) ports.push(port);
    nodeCache ??= nodeCacheOptions(container, spec);
    for (const port of probePortsOf(container, own)) if (!probePorts.includes(port)) probePorts.push(port);
  }
  const metadata = readSharedMetadata(resource, origin, labels);
  const selection = nodeName === null ? readNodeSelection(spec, metadata.labels) : null;
  return {
    metadata,
    nodeName,
    requests: selection?.requests ?? podRequests(spec),
    selection,
    hostNetwork: untold?.has("spec.hostNetwork") ? null : (flag(member(spec, "hostNetwork")) ?? false),
    podIPs: podIPs.length > 0 ? podIPs : annotatedAddresses(resource),
    serviceAccount: text(member(spec, "serviceAccountName")) || text(member(spec, "serviceAccount")) || "default",
    phase: text(member(status, "phase")) ?? "",
    ports,
    probePorts: probePorts.length === 0 ? NO_PORTS : probePorts,
    ready: readyCondition(member(status, "conditions")),
    terminating: (at(resource, "metadata", "deletionTimestamp").value ?? null) !== null,
    hostname: text(member(spec, "hostname")),
    subdomain: text(member(spec, "subdomain")),
    dns: readPodDns(spec),
    ...(nodeCache === null ? {} : { nodeCache }),
  };
}
