import { schedule } from "../../emulator/event-queue.ts";
import type { Connection, TcpEvents, TcpOptions } from "../../emulator/tcp/connection.ts";
import { describeTcpError } from "../../emulator/tcp/error-text.ts";
import { connectTcp } from "../../emulator/tcp/open.ts";
import { closeConnection } from "../../emulator/tcp/send.ts";
import { writesOf } from "../../emulator/tcp/send-buffer.ts";
import { decodeMessage, decodeWrite } from "../messages/decode.ts";
import { keepaliveOctets } from "../messages/encode.ts";
import { type Message, PLAIN_FORM } from "../messages/message.ts";
import { CEASE, describeNotification, FSM_ERROR, HOLD_TIMER_EXPIRED } from "../messages/notification-text.ts";
import { addressKey } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import { channelNextHop } from "./channel-next-hop.ts";
import { carriedBy, channelsOf, isActive } from "./channels.ts";
import { identifierOf } from "./configuration.ts";
import { feed, receiveRefresh } from "./feed.ts";
import {
  closeSocket,
  delayStartup,
  enterClose,
  enterIdle,
  fail,
  handleRestart,
  leaveClose,
  stopPeer,
  storeError,
} from "./instance.ts";
import { TOS } from "./listener.ts";
import { agree, openOctets } from "./open.ts";
import { FORWARDING, RESTARTED } from "./open-channels.ts";
import { identify } from "./owner.ts";
import {
  type ChannelAgreement,
  type ConnectionState,
  NO_CAPABILITIES,
  NO_CHANNEL,
  NO_ERROR,
  NOTHING_RECEIVED,
  type Peer,
  type PeerConnection,
} from "./peer.ts";
import { retryTimerOf, startJittered, timersOf } from "./peer-timer.ts";
import { setState } from "./protocol.ts";
import { receiveSegment } from "./receive-segment.ts";
import { concernsFamily, finishRestart, receiveUpdate } from "./receive-update.ts";
import { unlockRecovery } from "./recovery.ts";
import { stopTimer } from "./timer.ts";
import { isWorthPlanning } from "./worth-planning.ts";
import { send, sendWrite } from "./write.ts";

/** FSM error subcodes of RFC 6608. */
const FSM_SUBCODES: Partial<Record<ConnectionState, number>> = { OpenSent: 1, OpenConfirm: 2, Established: 3 };

/** bgp_connect_timeout(). */
export function connectTimeout(core: BgpCore, peer: Peer): void {
  if (!core.running) return;
  if (peer.protocol.state !== "start") return enterIdle(core, peer, peer.outgoing);
  closeSocket(core, peer, peer.outgoing);
  connect(core, peer);
}

function optionsOf({ configuration }: Peer, device: string | null): TcpOptions {
  const { multihop, ttlSecurity, key } = configuration;
  const hops = multihop ?? 1;
  const ttl = ttlSecurity ? 255 : hops;
  const minTtl = ttlSecurity ? 256 - hops : 0;
  if (options.ttl === ttl && options.minTtl === minTtl && options.key === key && options.device === device)
    return options;
  options = { ttl, minTtl, tos: TOS, key, device };
  return options;
}

/** What the latest socket was given: of thousands most have the same. */
let options: TcpOptions = { ttl: 1, minTtl: 0, tos: TOS, key: null, device: null };

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
          options: optionsOf(peer, peer.configuration.multihop === null ? peer.neighbourInterface : null),
          events: eventsOf(core, peer, connection),
        });
  if (typeof opened === "string") return socketError(core, peer, connection, TOLD_LATER.has(opened) ? opened : null);
  connection.socket = opened;
  startJittered(peer, retryTimerOf(core, peer), peer.configuration.connectRetry);
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
  const { connected, received, lost } = SOCKET_EVENTS;
  return { connected, received, lost, core, peer, connection, generation: ++connection.generation };
}

/** bgp_incoming_connection(): null where it is turned away. */
export function accept(core: BgpCore, socket: Connection): TcpEvents | null {
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
  socket.options = optionsOf(peer, null);
  connection.socket = socket;
  sendOpen(core, peer, connection);
  return eventsOf(core, peer, connection);
}

/** bgp_send_open(). */
function sendOpen(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  connection.received = NOTHING_RECEIVED;
  connection.capabilities = NO_CAPABILITIES;
  connection.form = PLAIN_FORM;
  connection.sendForm = PLAIN_FORM;
  if (connection.outgoing) stopTimer(peer.retryTimer);
  connection.state = "OpenSent";
  const form = {
    plain: peer.startState === "connect-nocap",
    recovers: core.recovery?.taking.has(peer.protocol) === true,
  };
  sendWrite(core, connection, openOctets(core.configuration, peer.configuration, form));
  startJittered(peer, timersOf(core, peer, connection).hold, peer.configuration.startupHoldTime);
}

function sendKeepalive(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  sendWrite(core, connection, keepaliveOctets());
  startJittered(peer, timersOf(core, peer, connection).keepalive, connection.keepaliveTime);
}

export function keepaliveTimeout(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  if (core.running) sendKeepalive(core, peer, connection);
}

/** bgp_hold_timeout(). */
export function holdTimeout(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  if (!core.running) return;
  if (connection.state === "Close") enterIdle(core, peer, connection);
  else if (connection.state === "Established" && peer.staleTime !== null) {
    handleRestart(core, peer);
    enterIdle(core, peer, connection);
  } else fail(core, peer, connection, HOLD_TIMER_EXPIRED, 0);
}

/** bgp_rx(): takes whole messages off what has come. */
function receive(core: BgpCore, peer: Peer, connection: PeerConnection, octets: Uint8Array): void {
  const { generation } = connection;
  const writes = connection.received.length === 0 ? writesOf(octets) : null;
  if (writes !== null) {
    if (isWorthPlanning(octets) && receiveSegment(core, peer, connection, octets, writes)) return;
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
      startJittered(peer, timersOf(core, peer, connection).hold, connection.holdTime);
      if (connection.state === "OpenConfirm") establish(core, peer, connection);
      else if (connection.state !== "Established") unexpected(core, peer, connection);
      return;
    case "update":
      if (connection.state === "OpenConfirm") establish(core, peer, connection);
      if (connection.state !== "Established") return unexpected(core, peer, connection);
      startJittered(peer, timersOf(core, peer, connection).hold, connection.holdTime);
      if (core.configuration.release === "1.6") return receiveUpdate(core, peer, message);
      for (const { core: half, peer: one } of channelsOf(core, peer)) {
        if (isActive(one) && concernsFamily(message, half.configuration.family)) receiveUpdate(half, one, message);
      }
      return;
    case "route-refresh":
      if (connection.state !== "Established") return unexpected(core, peer, connection);
      if (core.configuration.release === "1.6") return receiveRefresh(core, peer, message);
      for (const { core: half, peer: one } of channelsOf(core, peer)) {
        if (isActive(one) && message.afi === (half.configuration.family === 4 ? 1 : 2))
          receiveRefresh(half, one, message);
      }
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
      if (identifierOf(core.configuration, peer.configuration) < message.identifier === !connection.outgoing) {
        fail(core, peer, other, CEASE, 7);
        break;
      }
      return fail(core, peer, connection, CEASE, 7);
    case "Established":
      return fail(core, peer, connection, CEASE, 7);
    default:
      break;
  }
  connection.capabilities = peer.startState === "connect-nocap" ? [] : message.capabilities;
  connection.holdTime = agreed.holdTime;
  connection.keepaliveTime =
    agreed.keepaliveTime ?? peer.configuration.keepaliveTime ?? Math.floor(agreed.holdTime / 3);
  connection.form = agreed.form;
  connection.sendForm = agreed.sendForm;
  identify(core, peer, message.identifier);
  peer.addPathSend = agreed.addPathSend;
  peer.gracefulReady = agreed.gracefulReady;
  peer.staleTime = agreed.staleTime;
  if (core.configuration.release === "2") takeAgreement(core, peer, agreed.channels, message.identifier);
  sendKeepalive(core, peer, connection);
  if (connection.holdTime > 0) startJittered(peer, timersOf(core, peer, connection).hold, connection.holdTime);
  else stopTimer(timersOf(core, peer, connection).hold);
  connection.state = "OpenConfirm";
}

/** Each channel has what was agreed on about its family, in the half of the daemon where its routes are. */
function takeAgreement(core: BgpCore, peer: Peer, channels: readonly ChannelAgreement[], identifier: number): void {
  peer.channel = channels.find(({ family }) => family === core.configuration.family) ?? NO_CHANNEL;
  const carried = carriedBy(core, peer);
  if (carried === null) return;
  const { core: half, peer: one } = carried;
  one.channel = channels.find(({ family }) => family === half.configuration.family) ?? NO_CHANNEL;
  one.addPathSend = one.channel.addPathSend;
  one.gracefulReady = one.channel.gracefulReady;
  one.staleTime = one.channel.isLongLivedReady ? one.channel.staleTime : null;
  identify(half, one, identifier);
}

/** bgp_conn_enter_established_state(). */
function establish(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const source = peer.sourceAddress ?? connection.socket?.local ?? null;
  peer.sourceAddress = source;
  if (source !== null) peer.exporter.sourceAddress = source;
  peer.exporter.takesStale = connection.capabilities.some(({ kind }) => kind === "long-lived-graceful-restart");
  peer.session = connection;
  peer.lastError = NO_ERROR;
  connection.state = "Established";
  if (core.configuration.release === "2") return establishChannels(core, peer, connection);
  takePartInRecovery(core, peer, connection);
  if (peer.restarting) {
    stopTimer(peer.restartTimer);
    const kind = peer.longLived ? "long-lived-graceful-restart" : "graceful-restart";
    const able = connection.capabilities.some(
      (item) =>
        item.kind === kind && "families" in item && item.families.some(({ flags }) => (flags & FORWARDING) !== 0),
    );
    if (!able) finishRestart(core, peer);
  }
  setState(core, peer.protocol, "up");
  feed(core, peer);
}

/** Channels of which both ends know come up, and are fed; restarts of a neighbour that does not keep its promise are over. */
function establishChannels(core: BgpCore, peer: Peer, connection: PeerConnection): void {
  const channels = channelsOf(core, peer);
  stopTimer(peer.restartTimer);
  for (const { core: half, peer: one } of channels) {
    takePartInRecovery(half, one, connection);
    if (one.restarting && !isKept(one, half.configuration.family, connection)) finishRestart(half, one);
  }
  setState(core, peer.protocol, "up");
  for (const { core: half, peer: one } of channels) {
    if (!isActive(one)) continue;
    one.session = connection;
    one.exporter.takesStale = peer.exporter.takesStale;
    one.exporter.neighbourInterface = peer.neighbourInterface;
    one.neighbourInterface = peer.neighbourInterface;
    one.exporter.nextHop = channelNextHop(half.runtime, half.configuration.family, one, peer);
    setState(half, one.protocol, "up");
    feed(half, one);
  }
}

/** Whether a neighbour that has restarted still forwards by its routes of a family (gr_active). */
function isKept({ channel, longLived }: Peer, family: 4 | 6, { capabilities }: PeerConnection): boolean {
  if (channel?.isActive !== true) return false;
  const kind = longLived ? "long-lived-graceful-restart" : "graceful-restart";
  const afi = family === 4 ? 1 : 2;
  return capabilities.some(
    (item) =>
      item.kind === kind &&
      "families" in item &&
      item.families.some((one) => one.afi === afi && (one.flags & FORWARDING) !== 0),
  );
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

/** bgp_sock_err(): null is the end of the stream. */
function socketError(core: BgpCore, peer: Peer, connection: PeerConnection, errno: string | null): void {
  storeError(peer, connection, {
    kind: "socket",
    text: errno === null ? "Connection closed" : describeTcpError(errno),
  });
  if (connection.state === "Established" && peer.gracefulReady) handleRestart(core, peer);
  enterIdle(core, peer, connection);
}

/** Asks the neighbour for all its routes again (bgp_reload_routes); false where it does not know how. */
export function reloadRoutes(core: BgpCore, peer: Peer): boolean {
  const { session } = peer;
  if (session === null || !session.capabilities.some(({ kind }) => kind === "route-refresh")) return false;
  send(core, session, { kind: "route-refresh", afi: core.configuration.family === 4 ? 1 : 2, subtype: 0, safi: 1 });
  return true;
}
