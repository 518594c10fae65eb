import type { Address } from "../net/address.ts";
import type { Origin } from "./origin.ts";

/** One address of a list that `-m recent` keeps: a line of /proc/net/xt_recent/NAME. */
export interface RecentRecord {
  readonly address: Address;
  readonly ttl: number;
  /** Seconds between each packet and the dump, in the order of the ring; null: the dump does not tell what time it was. */
  readonly ages: readonly (number | null)[];
  /** Where in the ring the next packet goes (`oldest_pkt`). */
  readonly next: number;
  /** How the entries of a list stand by their last packet, the oldest first; what `last_seen` says. */
  readonly lastSeen: number;
  readonly origin: Origin;
}
