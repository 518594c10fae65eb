import type { Choice, Chooser } from "../linux/chooser.ts";
import { compileHost } from "../linux/compiled-host.ts";
import { loadConntrack, untoldConnections } from "../linux/conntrack/load.ts";
import { drop } from "../linux/endings.ts";
import { receive, sendLocal, sendToGateway } from "../linux/forward.ts";
import { type FreeValues, freeValues } from "../linux/free-value.ts";
import { copyLimits, type IcmpLimits, icmpLimits } from "../linux/icmp-limit.ts";
import { type NeighbourWatch, neighbourTable, neighbourWatch } from "../linux/neighbour-table.ts";
import type { Indexing } from "../linux/netfilter/chain-index.ts";
import { emptyMatchStates } from "../linux/netfilter/match-state.ts";
import { type Hook, INPUT, PREROUTING } from "../linux/netfilter/verdict.ts";
import type { Observer } from "../linux/observer.ts";
import type { Supposition } from "../linux/routing/unknown-route.ts";
import type { Ending, HostRuntime, PacketKind, RuleCounters, SendOptions, Services } from "../linux/runtime.ts";
import { CT_INVALID, CT_NONE, CT_RELATED, CT_UNTRACKED, type Owner, type Skb, skb } from "../linux/skb.ts";
import { transmitFrame } from "../linux/transmit.ts";
import { noteVolatile } from "../linux/walk-record.ts";
import { ASSUMPTION_CODES, type AssumptionCode, type AssumptionPart } from "../model/codes/assumption-codes.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Network } from "../model/network.ts";
import type { Address } from "../net/address.ts";
import { V6_REDIRECT } from "../net/icmp.ts";
import { copyPacket, type Packet } from "../net/packet.ts";
import { ICMP, ICMPV6, TCP } from "../net/protocol.ts";
import { SYN } from "../net/tcp-flags.ts";
import { advertise, askLink } from "./ask-link.ts";
import { becomes } from "./device-events.ts";
import { type EventQueue, eventQueue, playNext, schedule } from "./event-queue.ts";
import { fabricRoute } from "./fabric-route.ts";
import type { Journey } from "./journey.ts";
import { mayConfirm } from "./may-confirm.ts";
import { answerFromOutside } from "./outside.ts";
import { sctpKind } from "./sctp.ts";
import { type BoundSocket, deliverToSockets, hasConnectedSocket } from "./sockets.ts";
import type { Connection } from "./tcp/connection.ts";
import { beginNoting, noteAgain, noteOf, type PathNote } from "./tcp/path-note.ts";
import { type TcpStack, tcpStack } from "./tcp/stack.ts";
import { linkOf, macOf, others, type Topology, topologyOf } from "./topology.ts";
import { frameType, reaches, transmit } from "./wire.ts";

/** An assumption that an answer rests on. */
export interface Assumption {
  readonly host: string;
  readonly code: AssumptionCode;
  readonly part: AssumptionPart;
  readonly detail: string;
  /** In how many other ways the walk can go on where it does not hold; 0: nobody can tell what then happens. */
  readonly otherwise: number;
}

/** An assumption that is taken not to hold, and which of the other ways it is instead, from 1. */
export interface Doubt {
  readonly assumption: Assumption;
  readonly way: number;
}

/** What tells assumptions apart. */
export function assumptionKey({ host, part, detail }: Pick<Assumption, "host" | "part" | "detail">): string {
  return `${host} ${part} ${detail}`;
}

/**
 * A Network, the runtime state of its hosts, and the time. Hosts come to life when a packet reaches them. One World is
 * one branch: the same Network and the same answers of the chooser give the same events.
 */
export interface World {
  network: Network;
  topology: Topology;
  readonly services: Services;
  readonly observer: Observer | null;
  readonly hosts: Map<string, HostRuntime>;
  readonly neighbourWatch: NeighbourWatch;
  /** Hosts that somebody has changed (`changeHost`). */
  readonly changed: Set<string>;
  queue: EventQueue;
  readonly journeys: Journey[];
  readonly assumptions: Map<string, Assumption>;
  readonly sockets: Map<string, BoundSocket[]>;
  readonly tcp: TcpStack;
  /** Virtual seconds since collection. */
  now: number;
  /** A frame without a journey went to machines that nobody dumped. */
  escaped: boolean;
  /** Whether receivers answer. */
  answers: boolean;
  readonly counters: ((host: string) => RuleCounters) | null;
  /** Dumped runtime state (conntrack) is ignored. */
  readonly empty: boolean;
  readonly supposition: Supposition | null;
  readonly indexing: Indexing;
  readonly limits: ReadonlyMap<string, IcmpLimits> | null;
  /** Journeys are for the moment only: the place of an old one is taken by a new one. */
  readonly forgetful: boolean;
  /** How many packets were sent. */
  sent: number;
  /** The way of the packet in hand, while it is noted for later ones; `undefined`: ways are not remembered in this World. */
  noting: PathNote | null | undefined;
  /** What has happened since, and is played only when somebody looks (`arouse`); null: all that there was to play was played. */
  putOff: PutOff | null;
  /** What it was made with. */
  readonly options: WorldOptions;
}

/** Idleness that was not played yet: for whoever changes nothing and waits, it need not be. */
export interface PutOff {
  /** When an event is due that is no part of it; null: never. */
  readonly next: number | null;
  /** How many events the queue had ever seen when it began. */
  readonly sequence: number;
  /** Plays it to a virtual time, at which another thing happens (`isOpen`) or not. */
  play(end: number, isOpen: boolean): void;
}

/** All that was put off is played: to be called before anything of a World is read or changed that keepalives could touch. */
export function arouse(world: World): void {
  const { putOff, now } = world;
  world.putOff = null;
  if (putOff !== null) putOff.play(now, false);
}

export interface WorldOptions {
  readonly choose: Chooser;
  readonly observer?: Observer | null;
  readonly answers?: boolean;
  readonly empty?: boolean;
  readonly counters?: ((host: string) => RuleCounters) | null;
  readonly now?: number;
  readonly supposition?: Supposition | null;
  /** Which chains are looked up in an index instead of walked; the answers are the same. */
  readonly indexing?: Indexing;
  readonly doubt?: Doubt | null;
  /** What hosts have sent of ICMP lately; null: nothing. */
  readonly limits?: ReadonlyMap<string, IcmpLimits> | null;
  /** For Worlds that run for long: nobody asks later what became of each packet. */
  readonly forgetful?: boolean;
  /** False: each segment of a connection is walked through its hosts, also where the verdicts are known. */
  readonly remembersPaths?: boolean;
}

export function createWorld(network: Network, options: WorldOptions): World {
  const values: FreeValues = freeValues();
  const observer = options.observer ?? null;
  const current: Services["current"] = { runtime: null, skb: null };
  const doubt = options.doubt ?? null;
  const doubted = doubt === null ? null : assumptionKey(doubt.assumption);
  const services: Services = {
    current,
    now: () => world.now,
    wallClock: () => (network.collectedAt === undefined ? null : network.collectedAt + world.now),
    choose: (choice: Choice) => {
      noteVolatile();
      const taken = options.choose(choice);
      if (observer !== null) observer.step({ kind: "choice", ...current, choice, taken });
      return taken;
    },
    freeValues: values,
    assume: (runtime, code, detail, otherwise = 0) => {
      const { part } = ASSUMPTION_CODES[code];
      const assumption: Assumption = { host: runtime.host.name, code, part, detail, otherwise };
      const key = assumptionKey(assumption);
      if (!world.assumptions.has(key)) world.assumptions.set(key, assumption);
      return doubt !== null && key === doubted ? doubt.way : 0;
    },
    transmit: (runtime, device, frame) => transmit(world, runtime, device, frame),
    reaches: (runtime, port, mac) => reaches(world, runtime, port, mac),
    isJoined: (runtime, device) => linkOf(world.topology, runtime.host.name, device.name) !== null,
    macOf: (runtime, device) => macOf(runtime.host.name, device),
    receiveLater: (runtime, device, frame) => {
      noteVolatile();
      schedule(world.queue, world.now, receive, [runtime, device, frame]);
    },
    resolve: (runtime, device, nextHop, sender, mac) => askLink(world, runtime, device, nextHop, sender, mac ?? null),
    advertise: (runtime, device, address) => advertise(world, runtime, device, address),
    fabricRoute: (runtime, device, destination) => fabricRoute(world, runtime, device, destination),
    after: (seconds, action, on) => schedule(world.queue, world.now + seconds, action, on),
    sendFrame: (runtime, packet, how) => {
      noteVolatile();
      const journey = startJourney(world, runtime.host.name, packet, how.kind, how.cause);
      const frame = skb(packet, journey.id);
      frame.fromKernel = true;
      frame.sourceMac = how.sourceMac;
      frame.destinationMac = how.destinationMac;
      transmitFrame(runtime, how.device, frame);
    },
    send: (runtime, packet, how) => {
      noteVolatile();
      return send(world, runtime, packet, how);
    },
    copy: (runtime, original, hook, gateway, output) => {
      noteVolatile();
      sendDuplicate(world, runtime, original, hook, gateway, output);
    },
    isConnected: (runtime, packet) => {
      noteVolatile();
      return hasConnectedSocket(world, runtime, packet);
    },
    deliver: (runtime, frame) => deliverToSockets(world, runtime, frame),
    end: (runtime, frame, ending) => endJourney(world, runtime, frame, ending, false),
    hold: (runtime, frame, ending) => endJourney(world, runtime, frame, ending, true),
  };
  const world: World = {
    network,
    topology: topologyOf(network),
    services,
    observer,
    hosts: new Map(),
    neighbourWatch: neighbourWatch(),
    changed: new Set(),
    queue: eventQueue(),
    journeys: [],
    assumptions: new Map(),
    sockets: new Map(),
    tcp: tcpStack(),
    now: options.now ?? 0,
    escaped: false,
    answers: options.answers ?? true,
    counters: options.counters ?? null,
    empty: options.empty ?? false,
    supposition: options.supposition ?? null,
    indexing: options.indexing ?? "adaptive",
    limits: options.limits ?? null,
    forgetful: options.forgetful ?? false,
    sent: 0,
    noting: remembersPaths(options) ? null : undefined,
    putOff: null,
    options,
  };
  if (world.forgetful) loosenTimes(world);
  return world;
}

/**
 * Makes V8 hand out the times as they are, in all Worlds: fields that ever held what is no number. Of those that held numbers alone, not all of
 * them whole, code that is not optimized yet makes a copy each time that it reads them.
 */
function loosenTimes(world: World): void {
  const { now, queue } = world;
  const { current } = queue;
  Reflect.set(world, "now", null);
  Reflect.set(queue, "current", null);
  world.now = now;
  queue.current = current;
}

/** Only where nobody looks at single packets. */
function remembersPaths({ forgetful, remembersPaths: wanted, observer, counters, supposition }: WorldOptions): boolean {
  return forgetful === true && wanted !== false && !observer && !counters && !supposition;
}

/** The living state of a host; null when the Network has none of that name. */
export function runtimeOf(world: World, name: string): HostRuntime | null {
  if (world.putOff !== null) arouse(world);
  const known = world.hosts.get(name);
  if (known !== undefined) return known;
  const host = world.network.hosts.get(name);
  if (host === undefined) return null;
  const conntrack = loadConntrack(host, world.empty ? [] : host.conntrack, world.now);
  if (!world.empty) conntrack.untold = untoldConnections(host);
  const runtime: HostRuntime = {
    host,
    compiled: compileHost(host),
    routeChanges: [],
    services: world.services,
    observer: world.observer,
    counters: world.counters === null ? null : world.counters(name),
    conntrack,
    supposition: world.supposition,
    sets: new Map(),
    neighbours: neighbourTable(host, world.neighbourWatch, !world.forgetful),
    unanswered: new Map(),
    proxied: new Map(),
    asking: [],
    matchStates: emptyMatchStates(),
    indexing: world.indexing,
    noted: new Map(),
    multipathHashes: new Map(),
    unknownOutputs: new Map(),
    tunnelPorts: new Map(),
    vtepOf: new Map(),
    bridges: new Map(),
    fragments: new Map(),
    exceptions: null,
    icmpLimits: copyLimits(world.limits?.get(name) ?? icmpLimits()),
    nextId: 1,
    duplicated: null,
  };
  world.hosts.set(name, runtime);
  return runtime;
}

/**
 * Somebody changes a host while the World runs: rules, addresses, interfaces, routes. What packets left behind stays: connections,
 * neighbours, counters of rules that are still there.
 */
export function changeHost(world: World, name: string, host: Host): void {
  const runtime = runtimeOf(world, name);
  world.network = { ...world.network, hosts: new Map(world.network.hosts).set(name, host) };
  if (runtime === null) return;
  world.changed.add(name);
  becomes(runtime, host);
}

/** Runs until nothing is left to happen, or `until` (virtual seconds) is reached. */
export function settle(world: World, until = Number.POSITIVE_INFINITY): void {
  if (world.putOff !== null) arouse(world);
  while (playNext(world.queue, until, world));
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

function startJourney(
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

/** More packets than any probe provokes: an exchange that never ends, which is cut here and said. */
const JOURNEY_LIMIT = 10_000;

/** Whose a packet is of which nobody says more. */
const ROOT: Owner = { uid: 0, gid: 0 };

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
  packet.id = packet.id === 0 && !packet.df ? runtime.nextId++ & 0xffff : packet.id;
  if (journey.id >= JOURNEY_LIMIT) {
    drop(runtime, frame, null, null, `after ${JOURNEY_LIMIT} packets: the exchange never ends`);
    return journey;
  }
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

/**
 * nf_dup_ipv4(), nf_dup_ipv6() (net/ipv4/netfilter/nf_dup_ipv4.c): the copy may not be fragmented, and loses one hop where a
 * copy of a copy could come back. It keeps the mark, and no connection tracks it.
 */
function sendDuplicate(
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
  frame.ctState = CT_UNTRACKED;
  frame.copiedFrom = original.input;
  frame.ownHeader = original.ownHeader;
  if (journey.id >= JOURNEY_LIMIT) {
    drop(runtime, frame, null, null, `after ${JOURNEY_LIMIT} packets: the exchange never ends`);
    return;
  }
  runtime.duplicated = original;
  sendToGateway(runtime, frame, gateway, output);
  runtime.duplicated = null;
  // nf_dup_ipv4(): where a process sends, local_bh_enable() has all done that the copy causes before its packet goes on.
  if (original.input === null && !original.fromKernel) settle(world, world.now);
}

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

function send(world: World, runtime: HostRuntime, packet: Packet, options: SendOptions): string | null {
  return originate(world, runtime, packet, options).error;
}

/** A frame arrives on an interface of a host, as from the wire. */
export function inject(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  packet: Packet,
  frame: { readonly sourceMac: string; readonly destinationMac: string | null; readonly mark: number },
): Journey {
  if (world.putOff !== null) arouse(world);
  const journey = startJourney(world, runtime.host.name, packet, "request", null);
  const item = skb(packet, journey.id);
  item.mark = frame.mark;
  item.sourceMac = frame.sourceMac === "" ? onlyNeighbourMac(world, runtime.host.name, device.name) : frame.sourceMac;
  item.destinationMac = frame.destinationMac ?? device.mac ?? "";
  item.packetType = frameType(runtime.host.name, device, item.destinationMac);
  item.confirms = device.kind === "veth" && mayConfirm(packet);
  receive(runtime, device, item);
  return journey;
}

/** On a link of two the frame can only have come from the other end; empty elsewhere. */
function onlyNeighbourMac(world: World, host: string, device: string): string {
  const link = linkOf(world.topology, host, device);
  if (link === null || !link.closed || link.members.length !== 2) return "";
  for (const member of others(link, host, device)) {
    return world.network.hosts.get(member.host)?.interfaces.get(member.interface)?.mac ?? "";
  }
  return "";
}

/**
 * Copies of a flooded frame share one journey. It ended where a copy was delivered, else where the first one died that was
 * for somebody.
 */
function outranks(ending: Ending, earlier: Ending): boolean {
  const rank = ({ outcome, reason }: Ending): number => (outcome === "delivered" ? 2 : reason === "OTHERHOST" ? 0 : 1);
  return rank(ending) > rank(earlier);
}

/** `held`: the end of a fragment that waits for the others, which holds until something else becomes of it. */
function endJourney(world: World, runtime: HostRuntime, frame: Skb, ending: Ending, held: boolean): void {
  const journey = world.journeys[frame.journey];
  if (journey === undefined) {
    if (ending.outcome === "left") world.escaped = true;
    return;
  }
  if (journey.end !== null && !journey.end.held && !outranks(ending, journey.end.ending)) return;
  // where nobody asks later, the end of the only copy is of no use
  if (world.forgetful && ending.outcome === "delivered" && frame.copies === null && frame.pieceOf === null) return;
  const outgoing =
    ending.outcome === "left" ||
    ending.outcome === "unresolved" ||
    ending.hook === "POSTROUTING" ||
    ending.hook === "OUTPUT";
  const device = outgoing ? (frame.output ?? frame.input) : (frame.input ?? frame.output);
  journey.end = {
    ending,
    host: runtime.host.name,
    interface: device?.name ?? null,
    packet: held ? copyPacket(frame.packet) : frame.packet,
    chain: ending.byRule ? frame.verdictChain : null,
    rule: frame.verdictRule,
    held,
  };
  if (ending.outcome === "left" && world.answers && device !== null) {
    const answer = answerFromOutside(world, runtime, device, frame, ending.nextHop);
    if (answer !== null) schedule(world.queue, world.now, returnFromOutside, [world, runtime, device, answer, frame]);
  }
}

/** The answer of a machine that nobody dumped comes in where the question went out. */
function returnFromOutside(world: World, runtime: HostRuntime, device: Interface, packet: Packet, cause: Skb): void {
  const kind = kindOfAnswer(packet);
  const journey = startJourney(world, runtime.host.name, packet, kind, cause);
  const item = skb(packet, journey.id);
  item.destinationMac = macOf(runtime.host.name, device);
  item.confirms = device.kind === "veth" && mayConfirm(packet);
  receive(runtime, device, item);
}

function kindOfAnswer(packet: Packet): PacketKind {
  if (packet.sctp !== null) return sctpKind(packet.sctp);
  if (packet.protocol === TCP && (packet.flags & SYN) !== 0) return "syn-ack";
  return isEcho(packet) ? "echo-reply" : "data";
}

function isEcho(packet: Packet): boolean {
  return packet.protocol === ICMP || packet.protocol === ICMPV6;
}
