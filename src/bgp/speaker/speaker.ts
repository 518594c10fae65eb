import { stopListening } from "../../emulator/tcp/open.ts";
import { closeConnection } from "../../emulator/tcp/send.ts";
import { arouse, type World } from "../../emulator/world.ts";
import type { HostRuntime } from "../../linux/runtime.ts";
import { formatAddress, unspecified } from "../../net/address.ts";
import { NO_NEXT_HOP } from "../rib/bgp-attributes.ts";
import { addressKey } from "../rib/route.ts";
import type { RouteList } from "../rib/route-list.ts";
import { type RibListener, routingTable } from "../rib/table.ts";
import { announce } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import {
  type BgpConfiguration,
  identifierOf,
  type ProtocolConfiguration,
  type SpeakerConfiguration,
} from "./configuration.ts";
import { feed } from "./feed.ts";
import { checkNeighbour, disablePeer, limitTimeout, startPeer } from "./instance.ts";
import { announceToKernel, feedKernel, type Kernel, kernel, scanKernel, startKernel, stopKernel } from "./kernel.ts";
import { routeLimits } from "./limits.ts";
import { scanDirect, scanStatic, startDirect, startStatic } from "./local-routes.ts";
import { bgpOwner } from "./owner.ts";
import { NO_ERROR, NOTHING_PENDING, NOTHING_UNCONFIRMED, type Peer, peerConnection } from "./peer.ts";
import type { Timeouts } from "./peer-timer.ts";
import { type Protocol, protocol, setState } from "./protocol.ts";
import { beginRecovery, recovery } from "./recovery.ts";
import { daemonsIn } from "./run-speakers.ts";
import { accept, connectTimeout, holdTimeout, keepaliveTimeout } from "./session.ts";
import { numberingOf } from "./shared-attributes.ts";
import { whenDue } from "./timer.ts";

/** A routing daemon that runs on a host of a World: BIRD as its configuration tells it. */
export interface Speaker extends BgpCore {
  /** In the order of the configuration. */
  readonly protocols: Protocol[];
}

/**
 * Starts a daemon on a host. Its sockets and routes are the host's from now on; the World's clock drives it. `recover`: it is told
 * that there was one before (`bird -R`, as in calico-node's container).
 */
export function startSpeaker(
  world: World,
  runtime: HostRuntime,
  configuration: SpeakerConfiguration,
  recover = false,
): Speaker {
  arouse(world);
  const protocols: Protocol[] = [];
  const kernels: Kernel[] = [];
  const peers: Peer[] = [];
  const speaker: Speaker = {
    world,
    runtime,
    configuration,
    table: routingTable(numberingOf(world), runtime),
    filterErrors: new Map(),
    started: world.now,
    running: true,
    recovery: null,
    twin: null,
    protocols,
    kernels,
    peers,
    neighbours: new Map(),
    audiences: [],
    listener: null,
    listenUsers: 0,
    accept,
    timeouts: TIMEOUTS,
    locks: new Map(),
    sourceIds: new Map(),
    sources: 0,
  };
  const { protocols: items } = configuration;
  for (let order = 0; order < items.length; order++) {
    const item = items[order];
    if (item !== undefined) addProtocol(speaker, item, order);
  }
  joinTwin(speaker);
  const { hear } = RIB_LISTENER;
  const listener: RibListener & OfSpeaker = { hear, speaker };
  speaker.table.listeners.push(listener);
  if (recover) speaker.recovery = recovery(speaker, { ...RESUMPTION, speaker });
  for (const item of protocols) {
    if (item.configuration.disabled) continue;
    speaker.recovery?.taking.add(item);
    startProtocol(speaker, item);
  }
  beginRecovery(speaker);
  daemonsIn(world).push(speaker);
  return speaker;
}

/** Two halves of a BIRD 2 on one host are one daemon: the configuration of each lists the protocols of both. */
function joinTwin(speaker: Speaker): void {
  const { configuration, runtime, world } = speaker;
  if (configuration.release === "1.6") return;
  const twin = daemonsIn(world).find(
    (other) =>
      other.running &&
      other.runtime === runtime &&
      other.twin === null &&
      other.configuration.release === "2" &&
      other.configuration.family !== configuration.family,
  );
  if (twin === undefined) return;
  speaker.twin = twin;
  twin.twin = speaker;
}

const TIMEOUTS: Timeouts = Object.freeze({ retry: connectTimeout, hold: holdTimeout, keepalive: keepaliveTimeout });

interface OfSpeaker {
  readonly speaker: Speaker;
}

const RIB_LISTENER = {
  hear(this: OfSpeaker, number: number, now: RouteList, before: RouteList): void {
    const { speaker } = this;
    for (const item of speaker.kernels) if (item.protocol.state === "up") announceToKernel(speaker, item, number, now);
    announce(speaker, number, now.routes, before.routes);
  },
};

const RESUMPTION = {
  resume(this: OfSpeaker, item: Protocol): void {
    resume(this.speaker, item);
  },
};

function resume(speaker: Speaker, item: Protocol): void {
  const kernel = speaker.kernels.find(({ protocol: own }) => own === item);
  if (kernel !== undefined) feedKernel(speaker, kernel);
  const peer = speaker.peers.find(({ protocol: own }) => own === item);
  if (peer !== undefined) feed(speaker, peer);
}

/** A protocol that its daemon has from now on, and that does nothing yet. */
export function addProtocol(speaker: Speaker, item: ProtocolConfiguration, order: number): Protocol {
  const peer = item.type === "bgp" ? peerOf(speaker, item, order) : null;
  const made = peer?.protocol ?? protocol(item, order, null, speaker.world);
  if (peer !== null) addPeer(speaker, peer);
  if (item.type === "kernel") speaker.kernels.push(kernel(made, item, speaker));
  speaker.protocols.push(made);
  return made;
}

function addPeer({ peers, neighbours }: Speaker, peer: Peer): void {
  peers.push(peer);
  const key = addressKey(peer.configuration.neighbour);
  const known = neighbours.get(key);
  neighbours.set(key, known === undefined ? [peer] : [...known, peer]);
}

/** Its daemon knows the neighbour no more. */
export function removePeer({ peers, neighbours }: Speaker, peer: Peer): void {
  peers.splice(peers.indexOf(peer), 1);
  const key = addressKey(peer.configuration.neighbour);
  neighbours.set(key, neighbours.get(key)?.filter((other) => other !== peer) ?? []);
}

export function startProtocol(speaker: Speaker, item: Protocol): void {
  const { kernels, neighbours } = speaker;
  const { configuration } = item;
  switch (configuration.type) {
    case "device":
      return setState(speaker, item, "up");
    case "direct":
      return startDirect(speaker, item, configuration);
    case "static":
      return startStatic(speaker, item, configuration);
    case "kernel": {
      const found = kernels.find(({ protocol: own }) => own === item);
      if (found !== undefined) startKernel(speaker, found);
      return;
    }
    case "bgp": {
      // of hundreds of neighbours few have one address
      const found = neighbours.get(addressKey(configuration.neighbour))?.find(({ protocol: own }) => own === item);
      // the session is begun where it is
      if (found !== undefined && !configuration.isCarried) startPeer(speaker, found);
      return;
    }
  }
}

function peerOf(core: BgpCore, configuration: BgpConfiguration, order: number): Peer {
  const { world } = core;
  const unset = unspecified(configuration.neighbour.family);
  const internal = configuration.localAs === configuration.remoteAs;
  const exporter = {
    internal,
    localAs: configuration.localAs,
    remoteAs: configuration.remoteAs,
    remoteAddress: configuration.neighbour,
    reflectorClient: configuration.reflectorClient,
    clusterId: configuration.reflectorClient
      ? (configuration.clusterId ?? identifierOf(core.configuration, configuration))
      : 0,
    defaultLocalPref: configuration.defaultLocalPref,
    defaultMed: configuration.defaultMed,
    medMetric: configuration.medMetric,
    preferOlder: configuration.preferOlder,
    deterministicMed: configuration.deterministicMed,
    comparesPathLength: configuration.comparesPathLength,
    comparesIgpMetric: configuration.comparesIgpMetric,
    sourceAddress: configuration.sourceAddress ?? unset,
    nextHopSelf: configuration.nextHopSelf,
    nextHopKeep: configuration.nextHopKeep,
    routeServerClient: configuration.routeServerClient,
    neighbourInterface: null,
    interpretsCommunities: configuration.interpretCommunities,
    takesStale: false,
    nextHop: NO_NEXT_HOP,
  };
  const peer: Peer = {
    protocol: protocol(configuration, order, bgpOwner(exporter, 0), world),
    configuration,
    exporter,
    startState: "prepare",
    startupDelay: 0,
    lastProtocolError: null,
    lastError: NO_ERROR,
    disabled: configuration.disabled,
    outgoing: peerConnection(true),
    incoming: peerConnection(false),
    session: null,
    listens: false,
    sourceAddress: configuration.sourceAddress,
    neighbourInterface: null,
    channel: null,
    addPathSend: false,
    gracefulReady: false,
    restarting: false,
    longLived: false,
    staleTime: null,
    unconfirmed: NOTHING_UNCONFIRMED,
    retryTimer: null,
    startupTimer: null,
    restartTimer: null,
    staleTimer: null,
    pending: NOTHING_PENDING,
    feed: null,
    audience: null,
    cursor: 0,
    pendingEnd: false,
    taker: null,
    flushQueued: false,
    decisionQueued: false,
    timersStarted: 0,
    hash: hashOf(`${core.runtime.host.name} ${formatAddress(configuration.neighbour)} ${configuration.name}`),
  };
  const { protocol: made } = peer;
  made.limits = routeLimits(configuration, core.peers, world);
  if (made.limits !== null) whenDue(made.limits.timer, limitTimeout, [core, peer]);
  return peer;
}

function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash;
}

/** The process is gone (SIGKILL): the kernel closes its sockets, and keeps its routes. */
export function killSpeaker(speaker: Speaker): void {
  arouse(speaker.world);
  speaker.running = false;
  if (speaker.twin !== null) speaker.twin.twin = null;
  speaker.twin = null;
  for (const { incoming, outgoing } of speaker.peers) {
    for (const { socket } of [incoming, outgoing]) if (socket !== null) closeConnection(speaker.world, socket);
  }
  if (speaker.listener !== null) stopListening(speaker.world, speaker.runtime, speaker.listener);
  speaker.listener = null;
}

/**
 * SIGTERM: all neighbours are told, and then the process ends. Kernel protocols are down before what the neighbours told leaves the table, so
 * that with `persist` it stays in the kernel (protos_commit).
 */
export function terminateSpeaker(speaker: Speaker): void {
  for (const item of speaker.kernels) {
    stopKernel(speaker, item);
    setState(speaker, item.protocol, "down");
  }
  for (const peer of speaker.peers) disablePeer(speaker, peer);
  killSpeaker(speaker);
}

/** The host has changed under the daemon: addresses, links, or routes of others (its scans, and what netlink tells). */
export function hostChanged(speaker: Speaker): void {
  // nobody scans
  if (!speaker.running) return;
  arouse(speaker.world);
  for (const item of speaker.protocols) {
    if (item.state !== "up") continue;
    const { configuration } = item;
    if (configuration.type === "direct") scanDirect(speaker, item, configuration);
    else if (configuration.type === "static") scanStatic(speaker, item, configuration);
  }
  for (const item of speaker.kernels) if (item.protocol.state === "up") scanKernel(speaker, item);
  for (const peer of speaker.peers) checkNeighbour(speaker, peer);
}
