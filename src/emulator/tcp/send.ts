import type { HostRuntime, PacketKind, SendOptions } from "../../linux/runtime.ts";
import { mtuOfSegment, sentMss, tellMss } from "../../linux/segment-size.ts";
import { unspecified } from "../../net/address.ts";
import { plainPacket, type SegmentContent } from "../../net/packet.ts";
import { TCP } from "../../net/protocol.ts";
import { ACK, FIN, PSH, RST, SYN } from "../../net/tcp-flags.ts";
import { schedule } from "../event-queue.ts";
import { originate } from "../originate.ts";
import type { World } from "../world.ts";
import type { Connection } from "./connection.ts";
import { blackHoleAfter, firstProbedMss, nextProbedMss } from "./mtu-probing.ts";
import { sendByPath } from "./path.ts";
import { addWrites, cutSegment, fillsSegment, type SendBuffer, takeSegment, unsigned } from "./send-buffer.ts";
import { removeConnection } from "./stack.ts";

/** Initial sequence number of every connection: its value matters to nobody. */
const ISN = 1000;

/** Seconds before the first retransmission: TCP_TIMEOUT_INIT of a handshake, TCP_RTO_MIN else (include/net/tcp.h). */
const FIRST_TIMEOUT = 1;
export const DATA_TIMEOUT = 0.2;
const LONGEST_TIMEOUT = 120;

/** net.ipv4.tcp_syn_retries, tcp_synack_retries, tcp_retries2 and tcp_orphan_retries, where no dump tells. */
const DEFAULT_RETRIES = { tcp_syn_retries: 6, tcp_synack_retries: 5, tcp_retries2: 15, tcp_orphan_retries: 8 };

const NOTHING = new Uint8Array();

/** What a segment is to who looks at packets. */
type SegmentKind = PacketKind & ("request" | "syn-ack" | "ack" | "data" | "fin" | "tcp-reset");

/** How segments go out where their socket is bound to no device: one for each kind, however many there are. */
const UNBOUND: { readonly [kind in SegmentKind]: SendOptions } = {
  request: optionsOf("request", null, false),
  "syn-ack": optionsOf("syn-ack", null, false),
  ack: optionsOf("ack", null, false),
  data: optionsOf("data", null, false),
  fin: optionsOf("fin", null, false),
  "tcp-reset": optionsOf("tcp-reset", null, false),
};

function optionsOf(kind: SegmentKind, boundInterface: string | null, connects: boolean): SendOptions {
  // ip_build_and_send_pkt(), inet_csk_route_req()
  return {
    kind,
    cause: null,
    boundInterface,
    connects,
    discoversMtu: kind !== "syn-ack",
    ownSource: kind === "syn-ack",
  };
}

/** Sends one segment; the errno that its way through the host gave. `position`: its number, from 0, the SYN; `first`: the first of its socket. */
function transmitSegment(
  world: World,
  connection: Connection,
  kind: SegmentKind,
  flags: number,
  position: number,
  unsigned: SegmentContent | null = null,
  first = false,
): string | null {
  const { options, local, remote, localPort, remotePort } = connection;
  const { key, device } = options;
  const withAck = (flags & ACK) !== 0;
  const seq = (ISN + position) >>> 0;
  const ack = withAck ? (connection.remoteIsn + connection.expected) >>> 0 : 0;
  const content = key === null ? unsigned : { octets: unsigned?.octets ?? NOTHING, key };
  if (sendByPath(world, connection, flags, seq, ack, content)) return null;
  const sent = plainPacket(local, remote, TCP);
  sent.sport = localPort;
  sent.dport = remotePort;
  sent.ttl = options.ttl;
  sent.tos = options.tos;
  sent.df = remote.family === 4;
  sent.flags = flags;
  sent.seq = seq;
  sent.ack = ack;
  if ((flags & SYN) !== 0) {
    const mtu = tellMss(connection.runtime, sent, device, connection.mark);
    if (mtu !== null) lowerMss(connection, sentMss(connection.runtime, mtu, remote.family));
  }
  sent.payloadLength = unsigned === null ? 0 : unsigned.octets.length;
  sent.content = content;
  const how = first || device !== null ? optionsOf(kind, device, first) : UNBOUND[kind];
  const { mark } = connection;
  const { error } = originate(world, connection.runtime, sent, mark === 0 ? how : { ...how, mark }, connection);
  if (error === "EMSGSIZE") followMtu(world, connection);
  return error;
}

/** Segments become no longer than this. */
export function lowerMss(connection: Connection, mss: number): void {
  connection.mss = Math.min(connection.mss, mss);
}

/**
 * tcp_sync_mss(), tcp_simple_retransmit() (net/ipv4/tcp_output.c, tcp_input.c): the way to the other side takes less than it did. What was
 * too long is cut, and sent again at once.
 */
export function followMtu(world: World, connection: Connection): void {
  const { runtime, local, remote, localPort, remotePort, options } = connection;
  const segment = plainPacket(local, remote, TCP);
  segment.sport = localPort;
  segment.dport = remotePort;
  segment.tos = options.tos;
  const mtu = mtuOfSegment(runtime, segment, options.device, connection.mark);
  sendShorter(world, connection, mtu === null ? connection.mss : sentMss(runtime, mtu, remote.family));
}

/** Segments have no more octets than these from now on: those under way are cut, and sent again. Whether there was one that is longer. */
function sendShorter(world: World, connection: Connection, mss: number): boolean {
  if (mss >= connection.mss) return false;
  connection.mss = mss;
  const flight = connection.flight.flatMap((content) =>
    content.octets.length > mss ? cutSegment(content, mss) : [content],
  );
  if (flight.length === connection.flight.length) return false;
  connection.flight = flight;
  let seq = connection.flightFrom;
  for (const content of flight) {
    transmitSegment(world, connection, "data", PSH | ACK, seq, content);
    seq += content.octets.length;
  }
  return true;
}

/** What is sent in vain may be too long for the way. */
function probe(world: World, connection: Connection): boolean {
  const { runtime, retries: timeouts, probedMss } = connection;
  if (timeouts < blackHoleAfter(runtime)) return false;
  const mss = nextProbedMss(runtime, probedMss);
  if (mss === null) return false;
  connection.probedMss = mss;
  return sendShorter(world, connection, mss);
}

export function sendSyn(world: World, connection: Connection, first: boolean): string | null {
  const error = transmitSegment(world, connection, "request", SYN, 0, null, first);
  arm(world, connection);
  return error;
}

export function sendSynAck(world: World, connection: Connection): void {
  transmitSegment(world, connection, "syn-ack", SYN | ACK, 0);
  arm(world, connection);
}

export function sendAck(world: World, connection: Connection): void {
  transmitSegment(world, connection, "ack", ACK, connection.next);
}

/** tcp_invalid_ratelimit: how often unexpected segments are answered, or two ends that misunderstand each other would never rest. */
const CHALLENGE_INTERVAL = 0.5;

/** Tells again what is expected next (tcp_oow_rate_limited). */
export function sendChallenge(world: World, connection: Connection): void {
  if (world.now - connection.challenged < CHALLENGE_INTERVAL) return;
  connection.challenged = world.now;
  sendAck(world, connection);
}

/**
 * Puts octets into the stream, in one or more writes: a list that does not change any more, but for those at some positions (in order),
 * and `last`.
 */
export function sendOctets(
  world: World,
  connection: Connection,
  writes: readonly Uint8Array[],
  leftOut: readonly number[] = NONE,
  last: Uint8Array | null = null,
): void {
  if (connection.state !== "established" && connection.state !== "close-wait") return;
  const only = last === null && leftOut.length === 0 && writes.length === 1 ? writes[0] : undefined;
  if (only !== undefined && goesAtOnce(connection, only)) return sendPiece(world, connection, unsigned(only));
  let from = 0;
  for (let index = 0; index < leftOut.length; index++) {
    const position = leftOut[index] ?? 0;
    addWrites(connection, writes, from, position);
    from = position + 1;
  }
  addWrites(connection, writes, from, writes.length);
  if (last !== null) addWrites(connection, [last], 0, 1);
  sendQueue(world, connection);
}

/** Nothing waits, nothing is under way, and one segment takes it all. */
function goesAtOnce({ queue, flight, mss, next, acknowledged }: Connection, { length }: Uint8Array): boolean {
  return (
    queue.length === 0 && flight.length === 0 && length > 0 && length <= mss && length <= WINDOW - (next - acknowledged)
  );
}

const NONE: readonly number[] = [];

/** What a receiver has room for: the window that segments tell (`packet`), which nothing scales. */
const WINDOW = 64240;

/**
 * Sends what waits, as far as it may: a small segment waits while another is not acknowledged (Nagle, RFC 9293 section 3.7.4, until
 * the socket is closed), no more is under way than the receiver has room for, and after a retransmission timeout there is room for one
 * segment only (RFC 5681 section 3.1).
 */
export function sendQueue(world: World, connection: Connection): void {
  const { queue } = connection;
  while (queue.length > 0) {
    const outstanding = connection.flight.length > 0;
    if (outstanding && connection.retries > 0) return;
    if (outstanding && !connection.closing && !fillsSegment(queue, connection.mss)) return;
    const seq = connection.next;
    const piece = takeSegment(queue, connection.mss, WINDOW - (seq - connection.acknowledged));
    if (piece === null) return;
    sendPiece(world, connection, piece);
  }
  if (connection.closing && !connection.finSent) sendFin(world, connection);
}

/** One segment of what was written. */
function sendPiece(world: World, connection: Connection, piece: SegmentContent): void {
  const seq = connection.next;
  connection.next += piece.octets.length;
  if (connection.flight.length > 0) connection.flight.push(piece);
  else {
    connection.flightFrom = seq;
    // a list that grows has room for many
    connection.flight = [piece];
  }
  arm(world, connection);
  transmitSegment(world, connection, "data", PSH | ACK, seq, piece);
}

function sendFin(world: World, connection: Connection): void {
  connection.finSent = true;
  const seq = connection.next++;
  arm(world, connection);
  transmitSegment(world, connection, "fin", FIN | ACK, seq);
}

export function sendReset(world: World, connection: Connection): void {
  transmitSegment(world, connection, "tcp-reset", RST | ACK, connection.next);
}

/** Forgets a connection, and tells the program. */
export function drop(world: World, connection: Connection, errno: string | null): void {
  if (connection.state === "closed") return;
  forget(world, connection);
  const { events } = connection;
  connection.events = null;
  events?.lost(errno);
}

export function forget(world: World, connection: Connection): void {
  connection.state = "closed";
  connection.retransmission.expires = null;
  connection.flight = [];
  connection.queue = [];
  removeConnection(world.tcp, connection);
}

/**
 * The program lets go of its socket (tcp_close): a connection that was complete is taken down with FIN, or with a reset where
 * octets were left that nobody read.
 */
export function closeConnection(world: World, connection: Connection): void {
  connection.events = null;
  switch (connection.state) {
    case "syn-sent":
    case "syn-received":
      forget(world, connection);
      return;
    case "established":
    case "close-wait":
      if (connection.unread) {
        sendReset(world, connection);
        forget(world, connection);
        return;
      }
      connection.state = connection.state === "established" ? "fin-wait" : "last-ack";
      connection.closing = true;
      sendQueue(world, connection);
      return;
    default:
      return;
  }
}

/** Sees to it that the oldest segment is sent again in time. */
export function arm(world: World, connection: Connection): void {
  const base = isHandshake(connection) ? FIRST_TIMEOUT : DATA_TIMEOUT;
  connection.retransmission.expires ??= world.now + Math.min(base * 2 ** connection.retries, LONGEST_TIMEOUT);
  if (connection.timerRuns) return;
  connection.timerRuns = true;
  schedule(world.queue, connection.retransmission.expires, timeout, [world, connection], connection.retransmission);
}

function isHandshake({ state }: Connection): boolean {
  return state === "syn-sent" || state === "syn-received";
}

function timeout(world: World, connection: Connection): void {
  connection.timerRuns = false;
  const due = connection.retransmission.expires;
  if (due === null || connection.state === "closed") return;
  if (world.now < due) return arm(world, connection);
  connection.retries++;
  connection.retransmission.expires = null;
  if (connection.retries > mostRetries(connection)) {
    drop(world, connection, connection.softError ?? "ETIMEDOUT");
    return;
  }
  if (connection.state === "syn-sent") sendSyn(world, connection, false);
  else if (connection.state === "syn-received") sendSynAck(world, connection);
  else {
    arm(world, connection);
    if (probe(world, connection)) return;
    const oldest = connection.flight[0];
    if (oldest !== undefined) {
      transmitSegment(world, connection, "data", PSH | ACK, connection.flightFrom, oldest);
    } else if (connection.finSent) {
      transmitSegment(world, connection, "fin", FIN | ACK, connection.next - 1);
    }
  }
}

function mostRetries({ state, events, runtime }: Connection): number {
  if (state === "syn-sent") return retries(runtime, "tcp_syn_retries");
  if (state === "syn-received") return retries(runtime, "tcp_synack_retries");
  return retries(runtime, events === null ? "tcp_orphan_retries" : "tcp_retries2");
}

function retries({ host }: HostRuntime, name: keyof typeof DEFAULT_RETRIES): number {
  const written = Number(host.sysctls.get(`net.ipv4.${name}`) ?? "");
  return Number.isInteger(written) && written > 0 ? written : DEFAULT_RETRIES[name];
}

/** A connection at rest, in a state. */
export function newConnection(
  runtime: HostRuntime,
  ends: Pick<Connection, "local" | "localPort" | "remote" | "remotePort" | "options" | "state">,
): Connection {
  // what stands within a literal makes it one that V8 copies in a slow way
  const flight: SegmentContent[] = [];
  const queue: SendBuffer = [];
  const retransmission = { expires: null };
  const probedMss = firstProbedMss(runtime);
  return {
    runtime,
    local: ends.local ?? unspecified(ends.remote.family),
    localPort: ends.localPort,
    remote: ends.remote,
    remotePort: ends.remotePort,
    options: ends.options,
    mark: 0,
    state: ends.state,
    events: null,
    acknowledged: 0,
    next: 1,
    expected: 0,
    remoteIsn: 0,
    mss: probedMss ?? 0xffff,
    probedMss,
    flight,
    flightFrom: 1,
    queue,
    closing: false,
    finSent: false,
    paused: false,
    unread: false,
    retries: 0,
    retransmission,
    timerRuns: false,
    challenged: Number.NEGATIVE_INFINITY,
    softError: null,
    dataPath: null,
    ackPath: null,
    noted: null,
  };
}

/** The number of an acknowledgement, relative to our own ISN and near `around`. */
export function relative(wire: number, isn: number, around: number): number {
  return around + ((wire - isn - around) | 0);
}

export { ISN };
