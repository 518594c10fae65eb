import type { Origin } from "./origin.ts";

/** One end of a link. */
export interface LinkMember {
  readonly host: string;
  readonly interface: string;
}

/** Packets that a segment does not carry, as clouds do it: those for which all that is set holds. */
export interface LinkDrop {
  /** Its source is no address of the machine that sends it (a cloud's source check, a switch port's IP guard). */
  readonly foreignSource: boolean;
  /** Its destination is no address of the machine that it would come to. */
  readonly foreignDestination: boolean;
  /** IP protocol of the outermost header; null: any. */
  readonly protocol: number | null;
  /** Destination port of a protocol with ports; null: any. */
  readonly port: number | null;
  /** Machines, or `<host>:<interface>`, that it does not hold for: routers of the fabric. */
  readonly except: ReadonlySet<string>;
  readonly origin: Origin;
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
  /** Absent: it carries everything. */
  readonly drops?: readonly LinkDrop[];
  readonly origin: Origin;
}
