import type fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";
import type { ProbePacket } from "../harness/duel.ts";

/** Where a packet comes in from the wire, whom it is from, and whom its frame is for. */
export type Arrival = Pick<ProbePacket, "host" | "interface" | "src" | "dmac">;

/** A packet's whole head: who sends it how, and where to. */
export type Head = Pick<
  ProbePacket,
  "host" | "interface" | "src" | "dmac" | "dst" | "mark" | "uid" | "raw" | "bindInterface"
>;

/** Who talks to whom in a world: what sequences of packets are made of. */
export interface Traffic {
  readonly family: Family;
  /** As flows come in, mostly. */
  readonly arrival: fc.Arbitrary<Arrival>;
  /** From anybody at any interface, wrong sources included. */
  readonly oddArrival: fc.Arbitrary<Arrival>;
  /** What programs send, from hosts with rules and from those around them. */
  readonly sent: fc.Arbitrary<Head>;
  /** What a program that starts a flow sends. */
  readonly flowSent: fc.Arbitrary<Head>;
  /** Anything, dead ends and broadcasts included. */
  readonly destination: fc.Arbitrary<string>;
  /** Where flows go: hosts, and the routers themselves. */
  readonly flowDestination: fc.Arbitrary<string>;
  /** Where ICMP errors about delivered packets come in, and from whom. */
  readonly errorArrival: fc.Arbitrary<Arrival>;
  /** A source that another sender of the same ports has: what SNAT must keep apart. */
  readonly cousin: string;
}
