import { prefixField } from "../../kubernetes/address-field.ts";
import { type Field, listOf, member } from "../../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../../kubernetes/metadata.ts";
import type { Origin } from "../../model/origin.ts";
import type { Prefix } from "../../net/prefix.ts";

/** A projectcalico.org/v3 IPReservation: addresses that are never given automatically. */
export interface IPReservation {
  readonly metadata: Metadata;
  readonly reservedCIDRs: readonly Prefix[];
}

export function readIPReservation(resource: Field, origin: Origin): IPReservation {
  return {
    metadata: readMetadata(resource, origin),
    reservedCIDRs: listOf(member(member(resource, "spec"), "reservedCIDRs"), prefixField),
  };
}
