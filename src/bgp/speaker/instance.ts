import { schedule } from "../../emulator/event-queue.ts";
import { closeConnection } from "../../emulator/tcp/send.ts";
import { arouse } from "../../emulator/world.ts";
import { formatAddress } from "../../net/address.ts";
import { findNeighbour, mayBeNeighbour } from "../filter/find-neighbour.ts";
import { CEASE, describeNotification } from "../messages/notification-text.ts";
import { addressKey, type PrefixKey } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import { type Channel, carriedBy, carrierOf, channelsOf } from "./channels.ts";
import { BGP_PORT } from "./configuration.ts";
import { forgetSent } from "./feed.ts";
import { sourceFor } from "./interfaces.ts";
import { type RouteLimits, resetLimits } from "./limits.ts";
import { closeListener, openListener } from "./listener.ts";
import type { Peer, PeerConnection, PeerError } from "./peer.ts";
import { retryTimerOf, startJittered, timerOf, timersOf } from "./peer-timer.ts";
import { flushRoutes, setState } from "./protocol.ts";
import { beginRestart, finishRestart, growStale } from "./receive-update.ts";
import { startTimer, stopTimer } from "./timer.ts";
import { send } from "./write.ts";

const MIN_CONNECT_DELAY = 1;

/** Seconds that a connection may take to say its last word. */
const CLOSE_TIME = 10;

/** bgp_start(): the instance begins, unless another one talks to the same neighbour. */
export function startPeer(core: BgpCore, peer: Peer): void {
  setState(core, peer.protocol, "start");
  if (peer.protocol.limits !== null) resetLimits(peer.protocol.limits);
  const carried = carriedBy(core, peer);
  if (carried !== null && carried.peer.protocol.limits !== null) resetLimits(carried.peer.protocol.limits);
  peer.startState = "prepare";
  peer.outgoing.state = "Idle";
  peer.incoming.state = "Idle";
  peer.sourceAddress = peer.configuration.sourceAddress;
  peer.restarting = false;
  if (core.recovery?.taking.has(peer.protocol) === true && peer.configuration.gracefulRestart !== "off") {
    core.recovery.locks.add(peer.protocol);
  }
  const key = lockOf(peer);
  const holders = core.locks.get(key) ?? [peer];
  core.locks.set(key, holders);
  if (!holders.includes(peer)) holders.push(peer);
  if (holders[0] === peer) startLocked(core, peer);
}

function lockOf({ configuration: { neighbour, port } }: Peer): PrefixKey {
  return port === BGP_PORT ? addressKey(neighbour) : `${formatAddress(neighbour)} ${port}`;
}

/** bgp_start_locked(). */
function startLocked(core: BgpCore, peer: Peer): void {
  const { configuration } = peer;
  if (configuration.multihop !== null) {
    peer.sourceAddress ??= sourceFor(core.runtime, configuration.neighbour);
    initiate(core, peer);
    return;
  }
  if (!mayBeNeighbour(configuration.neighbour)) {
    peer.disabled = true;
    storeError(peer, null, { kind: "misc", text: "Invalid next hop" });
    setState(core, peer.protocol, "down");
    return;
  }
  const found = findNeighbour(core.runtime, configuration.neighbour);
  // Else it waits for the address to become its neighbour, which may be its own.
  if (found.kind !== "on-link") return;
  peer.neighbourInterface = found.interface;
  peer.exporter.neighbourInterface = found.interface;
  peer.sourceAddress ??= found.address;
  initiate(core, peer);
}

/** bgp_initiate(). */
function initiate(core: BgpCore, peer: Peer): void {
  peer.startState = "delay";
  if (!openListener(core)) {
    peer.disabled = true;
    storeError(peer, null, { kind: "misc", text: "No listening socket" });
    setState(core, peer.protocol, "down");
    return;
  }
  peer.listens = true;
  if (peer.startupDelay === 0) return startUp(core, peer);
  peer.startupTimer ??= timerOf(core, peer, startupTimeout);
  startJittered(peer, peer.startupTimer, peer.startupDelay);
}

function startupTimeout(core: BgpCore, peer: Peer): void {
  if (core.running) startUp(core, peer);
}

/** bgp_startup(). */
function startUp(core: BgpCore, peer: Peer): void {
  peer.startState = peer.configuration.capabilities ? "connect" : "connect-nocap";
  if (!peer.configuration.passive) becomeActive(core, peer);
}

/** bgp_active(). */
function becomeActive(core: BgpCore, peer: Peer): void {
  peer.outgoing.state = "Active";
  startJittered(peer, retryTimerOf(core, peer), Math.max(MIN_CONNECT_DELAY, peer.configuration.connectDelay));
}

/** bgp_error(): tells the neighbour, and closes. */
export function fail(
  core: BgpCore,
  peer: Peer,
  connection: PeerConnection,
  code: number,
  subcode: number,
  data: Uint8Array = new Uint8Array(),
): void {
  if (connection.state === "Close") return;
  storeError(peer, connection, { kind: "sent", text: describeNotification(code, subcode) });
  enterClose(core, peer, connection);
  send(core, connection, { kind: "notification", code, subcode, data });
  const { generation } = connection;
  schedule(core.world.queue, core.world.now, leaveClose, [core, peer, connection, generation]);
  if (code === CEASE) return;
  delayStartup(core, peer);
  stopPeer(core, peer, 0);
}

export function leaveClose(core: BgpCore, peer: Peer, connection: PeerConnection, generation: number): void {
  if (connection.generation === generation && connection.state === "Close") enterIdle(core, peer, connection);
}

/** bgp_update_startup_delay(). */
export function delayStartup(core: BgpCore, peer: Peer): void {
  const { errorForget, errorWaitLow, errorWaitHigh } = peer.configuration;
  const { now } = core.world;
  if (peer.lastProtocolError !== null && now - peer.lastProtocolError >= errorForget) peer.startupDelay = 0;
  peer.lastProtocolError = now;
  peer.startupDelay = peer.startupDelay === 0 ? errorWaitLow : Math.min(2 * peer.startupDelay, errorWaitHigh);
}

/** bgp_stop(). */
export function stopPeer(core: BgpCore, peer: Peer, subcode: number): void {
  setState(core, peer.protocol, "stop");
  forgetSent(core, peer);
  flushRoutes(core, peer.protocol);
  peer.restarting = false;
  peer.longLived = false;
  stopTimer(peer.restartTimer);
  stopTimer(peer.staleTimer);
  const carried = carriedBy(core, peer);
  if (carried !== null) stopCarried(carried);
  closeGracefully(core, peer, peer.outgoing, subcode);
  closeGracefully(core, peer, peer.incoming, subcode);
  decideLater(core, peer);
}

/** The routes of the other family go with the session. */
function stopCarried({ core, peer }: Channel): void {
  setState(core, peer.protocol, "down");
  peer.session = null;
  forgetSent(core, peer);
  flushRoutes(core, peer.protocol);
  peer.restarting = false;
  peer.longLived = false;
  stopTimer(peer.staleTimer);
}

function closeGracefully(core: BgpCore, peer: Peer, connection: PeerConnection, subcode: number): void {
  switch (connection.state) {
    case "Connect":
    case "Active":
      return enterIdle(core, peer, connection);
    case "OpenSent":
    case "OpenConfirm":
    case "Established":
      return fail(core, peer, connection, CEASE, subcode);
    default:
      return;
  }
}

function decideLater(core: BgpCore, peer: Peer): void {
  if (peer.decisionQueued) return;
  peer.decisionQueued = true;
  schedule(core.world.queue, core.world.now, decide, [core, peer]);
}

/** bgp_decision(). */
function decide(core: BgpCore, peer: Peer): void {
  peer.decisionQueued = false;
  if (!core.running) return;
  const { state } = peer.protocol;
  const started = peer.startState === "connect" || peer.startState === "connect-nocap";
  if (
    state === "start" &&
    started &&
    peer.outgoing.state === "Idle" &&
    peer.incoming.state !== "OpenConfirm" &&
    !peer.configuration.passive
  ) {
    becomeActive(core, peer);
  }
  if (state === "stop" && peer.outgoing.state === "Idle" && peer.incoming.state === "Idle") goDown(core, peer);
}

/** bgp_down(); the instance starts again at once, unless it is disabled. */
function goDown(core: BgpCore, peer: Peer): void {
  if (peer.listens) {
    peer.listens = false;
    closeListener(core);
  }
  stopTimer(peer.startupTimer);
  setState(core, peer.protocol, "down");
  const key = lockOf(peer);
  const waiting = (core.locks.get(key) ?? []).filter((item) => item !== peer);
  core.locks.set(key, waiting);
  const [next] = waiting;
  if (next !== undefined && next.startState === "prepare" && next.protocol.state === "start") startLocked(core, next);
  if (!peer.disabled && core.running) startPeer(core, peer);
}

export function enterClose(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const before = connection.state;
  connection.state = "Close";
  const { hold, keepalive } = timersOf(core, peer, connection);
  stopTimer(keepalive);
  if (connection.socket !== null) connection.socket.paused = true;
  startTimer(hold, CLOSE_TIME);
  if (before === "Established") leaveEstablished(core, peer);
}

export function enterIdle(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const before = connection.state;
  closeSocket(core, peer, connection);
  connection.state = "Idle";
  decideLater(core, peer);
  if (before === "Established") leaveEstablished(core, peer);
}

function leaveEstablished(core: BgpCore, peer: Peer): void {
  peer.session = null;
  const carried = carriedBy(core, peer);
  if (carried !== null) carried.peer.session = null;
  if (peer.protocol.state === "up") stopPeer(core, peer, 0);
}

function stopSession({ timers }: PeerConnection): void {
  if (timers === null) return;
  stopTimer(timers.hold);
  stopTimer(timers.keepalive);
}

/** bgp_close_conn(). */
export function closeSocket(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  if (connection.outgoing) stopTimer(peer.retryTimer);
  stopSession(connection);
  connection.generation++;
  const { socket } = connection;
  connection.socket = null;
  if (socket !== null) closeConnection(core.world, socket);
}

/** bgp_handle_graceful_restart(): the session is gone, its routes stay for a while. */
export function handleRestart(core: BgpCore, peer: Peer): void {
  const { session } = peer;
  setState(core, peer.protocol, "start");
  const restart = session?.capabilities.find((item) => item.kind === "graceful-restart");
  if (core.configuration.release === "2") for (const channel of channelsOf(core, peer)) pauseChannel(channel);
  else {
    beginRestart(core, peer);
    if (peer.longLived) growStale(core, peer);
  }
  const time = restart?.kind === "graceful-restart" ? restart.time : 0;
  peer.restartTimer ??= timerOf(core, peer, restartTimeout);
  if (time === 0) startTimer(peer.restartTimer, 0);
  else startJittered(peer, peer.restartTimer, time);
}

/** Its routes stay where the neighbour keeps them too, and else go (bgp_handle_graceful_restart of BIRD 2). */
function pauseChannel({ core, peer }: Channel): void {
  const { channel } = peer;
  if (channel?.isActive !== true) return;
  setState(core, peer.protocol, "start");
  if (channel.gracefulReady) {
    beginRestart(core, peer);
    if (peer.longLived) growStale(core, peer);
  } else {
    forgetSent(core, peer);
    flushRoutes(core, peer.protocol);
  }
}

/** Channels without long-lived restarts are done with theirs, the others keep routes as stale ones. */
function endOrKeep({ core, peer }: Channel): void {
  if (!peer.restarting || peer.longLived) return;
  const staleTime = peer.channel?.staleTime ?? 0;
  if (staleTime === 0) return finishRestart(core, peer);
  peer.longLived = true;
  peer.staleTimer ??= timerOf(core, peer, finishRestart);
  startTimer(peer.staleTimer, staleTime);
  growStale(core, peer);
}

/** bgp_graceful_restart_timeout(). */
function restartTimeout(core: BgpCore, peer: Peer): void {
  if (!core.running) return;
  if (core.configuration.release === "2" && peer.staleTime !== null) {
    for (const channel of channelsOf(core, peer)) endOrKeep(channel);
    return;
  }
  if (peer.staleTime === null) return stopPeer(core, peer, 0);
  if (peer.longLived) return;
  if (peer.staleTime === 0) return finishRestart(core, peer);
  peer.longLived = true;
  peer.staleTimer ??= timerOf(core, peer, finishRestart);
  startTimer(peer.staleTimer, peer.staleTime);
  growStale(core, peer);
}

/** bgp_store_error(). */
export function storeError(peer: Peer, connection: PeerConnection | null, error: PeerError): void {
  const { state } = peer.protocol;
  if (state === "up" && connection !== null && connection !== peer.session) return;
  if (state === "stop") return;
  peer.lastError = error;
}

/** A limit was reached whose action is to restart the instance, or to end it (bgp_shutdown: PDC_IN_LIMIT_HIT). */
export function limitTimeout(core: BgpCore, peer: Peer): void {
  const ends = peer.protocol.limits?.ends ?? null;
  if (!core.running || ends === null || peer.protocol.state !== "up") return;
  const carrier = peer.configuration.isCarried ? carrierOf(core, peer) : { core, peer };
  if (carrier !== null) endByLimit(carrier, ends);
}

/** The whole session ends, whichever family had too many routes. */
function endByLimit({ core, peer }: Channel, ends: NonNullable<RouteLimits["ends"]>): void {
  storeError(peer, null, { kind: "automatic", text: "Route limit exceeded" });
  if (ends.restarts) delayStartup(core, peer);
  else {
    peer.startupDelay = 0;
    peer.disabled = true;
  }
  stopPeer(core, peer, ends.by === "import" ? 1 : ends.restarts ? 4 : 2);
}

/** The neighbour came onto the link, or is there no more (bgp_neigh_notify). */
export function checkNeighbour(core: BgpCore, peer: Peer): void {
  if (peer.configuration.multihop !== null || peer.configuration.isCarried || peer.disabled) return;
  const found = findNeighbour(core.runtime, peer.configuration.neighbour);
  const { state } = peer.protocol;
  if (found.kind === "on-link") {
    if (state === "start" && peer.startState === "prepare") startPeer(core, peer);
  } else if ((state === "start" && peer.startState !== "prepare") || state === "up") {
    storeError(peer, null, { kind: "misc", text: "Neighbor lost" });
    stopPeer(core, peer, 0);
  }
}

/** The instance ends for good, with this subcode of Cease where it has a session. */
export function endPeer(core: BgpCore, peer: Peer, subcode: number): void {
  peer.disabled = true;
  if (peer.protocol.state !== "down") stopPeer(core, peer, subcode);
}

/** What an administrator does to an instance (`birdc disable`, `enable`). */
export function disablePeer(core: BgpCore, peer: Peer): void {
  arouse(core.world);
  peer.disabled = true;
  if (peer.protocol.state === "down") return;
  storeError(peer, null, { kind: "manual", text: "" });
  peer.startupDelay = 0;
  stopPeer(core, peer, 2);
}
