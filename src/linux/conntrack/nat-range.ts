import type { Address } from "../../net/address.ts";

/** What a NAT target asks for (`struct nf_nat_range2`). */
export interface NatRange {
  /** Null: the address stays. */
  readonly addresses: { readonly first: Address; readonly last: Address } | null;
  /** Ports, or ICMP ids; null: any. */
  readonly ports: { readonly first: number; readonly last: number } | null;
  /** `--random`: NF_NAT_RANGE_PROTO_RANDOM. */
  readonly random: boolean;
  /** `--random-fully`: NF_NAT_RANGE_PROTO_RANDOM_FULLY. */
  readonly fullyRandom: boolean;
  readonly persistent: boolean;
  /** `--to-destination a:p1-p2/base`: port shift base; null when unused. */
  readonly portBase: number | null;
  /** NETMAP: the host bits of the packet's address are kept under this mask. */
  readonly netmap: Address | null;
}

/** A range that asks for nothing; give what differs. */
export function natRange(fields: Partial<NatRange>): NatRange {
  return {
    addresses: null,
    ports: null,
    random: false,
    fullyRandom: false,
    persistent: false,
    portBase: null,
    netmap: null,
    ...fields,
  };
}
