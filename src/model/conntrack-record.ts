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
  /** What it has carried this way; null where accounting is off (`net.netfilter.nf_conntrack_acct`). */
  readonly counted: { readonly packets: number; readonly bytes: number } | null;
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
  /** Conntrack zone of the original direction; 0 is the default zone. */
  readonly zone: number;
  /** Zone of the reply direction: another one only after `-j CT --zone-orig` or `--zone-reply`. */
  readonly replyZone: number;
  /** The helper that listens to it (`helper=ftp`). */
  readonly helper: string | null;
  readonly origin: Origin;
}
