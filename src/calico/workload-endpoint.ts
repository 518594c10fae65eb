import { prefixField } from "../kubernetes/address-field.ts";
import { type Field, listOf, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

/** A projectcalico.org/v3 WorkloadEndpoint: one interface of one pod. */
export interface WorkloadEndpoint {
  readonly metadata: Metadata;
  readonly node: string;
  /** Null for workloads that are no Kubernetes pods. */
  readonly pod: string | null;
  /** Name of the interface inside the workload. */
  readonly endpoint: string;
  /** Name of the host's end of the veth pair; the empty string when it is not written. */
  readonly interfaceName: string;
  readonly ipNetworks: readonly Prefix[];
  /** MAC inside the workload; null when it is not written. */
  readonly mac: string | null;
}

export function readWorkloadEndpoint(resource: Field, origin: Origin): WorkloadEndpoint {
  const spec = member(resource, "spec");
  return {
    metadata: readMetadata(resource, origin),
    node: text(member(spec, "node")) ?? "",
    pod: text(member(spec, "pod")) || null,
    endpoint: text(member(spec, "endpoint")) || "eth0",
    interfaceName: text(member(spec, "interfaceName")) ?? "",
    ipNetworks: listOf(member(spec, "ipNetworks"), prefixField),
    mac: text(member(spec, "mac"))?.toLowerCase() || null,
  };
}
