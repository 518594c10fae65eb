import type { Address } from "../net/address.ts";
import type { Origin } from "./origin.ts";

/** One direction of a `conntrack -L` line. Ports are 0 where the protocol has none. */
export interface TupleRecord {
  readonly src: Address;
  readonly dst: Address;
  readonly sport: number;
  readonly dport: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  readonly icmpId: number;
}

/** One line of `conntrack -L`: a connection the kernel knew when the dump was taken. */
export interface ConntrackRecord {
  readonly protocol: number;
  /** Seconds until it expires. */
  readonly timeout: number | null;
  /** TCP or SCTP state name (`ESTABLISHED`); null for others. */
  readonly state: string | null;
  readonly original: TupleRecord;
  readonly reply: TupleRecord;
  readonly unreplied: boolean;
  readonly assured: boolean;
  readonly mark: number;
  readonly zone: number;
  readonly origin: Origin;
}
