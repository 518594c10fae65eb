import { isUnmoved, sleepsThrough } from "../linux/arp-bystander.ts";
import { drop } from "../linux/endings.ts";
import { BROADCAST_MAC, isGroupMac } from "../linux/ethernet.ts";
import { receive } from "../linux/forward.ts";
import { addressHash } from "../linux/neighbour-index.ts";
import { remembered } from "../linux/remembered.ts";
import { type HostRuntime, leaving } from "../linux/runtime.ts";
import { type ArpMessage, CT_NONE, copySkb, type Skb } from "../linux/skb.ts";
import { FRAME_ALLOWANCE } from "../linux/transmit.ts";
import { noteVolatile } from "../linux/walk-record.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Link } from "../model/link.ts";
import type { Network } from "../model/network.ts";
import { packetLength } from "../net/packet.ts";
import { type Crowd, concernedBy, crowdOf, type Neighbour } from "./crowd.ts";
import { schedule } from "./event-queue.ts";
import { refusedByReceiver, refusedBySender } from "./link-drops.ts";
import { isLostOnCard } from "./shared-card.ts";
import { beginNoting, noteAgain, noteArrival, noteHost, noteLimit, type PathNote } from "./tcp/path-note.ts";
import { linkOf, macOf, others } from "./topology.ts";
import { runtimeOf, type World } from "./world.ts";

/** A device that a frame can arrive on. */
export interface Receiver {
  readonly runtime: HostRuntime;
  readonly device: Interface;
}

/**
 * dev_hard_start_xmit() and the wire. A link of two takes every frame to the other end; a segment is a switch that knows
 * where each member's MAC address is and sends what it does not know to all. False where the other end of a veth pair
 * refuses the frame (NET_XMIT_DROP of veth_xmit()); what is lost further away nobody hears of.
 */
export function transmit(world: World, runtime: HostRuntime, device: Interface, frame: Skb): boolean {
  const link = linkOf(world.topology, runtime.host.name, device.name);
  if (link === null) {
    leave(world, runtime, frame, unjoined(device));
    return true;
  }
  if (link.mtu !== null && frame.arp === null && packetLength(frame.packet) > link.mtu) {
    drop(runtime, frame, null, null, `larger than the MTU ${link.mtu} of ${link.name}: lost on the wire`);
    return true;
  }
  const refused = frame.arp === null ? refusedBySender(world, link, runtime, device, frame.packet) : null;
  if (refused !== null) {
    drop(runtime, frame, null, null, refused);
    return true;
  }
  if (frame.arp === null && isLost(world, link)) {
    drop(runtime, frame, null, null, `lost on ${link.name}`);
    return true;
  }
  const receivers = receiversOf(world, runtime, device, frame, link);
  const first = receivers[0];
  if (first === undefined || (!link.closed && frame.arp !== null && isGroupMac(frame.destinationMac))) {
    if (!link.closed) {
      leave(
        world,
        runtime,
        frame,
        isGroupMac(frame.destinationMac)
          ? "a broadcast to machines that were not dumped"
          : `nobody who was dumped has ${frame.destinationMac} on ${link.name}`,
      );
    } else if (first === undefined && frame.arp === null)
      drop(runtime, frame, null, null, `nobody else is on ${link.name}`);
  }
  if (link.mtu !== null && world.noting?.skb === frame) noteLimit(world.noting, link.mtu);
  let taken = true;
  if (receivers.length !== 1) noteVolatile();
  for (let index = 0; index < receivers.length; index++) {
    const receiver = receivers[index];
    if (receiver === undefined) continue;
    const copy = index === receivers.length - 1 ? frame : copySkb(frame);
    if (copy === null) continue;
    const lost = copy.arp === null ? refusedByReceiver(world, link, receiver, copy.packet) : null;
    if (lost === null && copy.arp === null && isLostOnCard(world, runtime, device, receiver, copy)) continue;
    if (lost === null) taken = handOver(world, runtime, receiver, copy);
    else drop(runtime, copy, null, null, lost);
  }
  return taken || device.kind !== "veth" || link.members.length > 2;
}

/** Written once for each device, since every packet that leaves by it is told so. */
const unjoined = remembered(({ name }: Interface): string => `${name} is joined to nothing that was dumped`);

/** A frame goes to machines that nobody dumped. */
function leave(world: World, runtime: HostRuntime, frame: Skb, text: string): void {
  const nextHop = frame.route?.kind === "unicast" ? frame.route.nextHop : frame.packet.dst;
  world.services.end(runtime, frame, leaving(nextHop, text));
}

/** Whether chance, or a link that loses everything, takes a packet. */
function isLost(world: World, { name }: Link): boolean {
  const loss = world.network.losses?.get(name);
  if (loss === undefined) return false;
  noteVolatile();
  if (loss.share >= 1) return true;
  const taken = world.services.choose({
    kind: "random",
    variable: `loss on ${name}`,
    question: `does ${name} lose the packet?`,
    alternatives: [
      { label: "it is carried", probability: 1 - loss.share },
      { label: "it is lost", probability: loss.share },
    ],
  });
  return taken === 1;
}

function receiversOf(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  frame: Skb,
  link: Link,
): readonly Receiver[] {
  const { destinationMac, arp } = frame;
  const crowd = crowdOf(world.network, link);
  if (crowd !== null) {
    if (isGroupMac(destinationMac) && arp !== null && frame.vlan === 0) {
      const concerned = askedOf(world, crowd, arp);
      if (concerned !== null) return awake(world, arp, true, concerned, runtime, device);
    }
    const isProven = crowd.isFlat || crowd.proven.has(destinationMac);
    const only = isGroupMac(destinationMac) || !isProven ? undefined : crowd.byMac.get(destinationMac);
    if (only != null && !isSame(only, runtime, device)) {
      const receiver = awakened(world, frame.vlan === 0 ? arp : null, false, only);
      return receiver === null ? NOBODY : [receiver];
    }
  }
  const all = crowd === null ? neighboursOn(world.network, link) : crowd.members;
  const toAll = isGroupMac(destinationMac);
  const told = frame.vlan === 0 ? arp : null;
  if (toAll || (link.closed && isPair(all, runtime, device))) return awake(world, told, toAll, all, runtime, device);
  const owner = ownerOf(world, all, runtime, device, destinationMac);
  if (owner !== null) {
    if (crowd?.byMac.get(destinationMac) === owner) crowd.proven.add(destinationMac);
    return awake(world, told, false, [owner], runtime, device);
  }
  // A switch sends nothing back out of the port that it came in by, where it has learnt the sender to be.
  if (!link.closed || destinationMac === macOf(runtime.host.name, device)) return NOBODY;
  return awake(world, told, false, all, runtime, device);
}

/** Whether there is exactly one beside the device. */
function isPair(all: readonly Neighbour[], runtime: HostRuntime, device: Interface): boolean {
  let beside = 0;
  for (let index = 0; index < all.length; index++) {
    const one = all[index];
    if (one !== undefined && !isSame(one, runtime, device)) beside++;
  }
  return beside === 1;
}

/** The first beside the device that takes frames for the MAC address. */
function ownerOf(
  world: World,
  all: readonly Neighbour[],
  runtime: HostRuntime,
  device: Interface,
  mac: string,
): Neighbour | null {
  for (let index = 0; index < all.length; index++) {
    const one = all[index];
    if (one !== undefined && !isSame(one, runtime, device) && takes(world, one.host, one.device, mac)) return one;
  }
  return null;
}

/** Hosts that live and may not sleep through a question, beside those that it is for: nobody told how they are, or what they wait for. */
function mindful(
  { hosts, forgetful, changed, neighbourWatch: { macs, unsettled } }: World,
  { sender, senderMac }: ArpMessage,
): Iterable<string> {
  const known = macs.get(addressHash(sender));
  const isAsTheyKnow = known === undefined || known === senderMac;
  if (!forgetful || !isAsTheyKnow) return hosts.keys();
  return changed.size === 0 ? unsettled : [...changed, ...unsettled];
}

const neighboursByLink = remembered((_network: Network) => new Map<Link, readonly Neighbour[]>());

function neighboursOn(network: Network, link: Link): readonly Neighbour[] {
  const links = neighboursByLink(network);
  const known = links.get(link);
  if (known !== undefined) return known;
  const found = link.members.flatMap((member): readonly Neighbour[] => {
    const host = network.hosts.get(member.host);
    const device = host?.interfaces.get(member.interface);
    return host === undefined || device === undefined ? [] : [{ host, device }];
  });
  links.set(link, found);
  return found;
}

/** Members that a question of ARP to all may concern, before anybody has looked closer (`awake`); null: all of them. */
export function askedOf(world: World, crowd: Crowd, question: ArpMessage): readonly Neighbour[] | null {
  return concernedBy(crowd, question, mindful(world, question));
}

/** Brings the hosts to life, but for the sender and those on which the frame has no effect (`sleepsThrough`). */
export function awake(
  world: World,
  arp: ArpMessage | null,
  toAll: boolean,
  neighbours: readonly Neighbour[],
  runtime: HostRuntime,
  device: Interface,
): readonly Receiver[] {
  let receivers: Receiver[] | null = null;
  for (let index = 0; index < neighbours.length; index++) {
    const neighbour = neighbours[index];
    if (neighbour === undefined || isSame(neighbour, runtime, device)) continue;
    const receiver = awakened(world, arp, toAll, neighbour);
    if (receiver === null) continue;
    // Mostly it is the only one, which a list that grows would make room for many with.
    if (receivers === null) receivers = [receiver];
    else receivers.push(receiver);
  }
  return receivers ?? NOBODY;
}

/** Whether it is the device of this host. */
function isSame({ host, device: one }: Neighbour, runtime: HostRuntime, device: Interface): boolean {
  return host.name === runtime.host.name && one.name === device.name;
}

const NOBODY: readonly Receiver[] = [];

function awakened(world: World, arp: ArpMessage | null, toAll: boolean, { host, device }: Neighbour): Receiver | null {
  if (arp !== null && !world.hosts.has(host.name) && sleepsThrough(host, device, arp)) return null;
  const runtime = runtimeOf(world, host.name);
  if (runtime === null) return null;
  if (world.forgetful && arp !== null && toAll && isUnmoved(runtime, device, arp)) return null;
  return { runtime, device };
}

/** Whether a device has the MAC address, or is a port of a bridge behind which somebody has it. */
function takes(world: World, host: Host, device: Interface, mac: string): boolean {
  if (macOf(host.name, device) === mac) return true;
  if (device.master === null) return false;
  const runtime = runtimeOf(world, host.name);
  return runtime !== null && bridgeHasMac(world, runtime, device, mac);
}

function bridgeHasMac(world: World, runtime: HostRuntime, port: Interface, mac: string): boolean {
  const bridge = port.master === null ? undefined : runtime.host.interfaces.get(port.master);
  if (bridge === undefined || bridge.kind !== "bridge") return false;
  if (macOf(runtime.host.name, bridge) === mac) return true;
  const ports = runtime.compiled.bridgePorts.get(bridge.name) ?? [];
  return ports.some((other) => other !== port && reaches(world, runtime, other, mac));
}

/** Whether somebody on the link of a bridge port has the MAC address. */
export function reaches(world: World, runtime: HostRuntime, port: Interface, mac: string): boolean {
  const link = linkOf(world.topology, runtime.host.name, port.name);
  if (link === null) return false;
  for (const member of others(link, runtime.host.name, port.name)) {
    const host = world.network.hosts.get(member.host);
    const device = host?.interfaces.get(member.interface);
    if (host !== undefined && device !== undefined && takes(world, host, device, mac)) return true;
  }
  return false;
}

/**
 * What a frame keeps on its way into another namespace: the packet, and nothing that the sender's kernel knew. The receiver's
 * own MTU limits what it takes: false if it refuses.
 */
function handOver(world: World, sender: HostRuntime, { runtime, device }: Receiver, frame: Skb): boolean {
  if (!device.up) {
    drop(sender, frame, null, null, `${device.name} of ${runtime.host.name}, at the other end, is down`);
    return false;
  }
  if (!device.carrier) {
    drop(sender, frame, null, null, `${device.name} of ${runtime.host.name}, at the other end, has no carrier`);
    return false;
  }
  if (frame.arp === null && packetLength(frame.packet) > device.mtu + FRAME_ALLOWANCE) {
    const text = `larger than the MTU ${device.mtu} of ${device.name} of ${runtime.host.name}: lost on the wire`;
    drop(sender, frame, null, null, text);
    return false;
  }
  if (world.noting?.skb === frame) noteHost(world.noting, sender);
  const staysOnMachine = frame.output?.kind === "veth" && device.kind === "veth";
  frame.confirms &&= staysOnMachine;
  frame.checksumValid &&= staysOnMachine;
  frame.summed = false;
  frame.transparent = false;
  frame.mark = 0;
  frame.connection = null;
  frame.ctState = CT_NONE;
  frame.ctReply = false;
  frame.attached = false;
  frame.route = null;
  frame.output = null;
  frame.owner = null;
  frame.fromKernel = false;
  frame.socketless = false;
  frame.carrier = null;
  frame.ownHeader = false;
  frame.boundInterface = null;
  frame.loopedBack = false;
  frame.reassembled = null;
  frame.appendedFor = 0;
  frame.bridged = null;
  frame.packetType = frameType(runtime.host.name, device, frame.destinationMac);
  const note = world.noting?.skb === frame ? world.noting : null;
  if (note === null) schedule(world.queue, world.now, receive, [runtime, device, frame]);
  else {
    noteArrival(note, runtime, device);
    schedule(world.queue, world.now, receiveNoting, [world, note, runtime, device, frame]);
  }
  return true;
}

function receiveNoting(world: World, note: PathNote, runtime: HostRuntime, device: Interface, frame: Skb): void {
  const before = beginNoting(world, note);
  receive(runtime, device, frame);
  noteAgain(world, before);
}

/** eth_type_trans(): whom a frame is for, seen from the device that it arrives on. */
export function frameType(host: string, device: Interface, mac: string): Skb["packetType"] {
  if (mac === BROADCAST_MAC) return "broadcast";
  if (mac === "" || mac === macOf(host, device)) return "host";
  return isGroupMac(mac) ? "multicast" : "otherhost";
}
