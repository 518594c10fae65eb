import type { Origin } from "./origin.ts";

/** One end of a link. */
export interface LinkMember {
  readonly host: string;
  readonly interface: string;
}

/**
 * What joins two or more interfaces: a veth pair, a wire, or a layer-2 segment.
 * A `closed` link has no other members than these; on an open one there may be machines that nobody dumped.
 */
export interface Link {
  readonly name: string;
  readonly members: readonly LinkMember[];
  readonly closed: boolean;
  /** Frames carrying more IP bytes than this are lost without a word; null when the members' MTUs decide. */
  readonly mtu: number | null;
  readonly origin: Origin;
}
