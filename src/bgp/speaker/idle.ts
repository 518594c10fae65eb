import { nextBeside } from "../../emulator/event-queue.ts";
import type { Connection } from "../../emulator/tcp/connection.ts";
import { type Path, pathHolds } from "../../emulator/tcp/path.ts";
import {
  isTaken,
  isTrackedAlong,
  lastsFor,
  moveStream,
  type Numbers,
  nextNumbers,
  passBy,
  passHop,
} from "../../emulator/tcp/stream.ts";
import { arouse, type PutOff, type World } from "../../emulator/world.ts";
import { HEADER_LENGTH } from "../messages/message.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer, PeerConnection } from "./peer.ts";
import { jittered, type Timer, takeBack } from "./timer.ts";

/** One end of a session that has nothing to say but that it is there. */
interface End {
  readonly peer: Peer;
  readonly connection: PeerConnection;
  readonly hold: Timer;
  readonly keepalive: Timer;
  readonly socket: Connection;
  readonly data: Path;
  readonly acks: Path;
}

type Session = readonly [End, End];

/**
 * What sessions at rest do until another thing happens, or to `until` (virtual seconds) where nothing does: their keepalives. No
 * event is played for them: whoever counts or tracks segments is told of the last ones one by one, and of those before in numbers only.
 * Where nothing else happens even that is put off, until somebody looks. Returns the time to which the World is brought.
 */
export function playIdle(world: World, cores: readonly BgpCore[], until: number): number {
  const sessions = sessionsAtRest(world, cores);
  if (sessions.length === 0) return world.now;
  const timers: Timer[] = [];
  // there are thousands: no iterator for each
  for (let index = 0; index < sessions.length; index++) {
    addTimers(timers, sessions[index]?.[0]);
    addTimers(timers, sessions[index]?.[1]);
  }
  const next = nextBeside(world.queue);
  const { sequence } = world.queue;
  const rest: Rest = { world, sessions, timers, next, sequence, play: playRest };
  if (next !== null && next <= until) {
    rest.play(next, true);
    return next;
  }
  world.putOff = rest;
  return until;
}

/** The timers of an end are put aside. */
function addTimers(timers: Timer[], end: End | undefined): void {
  if (end === undefined) return;
  const { hold, keepalive } = end;
  hold.aside = true;
  keepalive.aside = true;
  timers.push(hold, keepalive);
}

/** Sessions that rest from some time on, and their timers, whose looks are left out meanwhile. */
interface Rest extends PutOff {
  readonly world: World;
  readonly sessions: readonly Session[];
  readonly timers: readonly Timer[];
}

function playRest(this: Rest, end: number, isOpen: boolean): void {
  const { world, sessions, timers } = this;
  const { now } = world;
  let moved = false;
  for (const session of sessions) if (play(world, session, end, isOpen)) moved = true;
  world.now = now;
  takeBack(world, timers, moved ? end : null);
}

/** Goes on with what is put off, as far as nothing else happens. False: nothing is put off any more, and all is played to some time. */
export function restOn(world: World, until: number): boolean {
  const { putOff } = world;
  if (putOff === null) return false;
  const { next, sequence } = putOff;
  // Somebody put an event into the queue, who did not look at anything.
  if (sequence !== world.queue.sequence) {
    arouse(world);
    return false;
  }
  if (next !== null && next <= until) {
    world.putOff = null;
    world.now = next;
    putOff.play(next, true);
    return false;
  }
  world.now = until;
  return true;
}

/** Sessions of which both ends are in this World, and neither has anything on its way. */
function sessionsAtRest(world: World, cores: readonly BgpCore[]): readonly Session[] {
  const ends = new Map<Connection, End>();
  const sessions: Session[] = [];
  for (const core of cores) {
    if (!core.running) continue;
    const { peers } = core;
    for (let index = 0; index < peers.length; index++) {
      const peer = peers[index];
      const end = peer === undefined ? null : endAtRest(world, peer);
      if (end === null) continue;
      const other = ends.get(end.data.receiver);
      if (other === undefined) ends.set(end.socket, end);
      else if (fits(other, end) && fits(end, other)) sessions.push([other, end]);
    }
  }
  return sessions;
}

function endAtRest(world: World, peer: Peer): End | null {
  const connection = peer.session;
  const socket = connection?.socket ?? null;
  if (connection === null || socket === null || connection.state !== "Established") return null;
  if (
    peer.pending.size > 0 ||
    peer.feed !== null ||
    peer.flushQueued ||
    peer.decisionQueued ||
    peer.protocol.state !== "up"
  )
    return null;
  const { timers } = connection;
  if (connection.received.length > 0 || timers === null || timers.hold.expires === null) return null;
  const { dataPath: data, ackPath: acks } = socket;
  if (data === null || acks === null || data.receiver !== acks.receiver) return null;
  if (socket.state !== "established" || socket.flight.length > 0 || socket.queue.length > 0 || socket.paused)
    return null;
  if (socket.acknowledged !== socket.next || socket.closing || socket.softError !== null) return null;
  if (!pathHolds(world, data) || (acks !== data && !pathHolds(world, acks))) return null;
  const { hold, keepalive } = timers;
  return { peer, connection, hold, keepalive, socket, data, acks };
}

/**
 * The keepalives of `from` come in time for the other's hold timer, and for whoever tracks the connection on the way; and each of them takes
 * the next one as it took those before.
 */
function fits(from: End, to: End): boolean {
  const { keepaliveTime } = from.connection;
  const { holdTime } = to.connection;
  const { expires: due } = from.keepalive;
  const { expires: end } = to.hold;
  if (keepaliveTime === 0 || due === null || end === null || due >= end) return false;
  if (keepaliveTime >= holdTime - Math.floor(holdTime / 4)) return false;
  if (from.socket.expected !== to.socket.next || to.data.receiver !== from.socket) return false;
  if (!isTrackedAlong(to.acks, from.data)) return false;
  if (!isTaken(from.data, nextNumbers(from.socket, HEADER_LENGTH))) return false;
  if (!isTaken(to.acks, nextNumbers(to.socket, 0))) return false;
  return lastsFor(from.data, 2 * keepaliveTime) && lastsFor(to.acks, 2 * keepaliveTime);
}

/** Whether there was anything to do before `end`, or at it where nothing else happens then (`isOpen`). */
function play(world: World, session: Session, end: number, isOpen: boolean): boolean {
  const first = nextKeepalive(session);
  if (!isWithin(first, end, isOpen)) return false;
  passMany(world, session, end, isOpen);
  for (let time = nextKeepalive(session); isWithin(time, end, isOpen); time = nextKeepalive(session)) {
    exchange(world, session, time);
  }
  return true;
}

function isWithin(time: number, end: number, isOpen: boolean): boolean {
  return isOpen ? time < end : time <= end;
}

function nextKeepalive([x, y]: Session): number {
  return Math.min(dueOf(x), dueOf(y));
}

function dueOf({ keepalive }: End): number {
  return keepalive.expires ?? Number.POSITIVE_INFINITY;
}

/** A segment that is under way between the ends of a session. */
interface Passing {
  readonly from: End;
  readonly to: End;
  readonly path: Path;
  readonly numbers: Numbers;
  /** The host that it comes to next. */
  readonly index: number;
}

/** The keepalives of one moment and their acknowledgements, host by host, as the events of their segments would do it. */
function exchange(world: World, session: Session, time: number): void {
  const [x, y] = session;
  const line: Passing[] = [];
  const byX = dueOf(x) === time;
  const byY = dueOf(y) === time;
  world.now = time;
  if (byX) say(world, line, x, y);
  if (byY) say(world, line, y, x);
  for (const passing of line) goOn(world, line, passing);
}

function say(world: World, line: Passing[], from: End, to: End): void {
  send(world, line, from, to, from.data, HEADER_LENGTH);
  from.socket.next += HEADER_LENGTH;
  const { connection, peer, keepalive } = from;
  keepalive.expires = world.now + nextInterval(peer, connection.keepaliveTime);
}

function send(world: World, line: Passing[], from: End, to: End, path: Path, payload: number): void {
  const numbers = nextNumbers(from.socket, payload);
  passHop(world, path, 0, numbers);
  line.push({ from, to, path, numbers, index: 1 });
}

function goOn(world: World, line: Passing[], { from, to, path, numbers, index }: Passing): void {
  passHop(world, path, index, numbers);
  if (index < path.hops.length - 1) line.push({ from, to, path, numbers, index: index + 1 });
  else if (numbers.payload === 0) to.socket.acknowledged += HEADER_LENGTH;
  else {
    to.socket.expected += numbers.payload;
    send(world, line, to, from, to.acks, 0);
    to.hold.expires = world.now + nextInterval(to.peer, to.connection.holdTime);
  }
}

function nextInterval(peer: Peer, seconds: number): number {
  return jittered(seconds, peer.hash, peer.timersStarted++);
}

/** Timers of one end, and how many of its keepalives there were. */
interface Clock {
  readonly keepalive: number;
  readonly started: number;
  readonly sent: number;
  /** When the hold timer was started last, and the how-manieth timer it was; null: not since. */
  readonly heard: number | null;
  readonly asTimer: number;
}

function clockOf({ peer, keepalive }: End): Clock {
  const { expires } = keepalive;
  return { keepalive: expires ?? 0, started: peer.timersStarted, sent: 0, heard: null, asTimer: 0 };
}

/**
 * All keepalives up to the latest of each end, in numbers only: from the earlier of these two on, order matters. Most of an idle hour is
 * spent here: clocks stand in variables, and are noted only where a keepalive may be the last.
 */
function passMany(world: World, [first, second]: Session, end: number, isOpen: boolean): void {
  const xTime = first.connection.keepaliveTime;
  const yTime = second.connection.keepaliveTime;
  const xHash = first.peer.hash;
  const yHash = second.peer.hash;
  const x = clockOf(first);
  const y = clockOf(second);
  let { keepalive: xDue, started: xStarted } = x;
  let { keepalive: yDue, started: yStarted } = y;
  let xHeard: number | null = null;
  let yHeard: number | null = null;
  let xTimer = 0;
  let yTimer = 0;
  let xSent = 0;
  let ySent = 0;
  // Before that, another one of the same end follows for certain.
  const late = end - Math.max(xTime, yTime) - 1;
  let beforeX: readonly [Clock, Clock] = [x, y];
  let beforeY = beforeX;
  for (;;) {
    const time = Math.min(xDue, yDue);
    if (!isWithin(time, end, isOpen)) break;
    const byX = xDue === time;
    const byY = yDue === time;
    if (time >= late) {
      const before = [
        { keepalive: xDue, started: xStarted, sent: xSent, heard: xHeard, asTimer: xTimer },
        { keepalive: yDue, started: yStarted, sent: ySent, heard: yHeard, asTimer: yTimer },
      ] as const;
      if (byX) beforeX = before;
      if (byY) beforeY = before;
    }
    if (byX) xDue = time + jittered(xTime, xHash, xStarted++);
    if (byY) yDue = time + jittered(yTime, yHash, yStarted++);
    if (byX) {
      xSent++;
      yHeard = time;
      yTimer = yStarted++;
    }
    if (byY) {
      ySent++;
      xHeard = time;
      xTimer = xStarted++;
    }
  }
  const xIsEarlier = beforeX[0].sent + beforeX[1].sent < beforeY[0].sent + beforeY[1].sent;
  const [atX, atY] = ySent === 0 || (xSent > 0 && xIsEarlier) ? beforeX : beforeY;
  set(first, atX);
  set(second, atY);
  pass(world, first, second, atX.sent);
  pass(world, second, first, atY.sent);
}

function set(end: End, { keepalive, started, heard, asTimer }: Clock): void {
  const { peer, connection, hold } = end;
  end.keepalive.expires = keepalive;
  peer.timersStarted = started;
  if (heard !== null) hold.expires = heard + jittered(connection.holdTime, peer.hash, asTimer);
}

/** So many keepalives of one end have reached the other and were acknowledged. */
function pass(world: World, from: End, to: End, sent: number): void {
  if (sent === 0) return;
  const octets = sent * HEADER_LENGTH;
  from.socket.next += octets;
  from.socket.acknowledged += octets;
  to.socket.expected += octets;
  moveStream(from.data, octets);
  passBy(world, from.data, sent, HEADER_LENGTH);
  passBy(world, to.acks, sent, 0);
}
