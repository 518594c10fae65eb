import { prefixField } from "../kubernetes/address-field.ts";
import { type Field, listOf, member } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

/** Networks with labels, which rules choose like endpoints: a NetworkSet of a namespace or a GlobalNetworkSet. */
export interface NetworkSet {
  readonly metadata: Metadata;
  /** Null for a GlobalNetworkSet. */
  readonly namespace: string | null;
  readonly nets: readonly Prefix[];
}

export function readNetworkSet(resource: Field, origin: Origin): NetworkSet {
  const metadata = readMetadata(resource, origin);
  return {
    metadata,
    namespace: metadata.kind === "GlobalNetworkSet" ? null : (metadata.namespace ?? "default"),
    nets: listOf(member(member(resource, "spec"), "nets"), prefixField),
  };
}
