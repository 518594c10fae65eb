import type { BoundChain } from "../linux/netfilter/table-image.ts";
import type { Ending, PacketKind } from "../linux/runtime.ts";
import type { Packet } from "../net/packet.ts";

/** Where a journey ended. */
export interface JourneyEnd {
  readonly ending: Ending;
  readonly host: string;
  readonly interface: string | null;
  /** The packet as last seen: nothing changes it any more, unless it is held. */
  readonly packet: Packet;
  /** Chain that decided, when a rule or policy did. */
  readonly chain: BoundChain | null;
  /** Index of the deciding rule from 0, -1 for the policy. */
  readonly rule: number;
  /** A fragment that waits for the others: nothing else became of it so far. */
  readonly held: boolean;
}

/** One packet from the host that made it to its end, through NAT, links and tunnels. */
export interface Journey {
  readonly id: number;
  readonly kind: PacketKind;
  /** Journey of the packet that provoked it; -1 for what a probe sends. */
  readonly cause: number;
  /** Host that sent it, or received it first. */
  readonly host: string;
  /** A socket of that host sent it: neither its kernel by itself nor anybody else. */
  readonly local: boolean;
  /** That was a raw socket with a header of its own. */
  readonly raw: boolean;
  /** Device that the socket is bound to; null: none, or no socket. */
  readonly boundInterface: string | null;
  /** Mark that the packet started with. */
  readonly mark: number;
  /** The packet itself, which NAT and the like change on its way. */
  readonly packet: Packet;
  /** errno of a failed send. */
  error: string | null;
  end: JourneyEnd | null;
}
