import { type Field, integer, isRecord, member, text } from "../../kubernetes/field.ts";
import type { Origin } from "../../model/origin.ts";

/** A crd.projectcalico.org/v1 IPAMHandle: how many addresses of each block a workload has. */
export interface IPAMHandle {
  readonly handle: string;
  /** By the block's CIDR as it is written. */
  readonly blocks: ReadonlyMap<string, number>;
  readonly origin: Origin;
}

/** The handle is `spec.handleID`; where it is missing, the object's name. */
export function readIPAMHandle(resource: Field, origin: Origin): IPAMHandle {
  const spec = member(resource, "spec");
  const block = member(spec, "block");
  const counts = new Map<string, number>();
  for (const cidr of isRecord(block.value) ? Object.keys(block.value) : []) {
    const count = integer(member(block, cidr));
    if (count !== null) counts.set(cidr, count);
  }
  return {
    handle: text(member(spec, "handleID")) || (text(member(member(resource, "metadata"), "name")) ?? ""),
    blocks: counts,
    origin,
  };
}
