import type { Origin } from "../model/origin.ts";
import { type Address, parseAddress, sameAddress } from "../net/address.ts";
import { type Prefix, parsePrefix } from "../net/prefix.ts";
import { addressField } from "./address-field.ts";
import { at, complain, type Field, flag, integer, listOf, member, text, textMap } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { protocolField } from "./protocol-field.ts";

export interface ServicePort {
  readonly name: string;
  readonly protocol: number;
  readonly port: number;
  /** A number, the name of a container port, or null: the same as `port`. */
  readonly targetPort: number | string | null;
  /** 0 when there is none. */
  readonly nodePort: number;
}

export type TrafficPolicy = "Cluster" | "Local";

/** A v1 Service. */
export interface Service {
  readonly metadata: Metadata;
  /** `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`. */
  readonly type: string;
  /** `clusterIP: None`: its name answers with the addresses of its endpoints. */
  readonly headless: boolean;
  /** Empty for a headless service. */
  readonly clusterIPs: readonly Address[];
  readonly ports: readonly ServicePort[];
  /** False where the source tells the ports and not where they lead to. */
  readonly targetPortsTold: boolean;
  /** Empty for a service whose endpoints are written by hand. */
  readonly selector: ReadonlyMap<string, string>;
  /** `spec.ipFamilies`; empty where it is not written. */
  readonly ipFamilies: readonly (4 | 6)[];
  readonly externalIPs: readonly Address[];
  /** Addresses of `status.loadBalancer.ingress` that nodes answer for: `ipMode: Proxy` ones are the balancer's own. */
  readonly loadBalancerVIPs: readonly Address[];
  /** All addresses of `status.loadBalancer.ingress`: what Calico advertises. */
  readonly loadBalancerIngress: readonly Address[];
  /** `spec.loadBalancerIP`, the address that was asked for. */
  readonly loadBalancerIP: Address | null;
  readonly loadBalancerSourceRanges: readonly Prefix[];
  /** Seconds for which a client keeps its endpoint (`sessionAffinity: ClientIP`); null: it does not. */
  readonly sessionAffinitySeconds: number | null;
  readonly internalTrafficPolicy: TrafficPolicy;
  readonly externalTrafficPolicy: TrafficPolicy;
  /** 0 when there is none. */
  readonly healthCheckNodePort: number;
  /** `PreferClose`, `PreferSameZone`, `PreferSameNode`; null without. */
  readonly trafficDistribution: string | null;
  /** Unready endpoints count as ready. */
  readonly publishNotReadyAddresses: boolean;
  /** The name that an ExternalName service answers with. */
  readonly externalName: string | null;
}

/** What the API server fills in when `sessionAffinityConfig` does not say (three hours). */
const DEFAULT_AFFINITY_SECONDS = 10800;

/** `None` and the empty string stand for no address. */
function clusterIP(field: Field): Address | null {
  const written = text(field);
  if (written === null || written === "" || written === "None") return null;
  const address = parseAddress(written);
  if (address === null) complain(field, 'an IP address or "None"');
  return address;
}

function readPort(field: Field): ServicePort | null {
  const port = integer(member(field, "port"));
  const protocol = protocolField(member(field, "protocol"));
  if (port === null || protocol === null) return null;
  const target = member(field, "targetPort");
  const targetPort = typeof target.value === "number" ? integer(target) : text(target);
  return {
    name: text(member(field, "name")) ?? "",
    protocol,
    port,
    targetPort: targetPort === 0 || targetPort === "" ? null : targetPort,
    nodePort: integer(member(field, "nodePort")) ?? 0,
  };
}

function trafficPolicy(field: Field): TrafficPolicy {
  const written = text(field) ?? "";
  if (written === "Local") return "Local";
  if (written !== "" && written !== "Cluster") complain(field, "Cluster or Local");
  return "Cluster";
}

/** Blanks around a range are allowed, as the API server does. */
function sourceRange(field: Field): Prefix | null {
  const prefix = parsePrefix((text(field) ?? "").trim());
  if (prefix === null) complain(field, "a CIDR block such as 192.168.0.0/16");
  return prefix;
}

function ipFamily(field: Field): 4 | 6 | null {
  const written = text(field);
  if (written === "IPv4") return 4;
  if (written === "IPv6") return 6;
  complain(field, "IPv4 or IPv6");
  return null;
}

function affinitySeconds(spec: Field): number | null {
  const field = member(spec, "sessionAffinity");
  const written = text(field) ?? "";
  if (written !== "" && written !== "None" && written !== "ClientIP") complain(field, "None or ClientIP");
  if (written !== "ClientIP") return null;
  return integer(at(spec, "sessionAffinityConfig", "clientIP", "timeoutSeconds")) ?? DEFAULT_AFFINITY_SECONDS;
}

/** `untold` names the fields that the source does not tell. */
export function readService(resource: Field, origin: Origin, untold?: ReadonlySet<string>): Service {
  const spec = member(resource, "spec");
  const listed = listOf(member(spec, "clusterIPs"), clusterIP);
  const first = clusterIP(member(spec, "clusterIP"));
  return {
    metadata: readMetadata(resource, origin),
    type: text(member(spec, "type")) ?? "ClusterIP",
    headless: member(spec, "clusterIP").value === "None" || listsNone(member(spec, "clusterIPs")),
    clusterIPs: first === null || listed.some((address) => sameAddress(address, first)) ? listed : [first, ...listed],
    ports: listOf(member(spec, "ports"), readPort),
    targetPortsTold: untold?.has("spec.ports.targetPort") !== true,
    selector: textMap(member(spec, "selector")),
    ipFamilies: listOf(member(spec, "ipFamilies"), ipFamily),
    externalIPs: listOf(member(spec, "externalIPs"), addressField),
    loadBalancerVIPs: listOf(at(resource, "status", "loadBalancer", "ingress"), (entry) =>
      text(member(entry, "ipMode")) === "Proxy" ? null : addressField(member(entry, "ip")),
    ),
    loadBalancerIngress: listOf(at(resource, "status", "loadBalancer", "ingress"), (entry) =>
      addressField(member(entry, "ip")),
    ),
    loadBalancerIP: addressField(member(spec, "loadBalancerIP")),
    loadBalancerSourceRanges: listOf(member(spec, "loadBalancerSourceRanges"), sourceRange),
    sessionAffinitySeconds: affinitySeconds(spec),
    internalTrafficPolicy: trafficPolicy(member(spec, "internalTrafficPolicy")),
    externalTrafficPolicy: trafficPolicy(member(spec, "externalTrafficPolicy")),
    healthCheckNodePort: integer(member(spec, "healthCheckNodePort")) ?? 0,
    trafficDistribution: text(member(spec, "trafficDistribution")),
    publishNotReadyAddresses: flag(member(spec, "publishNotReadyAddresses")) ?? false,
    externalName: text(member(spec, "externalName")),
  };
}

function listsNone(field: Field): boolean {
  return Array.isArray(field.value) && field.value.includes("None");
}
