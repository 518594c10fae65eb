import { eventQueue, moveEvents, nextBeside, type PendingTimer, schedule } from "../../emulator/event-queue.ts";
import type { Connection } from "../../emulator/tcp/connection.ts";
import { lastsFor, moveStream, type Path, passBy, pathHolds } from "../../emulator/tcp/path.ts";
import { settle, type World } from "../../emulator/world.ts";
import { HEADER_LENGTH } from "../messages/message.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer, PeerConnection } from "./peer.ts";
import { keepaliveTimeout } from "./session.ts";
import { jittered } from "./timer.ts";

/** One end of a session that has nothing to say but that it is there. */
interface End {
  readonly core: BgpCore;
  readonly peer: Peer;
  readonly connection: PeerConnection;
  readonly socket: Connection;
  readonly data: Path;
  readonly acks: Path;
}

type Session = readonly [End, End];

/**
 * Plays what sessions at rest do until another thing happens, or to `until` (virtual seconds) where nothing does: their keepalives, of
 * which all but the first and last are not played one by one. What is left of it in the queue are looks at timers that have been
 * put off. Returns the time to which all is played.
 */
export function playIdle(world: World, cores: readonly BgpCore[], until: number): number {
  const sessions = sessionsAtRest(world, cores);
  if (sessions.length === 0) return world.now;
  const timers = new Set<PendingTimer>();
  for (const { connection } of sessions.flat()) timers.add(connection.holdTimer).add(connection.keepaliveTimer);
  const next = nextBeside(world.queue, timers);
  const isOpen = next !== null && next <= until;
  const end = isOpen ? next : until;
  const within = (time: number): boolean => (isOpen ? time < end : time <= end);
  const { now } = world;
  for (const session of sessions) play(world, session, within);
  world.now = now;
  return end;
}

/** Sessions of which both ends are in this World, and neither has anything on its way. */
function sessionsAtRest(world: World, cores: readonly BgpCore[]): readonly Session[] {
  const ends = new Map<Connection, End>();
  for (const core of cores) {
    if (!core.running) continue;
    for (const peer of core.peers) {
      const end = endAtRest(world, core, peer);
      if (end !== null) ends.set(end.socket, end);
    }
  }
  const sessions: Session[] = [];
  for (const [socket, end] of ends) {
    const other = ends.get(end.data.receiver);
    if (other === undefined || other.data.receiver !== socket) continue;
    ends.delete(other.socket);
    if (fits(end, other) && fits(other, end)) sessions.push([end, other]);
  }
  return sessions;
}

function endAtRest(world: World, core: BgpCore, peer: Peer): End | null {
  const connection = peer.session;
  const socket = connection?.socket ?? null;
  if (connection === null || socket === null || connection.state !== "Established") return null;
  if (peer.pending.size > 0 || peer.flushQueued || peer.decisionQueued || peer.protocol.state !== "up") return null;
  if (connection.received.length > 0 || connection.holdTimer.expires === null) return null;
  const { dataPath: data, ackPath: acks } = socket;
  if (data === null || acks === null || data.receiver !== acks.receiver) return null;
  if (socket.state !== "established" || socket.flight.length > 0 || socket.queue.length > 0 || socket.paused)
    return null;
  if (socket.acknowledged !== socket.next || socket.closing || socket.softError !== null) return null;
  return pathHolds(world, data) && pathHolds(world, acks) ? { core, peer, connection, socket, data, acks } : null;
}

/** The keepalives of `from` come in time for the other's hold timer, and for whoever tracks the connection on the way. */
function fits(from: End, to: End): boolean {
  const { keepaliveTime, keepaliveTimer } = from.connection;
  const { holdTime, holdTimer } = to.connection;
  const { expires: due } = keepaliveTimer;
  if (keepaliveTime === 0 || due === null || holdTimer.expires === null || due >= holdTimer.expires) return false;
  if (keepaliveTime >= holdTime - Math.floor(holdTime / 4)) return false;
  if (from.socket.expected !== to.socket.next || to.data.receiver !== from.socket) return false;
  return lastsFor(from.data, 2 * keepaliveTime) && lastsFor(to.acks, 2 * keepaliveTime);
}

function play(world: World, session: Session, within: (time: number) => boolean): void {
  const heard = [false, false];
  while (!(heard[0] === true && heard[1] === true)) {
    const time = nextKeepalive(session);
    if (time === null || !within(time)) return;
    for (const [index, { connection }] of session.entries()) {
      if (connection.keepaliveTimer.expires === time) heard[index] = true;
    }
    exchange(world, session, time);
  }
  passMany(world, session, within);
  for (;;) {
    const time = nextKeepalive(session);
    if (time === null || !within(time)) return;
    exchange(world, session, time);
  }
}

function nextKeepalive([x, y]: Session): number | null {
  const { expires: first } = x.connection.keepaliveTimer;
  const { expires: second } = y.connection.keepaliveTimer;
  return first === null || second === null ? null : Math.min(first, second);
}

/** The keepalives of one moment, with all that they bring about, while everything else waits. */
function exchange(world: World, session: Session, time: number): void {
  const waiting = world.queue;
  world.queue = eventQueue();
  world.now = time;
  for (const { core, peer, connection } of session) {
    if (connection.keepaliveTimer.expires !== time) continue;
    connection.keepaliveTimer.expires = null;
    schedule(world.queue, time, keepaliveTimeout, [core, peer, connection]);
  }
  settle(world, time);
  moveEvents(world.queue, waiting);
  world.queue = waiting;
}

/** Timers of a session, and how many there were. */
interface Clock {
  keepalive: number;
  hold: number;
  started: number;
  sent: number;
}

/** All keepalives but the last of each end, in numbers only. */
function passMany(world: World, session: Session, within: (time: number) => boolean): void {
  const clocks = session.map(
    ({ peer, connection }): Clock => ({
      keepalive: connection.keepaliveTimer.expires ?? 0,
      hold: connection.holdTimer.expires ?? 0,
      started: peer.timersStarted,
      sent: 0,
    }),
  );
  const [x, y] = clocks;
  if (x === undefined || y === undefined) return;
  const [first, second] = session;
  // What stood before the latest keepalive of each: from the earlier of the two on, all is played.
  let before: readonly [Clock, Clock] = [{ ...x }, { ...y }];
  let beforeX = before;
  let beforeY = before;
  for (;;) {
    const time = Math.min(x.keepalive, y.keepalive);
    if (!within(time)) break;
    before = [{ ...x }, { ...y }];
    const byX = x.keepalive === time;
    const byY = y.keepalive === time;
    if (byX) beforeX = before;
    if (byY) beforeY = before;
    if (byX) x.keepalive = time + jittered(first.connection.keepaliveTime, first.peer.hash, x.started++);
    if (byY) y.keepalive = time + jittered(second.connection.keepaliveTime, second.peer.hash, y.started++);
    if (byX) y.hold = time + jittered(second.connection.holdTime, second.peer.hash, y.started++);
    if (byY) x.hold = time + jittered(first.connection.holdTime, first.peer.hash, x.started++);
    x.sent += Number(byX);
    y.sent += Number(byY);
  }
  const [atX, atY] = beforeX[0].sent + beforeX[1].sent < beforeY[0].sent + beforeY[1].sent ? beforeX : beforeY;
  if (atX.sent + atY.sent === 0) return;
  set(first, atX);
  set(second, atY);
  pass(world, first, second, atX.sent);
  pass(world, second, first, atY.sent);
}

function set({ peer, connection }: End, { keepalive, hold, started }: Clock): void {
  connection.keepaliveTimer.expires = keepalive;
  connection.holdTimer.expires = hold;
  peer.timersStarted = started;
}

/** So many keepalives of one end have reached the other and were acknowledged. */
function pass(world: World, from: End, to: End, sent: number): void {
  const octets = sent * HEADER_LENGTH;
  from.socket.next += octets;
  from.socket.acknowledged += octets;
  to.socket.expected += octets;
  moveStream(from.data, to.acks, octets);
  passBy(world, from.data, sent, HEADER_LENGTH);
  passBy(world, to.acks, sent, 0);
}
