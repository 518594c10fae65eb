import { receive, sendLocal, sendToGateway } from "../linux/forward.ts";
import { type Hook, INPUT, PREROUTING } from "../linux/netfilter/verdict.ts";
import type { HostRuntime, PacketKind, SendOptions } from "../linux/runtime.ts";
import { CT_INVALID, CT_NONE, CT_RELATED, CT_UNTRACKED, type Owner, type Skb, skb } from "../linux/skb.ts";
import type { Interface } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import { V6_REDIRECT } from "../net/icmp.ts";
import { copyPacket, type Packet } from "../net/packet.ts";
import { ICMPV6 } from "../net/protocol.ts";
import { cutsExchange } from "./endless-exchange.ts";
import type { Journey } from "./journey.ts";
import { mayConfirm } from "./may-confirm.ts";
import type { Connection } from "./tcp/connection.ts";
import { beginNoting, noteAgain, noteOf } from "./tcp/path-note.ts";
import { arouse, settle, type World } from "./world.ts";

/**
 * A process or the kernel of a host sends a packet, and the way of what a connection sends is noted. Returns its journey; the packet has left
 * when this returns.
 */
export function originate(
  world: World,
  runtime: HostRuntime,
  packet: Packet,
  options: SendOptions,
  sender: Connection | null = null,
): Journey {
  if (world.putOff !== null) arouse(world);
  const journey = startJourney(
    world,
    runtime.host.name,
    packet,
    options.kind,
    options.cause,
    options.fromKernel !== true,
    options.raw === true,
    options.boundInterface ?? null,
    options.mark ?? 0,
  );
  const frame = skb(packet, journey.id);
  frame.mark = options.mark ?? 0;
  frame.owner = options.owner ?? (options.fromKernel === true ? null : ROOT);
  frame.fromKernel = options.fromKernel ?? false;
  frame.socketless = options.socketless ?? false;
  frame.confirms = !frame.fromKernel && mayConfirm(packet);
  frame.ownHeader = options.raw === true;
  frame.carrier = options.device ?? null;
  frame.boundInterface = options.boundInterface ?? null;
  frame.hookSocket = options.hookSocket ?? null;
  packet.id = packet.id === 0 && !packet.df ? runtime.nextId++ & 0xffff : packet.id;
  if (cutsExchange(runtime, frame, journey)) return journey;
  attachToCause(frame, options);
  const note = sender === null ? null : noteOf(world, sender, frame);
  if (note === null) {
    journey.error = sendLocal(runtime, frame, options);
    return journey;
  }
  const before = beginNoting(world, note);
  journey.error = sendLocal(runtime, frame, options);
  noteAgain(world, before);
  return journey;
}

/** Whose a packet is of which nobody says more. */
const ROOT: Owner = { uid: 0, gid: 0 };

export function startJourney(
  world: World,
  host: string,
  packet: Packet,
  kind: PacketKind,
  cause: Skb | null,
  local = false,
  raw = false,
  boundInterface: string | null = null,
  mark = 0,
): Journey {
  const journey: Journey = {
    id: world.forgetful ? world.sent % REMEMBERED : world.journeys.length,
    kind,
    cause: cause === null ? -1 : cause.journey,
    host,
    local,
    raw,
    boundInterface,
    mark,
    packet,
    error: null,
    end: null,
  };
  world.sent++;
  world.journeys[journey.id] = journey;
  return journey;
}

/** Journeys that a forgetful World keeps: more than are under way at once. */
const REMEMBERED = 8192;

/**
 * nf_ct_attach(): errors and resets of the kernel belong to the connection of the packet they answer. Of one that is not tracked they have
 * that they were seen: `-j CT` leaves them alone, and they are tracked.
 */
function attachToCause(frame: Skb, options: SendOptions): void {
  const { cause } = options;
  if (cause === null || (options.kind !== "icmp" && options.kind !== "tcp-reset")) return;
  if (options.kind === "tcp-reset" && cause.rejected === false) return;
  // Only errors: an answer to a timestamp request is a packet of its own, and so is a redirect of IPv6 (ndisc).
  const { inner, protocol, icmpType } = frame.packet;
  if (options.kind === "icmp" && (inner === null || (protocol === ICMPV6 && icmpType === V6_REDIRECT))) return;
  if (cause.connection === null) {
    if (cause.ctState !== CT_UNTRACKED) return;
    frame.ctState = CT_INVALID;
    frame.attached = true;
    return;
  }
  frame.connection = cause.connection;
  frame.ctReply = !cause.ctReply;
  frame.ctState = cause.ctState === CT_NONE ? CT_NONE : CT_RELATED;
}

/**
 * nf_dup_ipv4(), nf_dup_ipv6() (net/ipv4/netfilter/nf_dup_ipv4.c): the copy may not be fragmented, and loses one hop where a
 * copy of a copy could come back. It keeps the mark and whom its frame was for, and no connection tracks it.
 */
export function sendDuplicate(
  world: World,
  runtime: HostRuntime,
  original: Skb,
  hook: Hook,
  gateway: Address,
  output: string | null,
): void {
  const packet = copyPacket(original.packet);
  if (packet.src.family === 4) packet.df = true;
  if (hook === PREROUTING || hook === INPUT) packet.ttl = (packet.ttl - 1) & 0xff;
  const journey = startJourney(world, runtime.host.name, packet, "copy", original);
  const frame = skb(packet, journey.id);
  frame.mark = original.mark;
  frame.confirms = original.confirms;
  frame.packetType = original.packetType;
  frame.checksumValid = original.checksumValid;
  frame.summed = original.summed;
  frame.ctState = CT_UNTRACKED;
  frame.copiedFrom = original.input;
  frame.ownHeader = original.ownHeader;
  frame.carried = original.carried;
  frame.bridged = original.bridged === null ? null : { ...original.bridged };
  if (cutsExchange(runtime, frame, journey)) return;
  runtime.duplicated = original;
  sendToGateway(runtime, frame, gateway, output);
  runtime.duplicated = null;
  // nf_dup_ipv4(): where a process sends, local_bh_enable() has all done that the copy causes before its packet goes on.
  if (original.input === null && !original.fromKernel) settle(world, world.now);
}

/** A packet that took a remembered way goes on as any other does, since the rest of that way holds no more. */
export function resume(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  packet: Packet,
  frame: Pick<Skb, "sourceMac" | "destinationMac" | "packetType" | "vlan">,
): void {
  const journey = startJourney(world, runtime.host.name, packet, packet.payloadLength > 0 ? "data" : "ack", null, true);
  receive(runtime, device, Object.assign(skb(packet, journey.id), frame));
}
