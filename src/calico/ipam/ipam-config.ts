import { complain, type Field, flag, integer, member } from "../../kubernetes/field.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";

/** A crd.projectcalico.org/v1 IPAMConfig or projectcalico.org/v3 IPAMConfiguration named `default`. */
export interface IPAMConfig {
  /** Nodes take addresses of their own blocks only. */
  readonly strictAffinity: boolean;
  /** Nodes may take new blocks for themselves. */
  readonly autoAllocateBlocks: boolean;
  /** 0: not set; then Calico stops at 20. */
  readonly maxBlocksPerHost: number;
  readonly origin: Origin;
}

/** What holds where nobody configured anything (libcalico-go/lib/ipam, GetIPAMConfig). */
export const DEFAULT_IPAM_CONFIG: IPAMConfig = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 0,
  origin: NO_ORIGIN,
};

export function readIPAMConfig(resource: Field, origin: Origin): IPAMConfig {
  const spec = member(resource, "spec");
  const field = member(spec, "maxBlocksPerHost");
  const limit = integer(field) ?? 0;
  if (limit < 0) complain(field, "0 or more");
  return {
    strictAffinity: flag(member(spec, "strictAffinity")) ?? false,
    autoAllocateBlocks: flag(member(spec, "autoAllocateBlocks")) ?? true,
    maxBlocksPerHost: Math.max(0, limit),
    origin,
  };
}
