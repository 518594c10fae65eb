import { prefixField } from "../kubernetes/address-field.ts";
import { type Field, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

/** A BlockAffinity: the node that a block of addresses belongs to. crd.projectcalico.org/v1 and projectcalico.org/v3 have the same spec. */
export interface BlockAffinity {
  readonly metadata: Metadata;
  /** `host`: of a node; `virtual` (from v3.30): of the controller that gives addresses to Services of type LoadBalancer. */
  readonly type: "host" | "virtual";
  readonly node: string;
  readonly cidr: Prefix;
  /** `confirmed`, `pending`, `pendingDeletion`; empty from before there were states, which counts as confirmed. */
  readonly state: string;
  /** `spec.deleted`: about to go. */
  readonly deleted: boolean;
}

/** Null without a node or a usable `spec.cidr`. */
export function readBlockAffinity(resource: Field, origin: Origin): BlockAffinity | null {
  const spec = member(resource, "spec");
  const node = text(member(spec, "node"));
  const cidr = prefixField(member(spec, "cidr"));
  if (node === null || cidr === null) return null;
  // a text in the older API, a truth value in the newer one
  const deleted = member(spec, "deleted").value;
  return {
    metadata: readMetadata(resource, origin),
    type: text(member(spec, "type")) === "virtual" ? "virtual" : "host",
    node,
    cidr,
    state: text(member(spec, "state")) ?? "",
    deleted: deleted === true || deleted === "true",
  };
}
