import { NO_ORIGIN, type Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import { addressField } from "./address-field.ts";
import { at, type Field, flag, integer, listOf, member, text } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import { protocolField } from "./protocol-field.ts";

/** A port of an EndpointSlice or Endpoints object. */
export interface EndpointPort {
  readonly name: string;
  readonly protocol: number;
  /** Null stands for all ports. */
  readonly port: number | null;
}

export interface SliceEndpoint {
  readonly addresses: readonly Address[];
  /** An absent condition counts as ready (discovery.k8s.io/v1). */
  readonly ready: boolean;
  /** Ready, or would be if it were not terminating; an absent condition counts as true. */
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string | null;
  /** Name of the Pod behind it; null for other targets. */
  readonly pod: string | null;
  /** Its own name under the Service's name in DNS; null without. */
  readonly hostname: string | null;
  readonly zone: string | null;
  /** Zones (`hints.forZones`) and nodes (`hints.forNodes`) that should use it; empty without hints. */
  readonly forZones: readonly string[];
  readonly forNodes: readonly string[];
  /** The Pod that it was made of; NO_ORIGIN where an object lists it. */
  readonly podOrigin: Origin;
}

/** A discovery.k8s.io/v1 EndpointSlice. One service may have several. */
export interface EndpointSlice {
  readonly metadata: Metadata;
  /** Label kubernetes.io/service-name; null when it belongs to no service. */
  readonly service: string | null;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly EndpointPort[];
}

export function endpointPort(field: Field): EndpointPort | null {
  const protocol = protocolField(member(field, "protocol"));
  if (protocol === null) return null;
  return { name: text(member(field, "name")) ?? "", protocol, port: integer(member(field, "port")) };
}

/** The pod that a `targetRef` names. */
export function targetPod(reference: Field): string | null {
  return text(member(reference, "kind")) === "Pod" ? text(member(reference, "name")) : null;
}

function hintedNames(field: Field): readonly string[] {
  return listOf(field, (entry) => text(member(entry, "name")));
}

export function readEndpointSlice(resource: Field, origin: Origin): EndpointSlice {
  const metadata = readMetadata(resource, origin);
  const hasNames = text(member(resource, "addressType")) === "FQDN";
  return {
    metadata,
    service: metadata.labels.get("kubernetes.io/service-name") ?? null,
    endpoints: listOf(member(resource, "endpoints"), (endpoint) => ({
      addresses: hasNames ? [] : listOf(member(endpoint, "addresses"), addressField),
      ready: flag(at(endpoint, "conditions", "ready")) ?? true,
      serving: flag(at(endpoint, "conditions", "serving")) ?? true,
      terminating: flag(at(endpoint, "conditions", "terminating")) ?? false,
      nodeName: text(member(endpoint, "nodeName")),
      pod: targetPod(member(endpoint, "targetRef")),
      hostname: text(member(endpoint, "hostname")),
      zone: text(member(endpoint, "zone")),
      forZones: hintedNames(at(endpoint, "hints", "forZones")),
      forNodes: hintedNames(at(endpoint, "hints", "forNodes")),
      podOrigin: NO_ORIGIN,
    })),
    ports: listOf(member(resource, "ports"), endpointPort),
  };
}
