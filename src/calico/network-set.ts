import type { Metadata } from "../kubernetes/metadata.ts";
import type { Prefix } from "../net/prefix.ts";

/** Networks with labels, which rules choose like endpoints: a NetworkSet of a namespace or a GlobalNetworkSet. */
export interface NetworkSet {
  readonly metadata: Metadata;
  readonly nets: readonly Prefix[];
}
