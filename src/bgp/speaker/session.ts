import { schedule } from "../../emulator/event-queue.ts";
import type { Connection, TcpEvents, TcpOptions } from "../../emulator/tcp/connection.ts";
import { describeTcpError } from "../../emulator/tcp/error-text.ts";
import { connectTcp, listenTcp, stopListening } from "../../emulator/tcp/open.ts";
import { closeConnection, sendOctets, writesOf } from "../../emulator/tcp/send.ts";
import type { Listener } from "../../emulator/tcp/stack.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { decodeMessage, decodeWrite } from "../messages/decode.ts";
import { encodeMessage, keepaliveOctets } from "../messages/encode.ts";
import { type Message, PLAIN_FORM } from "../messages/message.ts";
import { CEASE, describeNotification, FSM_ERROR, HOLD_TIMER_EXPIRED } from "../messages/notification-text.ts";
import { addressKey, type PrefixKey } from "../rib/route.ts";
import type { Audience } from "./audience.ts";
import { feed, forgetSent, receiveRefresh } from "./feed.ts";
import { findNeighbour, sourceFor } from "./interfaces.ts";
import { agree, FORWARDING, openOctets, RESTARTED } from "./open.ts";
import { type ConnectionState, NO_ERROR, type Peer, type PeerConnection, type PeerError } from "./peer.ts";
import { flushRoutes, type SpeakerCore, setState } from "./protocol.ts";
import { beginRestart, finishRestart, receiveUpdate } from "./receive-update.ts";
import { unlockRecovery } from "./recovery.ts";
import { jittered, startTimer, stopTimer, type Timer } from "./timer.ts";

/** What the instances of BGP of one daemon share. */
export interface BgpCore extends SpeakerCore {
  readonly peers: Peer[];
  /** The same by their addresses (`addressKey`), in that order. */
  readonly neighbours: Map<PrefixKey, Peer[]>;
  /** Neighbours by what they are told. */
  readonly audiences: Set<Audience>;
  listener: Listener | null;
  listenUsers: number;
  /** Who holds the right to talk to a neighbour (object locks), and who waits for it. */
  readonly locks: Map<string, Peer[]>;
  /** What BIRD tells apart routes by on the wire: a number for each source of routes. */
  readonly sourceIds: Map<string, Map<number, number>>;
  sources: number;
}

/** IP_PREC_INTERNET_CONTROL. */
const TOS = 0xc0;
const LISTEN_TTL = 255;
const MIN_CONNECT_DELAY = 1;
/** Seconds that a connection may take to say its last word. */
const CLOSE_TIME = 10;

/** FSM error subcodes of RFC 6608. */
const FSM_SUBCODES: Partial<Record<ConnectionState, number>> = { OpenSent: 1, OpenConfirm: 2, Established: 3 };

function startJittered(peer: Peer, timer: Timer, seconds: number): void {
  if (seconds === 0) stopTimer(timer);
  else startTimer(timer, jittered(seconds, peer.hash, peer.timersStarted++));
}

/** bgp_start(): the instance begins, unless another one talks to the same neighbour. */
export function startPeer(core: BgpCore, peer: Peer): void {
  setState(core, peer.protocol, "start");
  peer.startState = "prepare";
  peer.outgoing.state = "Idle";
  peer.incoming.state = "Idle";
  peer.sourceAddress = peer.configuration.sourceAddress;
  peer.restarting = false;
  if (core.recovery?.taking.has(peer.protocol) === true && peer.configuration.gracefulRestart !== "off") {
    core.recovery.locks.add(peer.protocol);
  }
  const key = lockOf(peer);
  const holders = core.locks.get(key) ?? [];
  core.locks.set(key, holders);
  if (!holders.includes(peer)) holders.push(peer);
  if (holders[0] === peer) startLocked(core, peer);
}

function lockOf({ configuration }: Peer): string {
  return `${formatAddress(configuration.neighbour)} ${configuration.port}`;
}

/** bgp_start_locked(). */
function startLocked(core: BgpCore, peer: Peer): void {
  const { configuration } = peer;
  if (configuration.multihop !== null) {
    peer.sourceAddress ??= sourceFor(core.runtime, configuration.neighbour);
    initiate(core, peer);
    return;
  }
  const found = findNeighbour(core.runtime, configuration.neighbour);
  if (found.kind === "own") {
    peer.disabled = true;
    storeError(peer, null, { kind: "misc", text: "Invalid next hop" });
    setState(core, peer.protocol, "down");
    return;
  }
  // Else it waits for the address to become its neighbour.
  if (found.kind === "none") return;
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
  if (peer.startupDelay > 0) startJittered(peer, peer.startupTimer, peer.startupDelay);
  else startUp(peer);
}

export function startupTimeout(core: BgpCore, peer: Peer): void {
  if (core.running) startUp(peer);
}

/** bgp_startup(). */
function startUp(peer: Peer): void {
  peer.startState = peer.configuration.capabilities ? "connect" : "connect-nocap";
  if (!peer.configuration.passive) becomeActive(peer);
}

/** bgp_active(). */
function becomeActive(peer: Peer): void {
  peer.outgoing.state = "Active";
  startJittered(peer, peer.outgoing.retryTimer, Math.max(MIN_CONNECT_DELAY, peer.configuration.connectDelay));
}

/** bgp_connect_timeout(). */
export function connectTimeout(core: BgpCore, peer: Peer): void {
  if (!core.running) return;
  if (peer.protocol.state !== "start") return enterIdle(core, peer, peer.outgoing);
  closeSocket(core, peer.outgoing);
  connect(core, peer);
}

function optionsOf({ configuration, neighbourInterface }: Peer): TcpOptions {
  const hops = configuration.multihop ?? 1;
  return {
    ttl: configuration.ttlSecurity ? 255 : hops,
    minTtl: configuration.ttlSecurity ? 256 - hops : 0,
    tos: TOS,
    key: configuration.key,
    device: configuration.multihop === null ? neighbourInterface : null,
  };
}

/** Errors of connect() that BIRD waits to be told of (sk_open); after any other it says "Connection closed". */
const TOLD_LATER: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/** bgp_connect(). */
function connect(core: BgpCore, peer: Peer): void {
  const connection = peer.outgoing;
  connection.state = "Connect";
  const local = peer.sourceAddress;
  const opened =
    local === null
      ? "ENETUNREACH"
      : connectTcp(core.world, core.runtime, {
          local,
          remote: peer.configuration.neighbour,
          port: peer.configuration.port,
          options: optionsOf(peer),
          events: eventsOf(core, peer, connection),
        });
  if (typeof opened === "string") return socketError(core, peer, connection, TOLD_LATER.has(opened) ? opened : null);
  connection.socket = opened;
  startJittered(peer, connection.retryTimer, peer.configuration.connectRetry);
}

/** What becomes of a socket is for the connection that it was made for, while that has it. */
interface OfSocket {
  readonly core: BgpCore;
  readonly peer: Peer;
  readonly connection: PeerConnection;
  readonly generation: number;
}

function isCurrent({ core, connection, generation }: OfSocket): boolean {
  return connection.generation === generation && core.running;
}

const SOCKET_EVENTS = {
  connected(this: OfSocket): void {
    const { core, peer, connection } = this;
    if (isCurrent(this) && connection.state === "Connect") sendOpen(core, peer, connection);
  },
  received(this: OfSocket, octets: Uint8Array): void {
    if (isCurrent(this)) receive(this.core, this.peer, this.connection, octets);
  },
  lost(this: OfSocket, errno: string | null): void {
    if (isCurrent(this)) socketError(this.core, this.peer, this.connection, errno);
  },
};

function eventsOf(core: BgpCore, peer: Peer, connection: PeerConnection): OfSocket & TcpEvents {
  return { ...SOCKET_EVENTS, core, peer, connection, generation: ++connection.generation };
}

/** bgp_incoming_connection(): null where it is turned away. */
function accept(core: BgpCore, socket: Connection): TcpEvents | null {
  const known = core.neighbours.get(addressKey(socket.remote));
  const peer = known?.find(({ protocol }) => !protocol.configuration.disabled);
  const refused = (): null => {
    closeConnection(core.world, socket);
    return null;
  };
  if (peer === undefined) return refused();
  const { state } = peer.protocol;
  let wanted =
    (state === "start" || state === "up") &&
    (peer.startState === "connect" || peer.startState === "connect-nocap") &&
    peer.incoming.socket === null;
  if (peer.session !== null && peer.gracefulReady) {
    storeError(peer, null, { kind: "misc", text: "Graceful restart" });
    const { session } = peer;
    handleRestart(core, peer);
    enterIdle(core, peer, session);
    wanted = true;
  }
  if (!wanted) return refused();
  const connection = peer.incoming;
  socket.options = { ...optionsOf(peer), device: null };
  connection.socket = socket;
  sendOpen(core, peer, connection);
  return eventsOf(core, peer, connection);
}

interface OfListener {
  readonly core: BgpCore;
}

const LISTENER = {
  keyOf(this: OfListener, peer: Address): string | null {
    return keyOf(this.core, peer);
  },
  accept(this: OfListener, socket: Connection): TcpEvents | null {
    return accept(this.core, socket);
  },
};

function openListener(core: BgpCore): boolean {
  if (core.listener !== null) {
    core.listenUsers++;
    return true;
  }
  const { listenAddress, listenPort, family } = core.configuration;
  const listener: Listener & OfListener = {
    ...LISTENER,
    core,
    address: listenAddress,
    family,
    port: listenPort,
    options: { ttl: LISTEN_TTL, minTtl: 0, tos: TOS, key: null, device: null },
  };
  const program = family === 4 ? "bird" : "bird6";
  if (listenTcp(core.world, core.runtime, listener, program) !== null) return false;
  core.listener = listener;
  core.listenUsers = 1;
  return true;
}

function keyOf(core: BgpCore, address: Address): string | null {
  const known = core.neighbours.get(addressKey(address));
  const peer = known?.find(({ configuration, listens }) => listens && configuration.key !== null);
  return peer?.configuration.key ?? null;
}

function closeListener(core: BgpCore): void {
  core.listenUsers--;
  if (core.listenUsers > 0 || core.listener === null) return;
  stopListening(core.world, core.runtime, core.listener);
  core.listener = null;
}

/** bgp_send_open(). */
function sendOpen(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  connection.received = new Uint8Array();
  connection.capabilities = [];
  connection.form = PLAIN_FORM;
  connection.sendForm = PLAIN_FORM;
  stopTimer(connection.retryTimer);
  connection.state = "OpenSent";
  const form = {
    plain: peer.startState === "connect-nocap",
    recovers: core.recovery?.taking.has(peer.protocol) === true,
  };
  sendWrite(core, connection, openOctets(core.configuration, peer.configuration, form));
  startJittered(peer, connection.holdTimer, peer.configuration.startupHoldTime);
}

function send(core: SpeakerCore, connection: PeerConnection, message: Message): void {
  sendWrite(core, connection, encodeMessage(message, connection.sendForm));
}

function sendWrite({ world }: SpeakerCore, { socket }: PeerConnection, octets: Uint8Array): void {
  if (socket !== null) sendOctets(world, socket, [octets]);
}

function sendKeepalive(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  sendWrite(core, connection, keepaliveOctets());
  startJittered(peer, connection.keepaliveTimer, connection.keepaliveTime);
}

export function keepaliveTimeout(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  if (core.running) sendKeepalive(core, peer, connection);
}

/** bgp_hold_timeout(). */
export function holdTimeout(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  if (!core.running) return;
  if (connection.state === "Close") enterIdle(core, peer, connection);
  else fail(core, peer, connection, HOLD_TIMER_EXPIRED, 0);
}

/** bgp_rx(): takes whole messages off what has come. */
function receive(core: BgpCore, peer: Peer, connection: PeerConnection, octets: Uint8Array): void {
  const { generation } = connection;
  const writes = connection.received.length === 0 ? writesOf(octets) : null;
  if (writes !== null) {
    for (let index = 0; index < writes.length; index++) {
      const write = writes[index];
      if (write === undefined || connection.state === "Close") return;
      const decoded = decodeWrite(write, connection.form);
      if (decoded.kind !== "message" || decoded.length !== write.length) {
        return receiveFrom(core, peer, connection, joined(writes.slice(index)));
      }
      handle(core, peer, connection, decoded.message);
      if (connection.generation !== generation || connection.socket === null) return;
    }
    return;
  }
  receiveFrom(core, peer, connection, joined([connection.received, octets]));
}

function receiveFrom(core: BgpCore, peer: Peer, connection: PeerConnection, buffer: Uint8Array): void {
  const { generation } = connection;
  let at = 0;
  while (at < buffer.length && connection.state !== "Close") {
    const decoded = decodeMessage(buffer, at, connection.form);
    if (decoded.kind === "partial") break;
    if (decoded.kind === "error") {
      const { code, subcode, data } = decoded.error;
      return fail(core, peer, connection, code, subcode, data);
    }
    at += decoded.length;
    handle(core, peer, connection, decoded.message);
    if (connection.generation !== generation || connection.socket === null) return;
  }
  connection.received = buffer.subarray(at);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function handle(core: BgpCore, peer: Peer, connection: PeerConnection, message: Message): void {
  switch (message.kind) {
    case "open":
      return receiveOpen(core, peer, connection, message);
    case "keepalive":
      startJittered(peer, connection.holdTimer, connection.holdTime);
      if (connection.state === "OpenConfirm") establish(core, peer, connection);
      else if (connection.state !== "Established") unexpected(core, peer, connection);
      return;
    case "update":
      if (connection.state === "OpenConfirm") establish(core, peer, connection);
      if (connection.state !== "Established") return unexpected(core, peer, connection);
      startJittered(peer, connection.holdTimer, connection.holdTime);
      receiveUpdate(core, peer, message);
      checkLimit(core, peer);
      return;
    case "route-refresh":
      if (connection.state !== "Established") return unexpected(core, peer, connection);
      receiveRefresh(core, peer, message);
      return;
    case "notification":
      return receiveNotification(core, peer, connection, message.code, message.subcode);
  }
}

function unexpected(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  fail(core, peer, connection, FSM_ERROR, FSM_SUBCODES[connection.state] ?? 0);
}

/** bgp_rx_open(). */
function receiveOpen(core: BgpCore, peer: Peer, connection: PeerConnection, message: Message & { kind: "open" }): void {
  if (connection.state !== "OpenSent") return unexpected(core, peer, connection);
  const agreed = agree(core.configuration, peer.configuration, message, peer.startState === "connect-nocap");
  if ("code" in agreed) return fail(core, peer, connection, agreed.code, agreed.subcode, agreed.data);
  const other = connection.outgoing ? peer.incoming : peer.outgoing;
  switch (other.state) {
    case "Connect":
    case "Active":
      enterIdle(core, peer, other);
      break;
    case "OpenConfirm":
      // RFC 4271 section 6.8: the connection of the higher identifier stays.
      if (core.configuration.routerId < message.identifier === !connection.outgoing) {
        fail(core, peer, other, CEASE, 7);
        break;
      }
      return fail(core, peer, connection, CEASE, 7);
    case "Established":
      return fail(core, peer, connection, CEASE, 7);
    default:
      break;
  }
  connection.capabilities = message.capabilities;
  connection.holdTime = agreed.holdTime;
  connection.keepaliveTime = peer.configuration.keepaliveTime ?? Math.floor(agreed.holdTime / 3);
  connection.form = agreed.form;
  connection.sendForm = agreed.sendForm;
  peer.exporter.remoteId = message.identifier;
  peer.addPathSend = agreed.addPathSend;
  peer.gracefulReady = agreed.gracefulReady;
  sendKeepalive(core, peer, connection);
  if (connection.holdTime > 0) startJittered(peer, connection.holdTimer, connection.holdTime);
  else stopTimer(connection.holdTimer);
  connection.state = "OpenConfirm";
}

/** bgp_conn_enter_established_state(). */
function establish(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const source = peer.sourceAddress ?? connection.socket?.local ?? null;
  peer.sourceAddress = source;
  if (source !== null) peer.exporter.sourceAddress = source;
  peer.session = connection;
  peer.lastError = NO_ERROR;
  connection.state = "Established";
  takePartInRecovery(core, peer, connection);
  if (peer.restarting) {
    stopTimer(peer.restartTimer);
    const able = connection.capabilities.some(
      (item) => item.kind === "graceful-restart" && item.families.some(({ flags }) => (flags & FORWARDING) !== 0),
    );
    if (!able) finishRestart(core, peer);
  }
  setState(core, peer.protocol, "up");
  feed(core, peer);
}

/** The recovery waits for what a neighbour tells that has not restarted itself; that one is told all when it is over. */
function takePartInRecovery(core: BgpCore, peer: Peer, { capabilities }: PeerConnection): void {
  const { recovery } = core;
  if (recovery === null || !recovery.taking.has(peer.protocol)) return;
  const ready = capabilities.some((item) => item.kind === "graceful-restart" && (item.flags & RESTARTED) === 0);
  if (!ready) unlockRecovery(core, peer.protocol);
  else if (peer.configuration.gracefulRestart === "able") recovery.waiting.add(peer.protocol);
}

/** bgp_rx_notification(). */
function receiveNotification(
  core: BgpCore,
  peer: Peer,
  connection: PeerConnection,
  code: number,
  subcode: number,
): void {
  storeError(peer, connection, { kind: "received", text: describeNotification(code, subcode) });
  let isError = code !== CEASE;
  const aboutCapabilities = code === 2 && (subcode === 4 || subcode === 7);
  if (aboutCapabilities && peer.startState === "connect" && peer.configuration.capabilities) {
    peer.startState = "connect-nocap";
    isError = false;
  }
  enterClose(core, peer, connection);
  const { generation } = connection;
  schedule(core.world.queue, core.world.now, leaveClose, [core, peer, connection, generation]);
  if (!isError) return;
  delayStartup(core, peer);
  stopPeer(core, peer, 0);
}

function leaveClose(core: BgpCore, peer: Peer, connection: PeerConnection, generation: number): void {
  if (connection.generation === generation && connection.state === "Close") enterIdle(core, peer, connection);
}

/** bgp_error(): tells the neighbour, and closes. */
function fail(
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

/** bgp_update_startup_delay(). */
function delayStartup(core: BgpCore, peer: Peer): void {
  const { errorForget, errorWaitLow, errorWaitHigh } = peer.configuration;
  const { now } = core.world;
  if (peer.lastProtocolError !== null && now - peer.lastProtocolError >= errorForget) peer.startupDelay = 0;
  peer.lastProtocolError = now;
  peer.startupDelay = peer.startupDelay === 0 ? errorWaitLow : Math.min(2 * peer.startupDelay, errorWaitHigh);
}

function checkLimit(core: BgpCore, peer: Peer): void {
  const limit = peer.configuration.importLimit;
  if (limit === null || limit.count === 0 || peer.protocol.imported <= limit.count) return;
  if (limit.action === "warn" || limit.action === "block") return;
  storeError(peer, null, { kind: "automatic", text: "Route limit exceeded" });
  if (limit.action === "restart") delayStartup(core, peer);
  else peer.disabled = true;
  stopPeer(core, peer, 1);
}

/** bgp_stop(). */
export function stopPeer(core: BgpCore, peer: Peer, subcode: number): void {
  setState(core, peer.protocol, "stop");
  forgetSent(core, peer);
  flushRoutes(core, peer.protocol);
  peer.restarting = false;
  stopTimer(peer.restartTimer);
  closeGracefully(core, peer, peer.outgoing, subcode);
  closeGracefully(core, peer, peer.incoming, subcode);
  decideLater(core, peer);
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
    becomeActive(peer);
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

function enterClose(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const before = connection.state;
  connection.state = "Close";
  stopTimer(connection.keepaliveTimer);
  if (connection.socket !== null) connection.socket.paused = true;
  startTimer(connection.holdTimer, CLOSE_TIME);
  if (before === "Established") leaveEstablished(core, peer);
}

function enterIdle(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const before = connection.state;
  closeSocket(core, connection);
  connection.state = "Idle";
  decideLater(core, peer);
  if (before === "Established") leaveEstablished(core, peer);
}

function leaveEstablished(core: BgpCore, peer: Peer): void {
  peer.session = null;
  if (peer.protocol.state === "up") stopPeer(core, peer, 0);
}

/** bgp_close_conn(). */
function closeSocket(core: BgpCore, connection: PeerConnection): void {
  stopTimer(connection.retryTimer);
  stopTimer(connection.holdTimer);
  stopTimer(connection.keepaliveTimer);
  connection.generation++;
  const { socket } = connection;
  connection.socket = null;
  if (socket !== null) closeConnection(core.world, socket);
}

/** bgp_sock_err(): null is the end of the stream. */
function socketError(core: BgpCore, peer: Peer, connection: PeerConnection, errno: string | null): void {
  storeError(peer, connection, {
    kind: "socket",
    text: errno === null ? "Connection closed" : describeTcpError(errno),
  });
  if (connection.state === "Established" && peer.gracefulReady) handleRestart(core, peer);
  enterIdle(core, peer, connection);
}

/** bgp_handle_graceful_restart(): the session is gone, its routes stay for a while. */
function handleRestart(core: BgpCore, peer: Peer): void {
  const { session } = peer;
  setState(core, peer.protocol, "start");
  const restart = session?.capabilities.find((item) => item.kind === "graceful-restart");
  beginRestart(core, peer);
  startJittered(peer, peer.restartTimer, restart?.kind === "graceful-restart" ? restart.time : 0);
}

/** bgp_graceful_restart_timeout(). */
export function restartTimeout(core: BgpCore, peer: Peer): void {
  if (core.running) stopPeer(core, peer, 0);
}

/** bgp_store_error(). */
function storeError(peer: Peer, connection: PeerConnection | null, error: PeerError): void {
  const { state } = peer.protocol;
  if (state === "up" && connection !== null && connection !== peer.session) return;
  if (state === "stop") return;
  peer.lastError = error;
}

/** The neighbour came onto the link, or is there no more (bgp_neigh_notify). */
export function checkNeighbour(core: BgpCore, peer: Peer): void {
  if (peer.configuration.multihop !== null || peer.disabled) return;
  const found = findNeighbour(core.runtime, peer.configuration.neighbour);
  const { state } = peer.protocol;
  if (found.kind === "on-link") {
    if (state === "start" && peer.startState === "prepare") startPeer(core, peer);
  } else if ((state === "start" && peer.startState !== "prepare") || state === "up") {
    storeError(peer, null, { kind: "misc", text: "Neighbor lost" });
    stopPeer(core, peer, 0);
  }
}

/** Asks the neighbour for all its routes again (bgp_reload_routes); false where it does not know how. */
export function reloadRoutes(core: BgpCore, peer: Peer): boolean {
  const { session } = peer;
  if (session === null || !session.capabilities.some(({ kind }) => kind === "route-refresh")) return false;
  send(core, session, { kind: "route-refresh", afi: core.configuration.family === 4 ? 1 : 2, subtype: 0, safi: 1 });
  return true;
}

/** The instance ends for good, with this subcode of Cease where it has a session. */
export function endPeer(core: BgpCore, peer: Peer, subcode: number): void {
  peer.disabled = true;
  if (peer.protocol.state !== "down") stopPeer(core, peer, subcode);
}

/** What an administrator does to an instance (`birdc disable`, `enable`). */
export function disablePeer(core: BgpCore, peer: Peer): void {
  peer.disabled = true;
  if (peer.protocol.state === "down") return;
  storeError(peer, null, { kind: "manual", text: "" });
  peer.startupDelay = 0;
  stopPeer(core, peer, 2);
}
