import type { Choice, Chooser } from "../linux/chooser.ts";
import { compileHost } from "../linux/compiled-host.ts";
import { loadConntrack, untoldConnections } from "../linux/conntrack/load.ts";
import { receive } from "../linux/forward.ts";
import { type FreeValues, freeValues } from "../linux/free-value.ts";
import { copyLimits, type IcmpLimits, icmpLimits } from "../linux/icmp-limit.ts";
import { type NeighbourWatch, neighbourTable, neighbourWatch } from "../linux/neighbour-table.ts";
import type { Indexing } from "../linux/netfilter/chain-index.ts";
import { emptyMatchStates } from "../linux/netfilter/match-state.ts";
import type { Observer } from "../linux/observer.ts";
import type { Supposition } from "../linux/routing/unknown-route.ts";
import type { HostRuntime, RuleCounters, Services } from "../linux/runtime.ts";
import { skb } from "../linux/skb.ts";
import { transmitFrame } from "../linux/transmit.ts";
import { noteVolatile } from "../linux/walk-record.ts";
import { ASSUMPTION_CODES } from "../model/codes/assumption-codes.ts";
import type { Host } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { advertise, askLink } from "./ask-link.ts";
import { type Assumption, assumptionKey, type Doubt } from "./assumption.ts";
import { becomes } from "./device-events.ts";
import { endJourney } from "./end-journey.ts";
import { type EventQueue, eventQueue, playNext, schedule } from "./event-queue.ts";
import { fabricRoute } from "./fabric-route.ts";
import type { Journey } from "./journey.ts";
import { originate, sendDuplicate, startJourney } from "./originate.ts";
import { type BoundSocket, deliverToSockets, hasConnectedSocket } from "./sockets.ts";
import type { PathNote } from "./tcp/path-note.ts";
import { type TcpStack, tcpStack } from "./tcp/stack.ts";
import { linkOf, macOf, type Topology, topologyOf } from "./topology.ts";
import { reaches, transmit } from "./wire.ts";

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
      return originate(world, runtime, packet, how).error;
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
    fragmentMemory: new Map(),
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
