import type { SegmentContent } from "../../net/packet.ts";

/** What was written and not sent, in order. */
export type SendBuffer = Part[];

/** Writes that stand one after the other in a list, which others may be sent too: it does not change any more. */
interface Part {
  readonly writes: readonly Uint8Array[];
  /** The first that was not sent, and the one behind the last. */
  next: number;
  readonly end: number;
  /** Segments that begin with each of them; null where the list is too short to remember any. */
  readonly pieces: Pieces | null;
}

/** By the position of the first write, all of segments of one size. */
interface Pieces {
  readonly mss: number;
  readonly list: (Piece | undefined)[];
  /** Of another size. */
  readonly others: Pieces | null;
}

/** A segment of whole writes, and the position behind the last. */
interface Piece {
  readonly content: SegmentContent;
  readonly end: number;
}

const piecesOf = new WeakMap<readonly Uint8Array[], Pieces>();

/**
 * Puts writes of a list behind what waits in the queue of a connection. Where several are given the same list, they are sent the same
 * segments of it, as long as they have room for as much.
 */
export function addWrites(
  connection: { queue: SendBuffer; readonly mss: number },
  writes: readonly Uint8Array[],
  from: number,
  end: number,
): void {
  if (from >= end) return;
  const pieces = writes.length === 1 ? null : remembered(writes, connection.mss);
  const part: Part = { writes, next: from, end, pieces };
  // a list that grows has room for many
  if (connection.queue.length === 0) connection.queue = [part];
  else connection.queue.push(part);
}

function remembered(writes: readonly Uint8Array[], mss: number): Pieces {
  const known = piecesOf.get(writes) ?? null;
  for (let pieces = known; pieces !== null; pieces = pieces.others) if (pieces.mss === mss) return pieces;
  const list: (Piece | undefined)[] = [];
  const made = { mss, list, others: known };
  piecesOf.set(writes, made);
  return made;
}

/** Whether there is enough for a whole segment. */
export function fillsSegment(buffer: SendBuffer, mss: number): boolean {
  let sum = 0;
  for (let place = 0; place < buffer.length; place++) {
    const part = buffer[place];
    if (part === undefined) continue;
    for (let index = part.next; index < part.end; index++) {
      sum += part.writes[index]?.length ?? 0;
      if (sum >= mss) return true;
    }
  }
  return false;
}

/**
 * Takes one segment's worth, which nobody has signed: as many whole writes as there is room for, or a part of one that is longer; null where nothing waits, or
 * where that is more than `room` octets.
 */
export function takeSegment(buffer: SendBuffer, mss: number, room: number): SegmentContent | null {
  const part = buffer[0];
  const first = part?.writes[part.next];
  if (part === undefined || first === undefined) return null;
  const isAlone = buffer.length === 1;
  if (isAlone && part.end === part.next + 1 && first.length <= mss) {
    // most of all: one write waits
    if (first.length > room) return null;
    buffer.pop();
    return unsigned(first);
  }
  const piece = first.length > mss ? null : pieceOf(part, mss);
  if (piece === null || piece.end > part.end || (piece.end === part.end && !isAlone)) {
    return takeFromSeveral(buffer, first, mss, room);
  }
  if (piece.content.octets.length > room) return null;
  part.next = piece.end;
  if (part.next === part.end) buffer.shift();
  return piece.content;
}

/** The segment that a list's own writes make, were it sent whole. */
function pieceOf({ writes, next, pieces }: Part, mss: number): Piece | null {
  if (pieces === null || pieces.mss !== mss) return null;
  const { list } = pieces;
  const known = list[next];
  if (known !== undefined) return known;
  let end = next;
  let length = 0;
  for (; end < writes.length; end++) {
    const more = writes[end]?.length ?? 0;
    if (length + more > mss) break;
    length += more;
  }
  const first = end === next + 1 ? writes[next] : undefined;
  const made = { content: unsigned(first ?? joined(writes.slice(next, end), length)), end };
  // no place is left out in between
  while (list.length < next) list.push(undefined);
  list[next] = made;
  return made;
}

/** Octets of a segment that nobody has signed. */
export function unsigned(octets: Uint8Array): SegmentContent {
  return { octets, key: null };
}

function takeFromSeveral(buffer: SendBuffer, first: Uint8Array, mss: number, room: number): SegmentContent | null {
  const part = buffer[0];
  if (part === undefined) return null;
  if (first.length > mss) {
    if (mss > room) return null;
    if (++part.next === part.end) buffer.shift();
    buffer.unshift({ writes: [first.subarray(mss)], next: 0, end: 1, pieces: null });
    return unsigned(first.subarray(0, mss));
  }
  const writes = writesFor(buffer, mss);
  let length = 0;
  for (let index = 0; index < writes.length; index++) length += writes[index]?.length ?? 0;
  if (length > room) return null;
  let left = writes.length;
  for (let one = buffer[0]; one !== undefined && left > 0; one = buffer[0]) {
    const taken = Math.min(left, one.end - one.next);
    left -= taken;
    one.next += taken;
    if (one.next === one.end) buffer.shift();
  }
  const second = writes[1];
  if (second === undefined) return unsigned(first);
  return unsigned(writes.length === 2 ? joinedPair(first, second) : joined(writes, length));
}

/** A write and the one that followed it last in a segment. */
interface Pair {
  readonly second: Uint8Array;
  readonly octets: Uint8Array;
}

const pairs = new WeakMap<Uint8Array, Pair>();

/** One segment for all who are sent the same two writes, as neighbours of a daemon are that come up: what it tells, and the mark of its end. */
function joinedPair(first: Uint8Array, second: Uint8Array): Uint8Array {
  const known = pairs.get(first);
  if (known !== undefined && known.second === second) return known.octets;
  const octets = joined([first, second], first.length + second.length);
  pairs.set(first, { second, octets });
  return octets;
}

/** The whole writes that a segment has room for. */
function writesFor(buffer: SendBuffer, mss: number): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  let length = 0;
  for (let place = 0; place < buffer.length; place++) {
    const part = buffer[place];
    if (part === undefined) continue;
    for (let index = part.next; index < part.end; index++) {
      const write = part.writes[index];
      if (write === undefined || length + write.length > mss) return found;
      length += write.length;
      found.push(write);
    }
  }
  return found;
}

function joined(writes: readonly Uint8Array[], length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let at = 0;
  for (const write of writes) {
    octets.set(write, at);
    at += write.length;
  }
  if (writes.every(isWhole)) writesIn.set(octets, writes);
  return octets;
}

const writesIn = new WeakMap<Uint8Array, readonly Uint8Array[]>();

/** Not a part of what was written. */
function isWhole({ length, buffer }: Uint8Array): boolean {
  return length === buffer.byteLength;
}

/** The same octets in segments of at most `mss`. */
export function cutSegment({ octets }: SegmentContent, mss: number): readonly SegmentContent[] {
  const parts: SegmentContent[] = [];
  for (let from = 0; from < octets.length; from += mss) parts.push(unsigned(octets.subarray(from, from + mss)));
  return parts;
}

/** The writes that a segment is made of, each the very object that was written; null where it is not made of whole ones. */
export function writesOf(octets: Uint8Array): readonly Uint8Array[] | null {
  return writesIn.get(octets) ?? (isWhole(octets) ? [octets] : null);
}
