import { IPS_ASSURED } from "../../linux/conntrack/connection.ts";
import { findNeighbour } from "../../linux/neighbour-table.ts";
import { outgoingMtu } from "../../linux/path-mtu.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import { CT_ESTABLISHED, CT_NONE, CT_UNTRACKED, type Skb } from "../../linux/skb.ts";
import { FRAME_ALLOWANCE } from "../../linux/transmit.ts";
import { recording, type WalkRecord } from "../../linux/walk-record.ts";
import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import { sameAddress } from "../../net/address.ts";
import { copyPacket, type Packet } from "../../net/packet.ts";
import { ACK, PSH } from "../../net/tcp-flags.ts";
import type { World } from "../world.ts";
import type { Connection } from "./connection.ts";
import type { Arrival, Hop, Path } from "./path.ts";

/** A way that is being noted. */
export interface PathNote extends WalkRecord {
  readonly sender: Connection;
  readonly sent: Packet;
  hops: readonly Hop[];
  /** How it arrives at the host where it is now; null before the first, and at the end. */
  arrival: Arrival | null;
  /** Octets of the longest packet that would go the same way, as far as is known. */
  longest: number;
  /** The host after the first, and how it arrives there. */
  second: { readonly runtime: HostRuntime; readonly host: Host; readonly arrival: Arrival } | null;
}

const NO_HOPS: readonly Hop[] = [];

/** Begins to note the way of a segment, if ways are remembered and it is a plain one. */
export function noteOf(world: World, sender: Connection, skb: Skb): PathNote | null {
  if (world.noting === undefined || !isPlain(skb.packet.flags)) return null;
  const note: PathNote = {
    skb,
    volatile: false,
    usesFlags: false,
    sender,
    sent: copyPacket(skb.packet),
    hops: NO_HOPS,
    arrival: null,
    longest: 0xffff,
    second: null,
  };
  sender.noted = note;
  return note;
}

export function isPlain(flags: number): boolean {
  return flags === ACK || flags === (ACK | PSH);
}

/** From here on the packet in hand is noted. What was noted before is given back to `noteAgain`; a closure would be made for each packet. */
export function beginNoting(world: World, note: PathNote): PathNote | null | undefined {
  const { noting } = world;
  world.noting = note;
  recording.current = note;
  return noting;
}

export function noteAgain(world: World, before: PathNote | null | undefined): void {
  world.noting = before;
  recording.current = before ?? null;
}

/** The packet leaves a host, or has reached the last one. */
export function noteHost(note: PathNote, runtime: HostRuntime): void {
  const { skb } = note;
  const { connection, ctState, ctReply, route, output, packet } = skb;
  const tracked = connection !== null && ctState === CT_ESTABLISHED && (connection.status & IPS_ASSURED) !== 0;
  if (!tracked && (connection !== null || (ctState !== CT_NONE && ctState !== CT_UNTRACKED))) note.volatile = true;
  const nextHop = route?.kind === "unicast" ? route.nextHop : packet.dst;
  const leaves = output !== null && route?.kind !== "local";
  if (leaves && route?.kind !== "unicast") note.volatile = true;
  if (leaves && route !== null) noteLimit(note, outgoingMtu(runtime, skb, route));
  const neighbour = leaves && !output.noArp ? findNeighbour(runtime.neighbours, output.name, nextHop) : null;
  if (leaves && !output.noArp && neighbour === null) note.volatile = true;
  const hop: Hop = {
    runtime,
    host: runtime.host,
    routeChanges: runtime.routeChanges.length,
    changedSets: runtime.sets.size,
    entry: connection,
    reply: ctReply,
    neighbour,
    arrival: note.arrival,
  };
  const first = note.hops[0];
  // mostly there are two: a list that grows, or is made of another one, has room for many
  if (first === undefined) note.hops = [hop];
  else note.hops = note.hops.length === 1 ? [first, hop] : [...note.hops, hop];
}

/** No longer packet goes on from here. */
export function noteLimit(note: PathNote, mtu: number): void {
  note.longest = Math.min(note.longest, mtu);
}

/** It goes on to a device of the next host. */
export function noteArrival(note: PathNote, runtime: HostRuntime, device: Interface): void {
  const { sourceMac, destinationMac, packetType, vlan, packet } = note.skb;
  // a literal within another is one that V8 copies in a slow way
  const frame = { sourceMac, destinationMac, packetType, vlan };
  note.arrival = { device, ttl: packet.ttl, frame };
  if (note.hops.length === 1) note.second = { runtime, host: runtime.host, arrival: note.arrival };
  noteLimit(note, device.mtu + FRAME_ALLOWANCE);
}

/** The packet has come to the connection that it is for. */
export function noteEnd(world: World, runtime: HostRuntime, skb: Skb, receiver: Connection): void {
  const note = world.noting;
  if (note == null || note.skb !== skb) return;
  noteHost(note, runtime);
  world.noting = null;
  recording.current = null;
  const { sent, sender, hops } = note;
  if (sender.noted === note) sender.noted = null;
  if (note.volatile || !isUntouched(sent, skb.packet)) return;
  const data = (sent.flags & PSH) !== 0;
  const path: Path = { hops, longest: note.longest, receiver, packet: sent, run: null, spare: null, holds: true };
  if (data || !note.usesFlags) sender.dataPath = path;
  if (!data || !note.usesFlags) sender.ackPath = path;
}

/** Neither NAT nor a rule has written to it. */
function isUntouched(x: Packet, y: Packet): boolean {
  return (
    sameAddress(x.src, y.src) &&
    sameAddress(x.dst, y.dst) &&
    x.sport === y.sport &&
    x.dport === y.dport &&
    x.tos === y.tos &&
    x.mss === y.mss &&
    x.optionPadding === y.optionPadding &&
    x.df === y.df
  );
}
