import type { Connection as Entry } from "../../linux/conntrack/connection.ts";
import { countPackets, handlePlainTcp } from "../../linux/conntrack/handle-packet.ts";
import { moveTracking, staysEstablished } from "../../linux/conntrack/tcp-window.ts";
import { timeoutOf } from "../../linux/conntrack/timeouts.ts";
import { ACK, PSH } from "../../net/tcp-flags.ts";
import type { World } from "../world.ts";
import type { Connection } from "./connection.ts";
import type { Hop, Path } from "./path.ts";
import { ISN } from "./send.ts";

/** A segment without a program's hands on it: what it tells to whoever tracks its connection. */
export interface Numbers {
  readonly seq: number;
  readonly ack: number;
  /** Octets of the stream in it; 0: it only acknowledges. */
  readonly payload: number;
}

/** The numbers of the next segment of a connection that has nothing outstanding. */
export function nextNumbers({ next, remoteIsn, expected }: Connection, payload: number): Numbers {
  return { seq: (ISN + next) >>> 0, ack: (remoteIsn + expected) >>> 0, payload };
}

function put({ packet }: Path, { seq, ack, payload }: Numbers): void {
  packet.flags = payload > 0 ? ACK | PSH : ACK;
  packet.seq = seq;
  packet.ack = ack;
  packet.content = null;
  packet.payloadLength = payload;
}

/** Whether each tracker on the way takes such a segment, and the connection stays established. */
export function isTaken(path: Path, numbers: Numbers): boolean {
  put(path, numbers);
  const { hops } = path;
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index];
    if (hop === undefined || hop.entry === null) continue;
    if (!staysEstablished(hop.entry, path.packet, hop.reply)) return false;
  }
  return true;
}

/** Whether all who track the connection remember it for so many seconds after each segment. */
export function lastsFor(path: Path, seconds: number): boolean {
  const { hops } = path;
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index];
    if (hop === undefined || hop.entry === null) continue;
    const { runtime, entry } = hop;
    if (entry.expires - runtime.services.now() <= seconds) return false;
    if (timeoutOf(runtime, "tcp_timeout_established") <= seconds) return false;
    if (timeoutOf(runtime, "tcp_timeout_unacknowledged") <= seconds) return false;
  }
  return true;
}

/** Whether whoever tracks the segments of one way also tracks those of the other. */
export function isTrackedAlong(way: Path, other: Path): boolean {
  for (let index = 0; index < way.hops.length; index++) {
    const entry = way.hops[index]?.entry ?? null;
    if (entry !== null && !tracks(other.hops, entry, other.hops.length)) return false;
  }
  return true;
}

function tracks(hops: readonly Hop[], entry: Entry, count: number): boolean {
  for (let index = 0; index < count; index++) if (hops[index]?.entry === entry) return true;
  return false;
}

/** A segment of which `isTaken` holds passes one host of its way. */
export function passHop(world: World, path: Path, index: number, numbers: Numbers): void {
  const hop = path.hops[index];
  if (hop === undefined) return;
  const { runtime, entry, reply } = hop;
  put(path, numbers);
  if (index === 0) {
    if (!path.packet.df) runtime.nextId++;
    world.sent++;
  }
  if (entry !== null) handlePlainTcp(runtime, path.packet, entry, reply, world.now);
}

/** So many segments of a length have taken a way: all that counts them is told. */
export function passBy(world: World, { hops, packet }: Path, segments: number, payload: number): void {
  packet.payloadLength = payload;
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index];
    if (hop !== undefined && hop.entry !== null) countPackets(hop.entry, packet, hop.reply, segments);
  }
  const first = hops[0];
  if (first !== undefined && !packet.df) first.runtime.nextId += segments;
  world.sent += segments;
}

/** Octets have gone by this way and were acknowledged, in order: whoever tracks the connection has seen that. */
export function moveStream({ hops }: Path, octets: number): void {
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index];
    if (hop === undefined || hop.entry === null || hop.entry.tcp === null) continue;
    if (!tracks(hops, hop.entry, index)) moveTracking(hop.entry.tcp, hop.reply, octets);
  }
}
