import { type Connection as Entry, IPS_DYING } from "../../linux/conntrack/connection.ts";
import { handlePlainTcp } from "../../linux/conntrack/handle-packet.ts";
import type { NeighbourEntry } from "../../linux/neighbour-table.ts";
import { mayRouteOtherwise } from "../../linux/routing/programmed-routes.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import type { Skb } from "../../linux/skb.ts";
import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import { copyPacket, type Packet, packetLength, type SegmentContent } from "../../net/packet.ts";
import { PSH } from "../../net/tcp-flags.ts";
import { isLast, schedule } from "../event-queue.ts";
import { resume } from "../originate.ts";
import type { World } from "../world.ts";
import type { Connection } from "./connection.ts";
import { isPlain, type PathNote } from "./path-note.ts";
import { receiveOn } from "./receive.ts";

/**
 * The way that segments of an established connection take, remembered: once one was walked through all hosts, the next goes the same way
 * without asking each rule again, as long as nothing has changed that its verdicts rested on. Connection tracking of each host is
 * told of every segment, and each link takes an event of its own, so that all else happens as if it had been walked.
 */
export interface Path {
  readonly hops: readonly Hop[];
  /** Octets of the longest packet that is known to fit. */
  readonly longest: number;
  readonly receiver: Connection;
  /** The packet, as each segment fills it in. */
  readonly packet: Packet;
  /** Segments that went on by it last, one after the other. */
  run: Run | null;
  /** What they were told apart by, to be used again for the next; null: it is in use. */
  spare: Run | null;
  /** False once something has changed. */
  holds: boolean;
}

/** Segments on their way to one host, between which nothing else happens: one event is for all. */
type Run = [world: World, path: Path, index: number, segments: Segments];

/** What tells segments of a connection apart: the first, which mostly is the only one, and those behind it. */
interface Segments {
  flags: number;
  seq: number;
  ack: number;
  content: SegmentContent | null;
  rest: Rest | null;
}

/** The same of further ones, each in a list: many are under way at once. */
interface Rest {
  readonly flags: number[];
  readonly seqs: number[];
  readonly acks: number[];
  readonly contents: (SegmentContent | null)[];
}

/** One host on the way, and what its verdicts rested on. */
export interface Hop {
  readonly runtime: HostRuntime;
  readonly host: Host;
  /** How many changes of routes it had seen (`mayRouteOtherwise`). */
  routeChanges: number;
  readonly changedSets: number;
  /** The connection that its tracker found; null: it does not track it. */
  readonly entry: Entry | null;
  readonly reply: boolean;
  /** The next hop in its cache; null at the end. */
  readonly neighbour: NeighbourEntry | null;
  /** How the packet arrives there; null where it is sent. */
  readonly arrival: Arrival | null;
}

export interface Arrival {
  readonly device: Interface;
  readonly ttl: number;
  readonly frame: Pick<Skb, "sourceMac" | "destinationMac" | "packetType" | "vlan">;
}

function fill(packet: Packet, flags: number, seq: number, ack: number, content: SegmentContent | null): void {
  packet.flags = flags;
  packet.seq = seq;
  packet.ack = ack;
  packet.content = content;
  packet.payloadLength = content === null ? 0 : content.octets.length;
}

/** Sends a segment by the way that is known. False: there is none, or it does not hold any more. */
export function sendByPath(
  world: World,
  sender: Connection,
  flags: number,
  seq: number,
  ack: number,
  content: SegmentContent | null,
): boolean {
  if (!isPlain(flags)) return false;
  const path = (flags & PSH) !== 0 ? sender.dataPath : sender.ackPath;
  if (path === null || !path.holds) return follow(world, sender, flags, seq, ack, content);
  fill(path.packet, flags, seq, ack, content);
  if (packetLength(path.packet) > path.longest || !takeHop(world, path, 0)) return false;
  const first = path.hops[0];
  if (first === undefined) return false;
  leave(world, first, path.packet);
  goOn(world, path, 1);
  return true;
}

/** The segment in `path.packet` is on its way to a host of the path. */
function goOn(world: World, path: Path, index: number): void {
  const { flags, seq, ack, content } = path.packet;
  const { run } = path;
  if (run !== null && run[2] === index && isLast(world.queue, run)) {
    const segments = run[3];
    if (segments.rest === null) segments.rest = { flags: [flags], seqs: [seq], acks: [ack], contents: [content] };
    else {
      const { flags: all, seqs, acks, contents } = segments.rest;
      all.push(flags);
      seqs.push(seq);
      acks.push(ack);
      contents.push(content);
    }
    return;
  }
  const next = path.spare ?? newRun(world, path);
  const segments = next[3];
  next[2] = index;
  segments.flags = flags;
  segments.seq = seq;
  segments.ack = ack;
  segments.content = content;
  path.spare = null;
  path.run = next;
  schedule(world.queue, world.now, arriveAll, next);
}

/** Thousands of ways are gone at one moment: each keeps what its next segment is told apart by. */
function newRun(world: World, path: Path): Run {
  const segments: Segments = { flags: 0, seq: 0, ack: 0, content: null, rest: null };
  return [world, path, 0, segments];
}

function arriveAll(world: World, path: Path, index: number, segments: Segments): void {
  const { flags, seq, ack, content, rest } = segments;
  if (path.run?.[3] === segments) {
    path.spare = path.run;
    path.run = null;
    segments.content = null;
    segments.rest = null;
  }
  fill(path.packet, flags, seq, ack, content);
  arrive(world, path, index);
  if (rest !== null) arriveBehind(world, path, index, rest);
}

function arriveBehind(world: World, path: Path, index: number, { flags, seqs, acks, contents }: Rest): void {
  for (let position = 0; position < flags.length; position++) {
    fill(path.packet, flags[position] ?? 0, seqs[position] ?? 0, acks[position] ?? 0, contents[position] ?? null);
    arrive(world, path, index);
  }
}

function leave(world: World, { runtime }: Hop, { df }: Packet): void {
  // Where the header has an identification, the kernel counts it.
  if (!df) runtime.nextId++;
  world.sent++;
}

/** Sends a segment after another whose way is just being noted: when it arrives, that one is known, or asked anew from there on. */
function follow(
  world: World,
  sender: Connection,
  flags: number,
  seq: number,
  ack: number,
  content: SegmentContent | null,
): boolean {
  const note = sender.noted;
  const first = note?.hops[0];
  if (note === null || first === undefined || note.second === null || note.volatile) return false;
  const { second, sent } = note;
  if (note.usesFlags && ((flags ^ sent.flags) & PSH) !== 0) return false;
  const packet = copyPacket(sent);
  fill(packet, flags, seq, ack, content);
  if (packetLength(packet) > note.longest || second.runtime.host !== second.host) return false;
  if (!stands(first, packet) || !track(world, first, packet)) return false;
  leave(world, first, packet);
  schedule(world.queue, world.now, arriveAfter, [world, sender, note, packet]);
  return true;
}

function arriveAfter(world: World, sender: Connection, note: PathNote, packet: Packet): void {
  const { flags, seq, ack, content } = packet;
  const path = (flags & PSH) !== 0 ? sender.dataPath : sender.ackPath;
  if (path !== null && path.hops === note.hops) {
    fill(path.packet, flags, seq, ack, content);
    return arrive(world, path, 1);
  }
  if (note.second === null) return;
  const { runtime, arrival } = note.second;
  packet.ttl = arrival.ttl;
  resume(world, runtime, arrival.device, packet, arrival.frame);
}

/** The segment in `path.packet` reaches a host. */
function arrive(world: World, path: Path, index: number): void {
  const hop = path.hops[index];
  if (hop === undefined || hop.arrival === null) return;
  path.packet.ttl = hop.arrival.ttl;
  const isLast = index === path.hops.length - 1;
  if ((isLast && path.receiver.state === "closed") || !takeHop(world, path, index)) {
    path.holds = false;
    const { device, frame } = hop.arrival;
    resume(world, hop.runtime, device, copyPacket(path.packet), frame);
    return;
  }
  if (isLast) receiveOn(world, path.receiver, path.packet);
  else goOn(world, path, index + 1);
}

/** A host lets the segment in `path.packet` pass; false: it has to be asked again. */
function takeHop(world: World, path: Path, index: number): boolean {
  const hop = path.hops[index];
  const next = path.hops[index + 1];
  const isOther = next !== undefined && next.runtime.host !== next.host;
  if (hop === undefined || !path.holds || isOther || !stands(hop, path.packet)) {
    path.holds = false;
    return false;
  }
  return track(world, hop, path.packet);
}

function track(world: World, { entry, reply, runtime }: Hop, packet: Packet): boolean {
  if (entry === null) return true;
  const { now } = world;
  return isAlive(entry, now) && handlePlainTcp(runtime, packet, entry, reply, now);
}

function isAlive({ status, expires }: Entry, now: number): boolean {
  return (status & IPS_DYING) === 0 && expires > now;
}

/** Nothing has changed on a host that its verdicts rested on. */
function stands(hop: Hop, { src, dst }: Packet): boolean {
  const { runtime, host, neighbour } = hop;
  if (runtime.host !== host || runtime.sets.size !== hop.changedSets || runtime.exceptions !== null) return false;
  if (neighbour !== null && neighbour.replaced === true) return false;
  const changes = runtime.routeChanges.length;
  if (changes === hop.routeChanges) return true;
  if (mayRouteOtherwise(runtime, hop.routeChanges, src) || mayRouteOtherwise(runtime, hop.routeChanges, dst))
    return false;
  hop.routeChanges = changes;
  return true;
}

/** Whether the next segment would pass without anybody being asked. */
export function pathHolds(world: World, path: Path): boolean {
  if (!path.holds) return false;
  const { hops } = path;
  for (let index = 0; index < hops.length; index++) {
    const hop = hops[index];
    if (hop === undefined) continue;
    const { entry } = hop;
    if (!stands(hop, path.packet)) return false;
    if (entry !== null && !(isAlive(entry, world.now) && entry.tcpState === "ESTABLISHED")) return false;
  }
  return true;
}
