import { appendItem, itemAt, type PagedList, pagedList, replaceItem } from "../../net/paged-list.ts";
import { type Connection, IPS_CONFIRMED, IPS_DYING, type Tuple } from "./connection.ts";
import type { SourceTable } from "./nat-source.ts";
import { hashTuple, sameTuple } from "./tuple.ts";

/**
 * The connections one namespace tracks, found by either direction's tuple: an open hash table with linear probing, so
 * that filing a connection makes no object and looking for one reads numbers until a hash agrees. A slot holds numbers only, side by
 * side: a large table is read and written all over, and each place that is touched has to be fetched from memory.
 */
export interface ConntrackTable {
  /**
   * Two words for each slot: the tuple's hash with the direction in bit 0 (1: reply), 0 where the slot is free; and where in
   * `connections` its connection stands.
   */
  slots: Int32Array;
  /**
   * Two bits for each slot, of which a hash names one: clear where no connection has such a hash. Most look-ups are for a tuple that nobody
   * has, and end here: all bits of a large table fit where a processor keeps what it has used lately. Bits of what is gone may be left.
   */
  filed: Int32Array;
  /** In the order in which they were filed; null: it is gone. */
  connections: PagedList<Connection | null>;
  /** How many of them are gone. */
  gone: number;
  /** Slots in use, two for each connection. */
  used: number;
  /** Connections that the host counts and that nobody knows: `nf_conntrack_count` tells of more than are in the table. */
  untold: number;
  /** Connections that a helper listens to. */
  readonly helped: Connection[];
  /** Connections with a port that was drawn from a few (`drawn-port.ts`). */
  readonly drawn: Connection[];
  /** Those whose source was translated (`nat-source.ts`); null until somebody asks. */
  sources: SourceTable | null;
}

/** A live entry and the direction that was found. */
interface Entry {
  readonly connection: Connection;
  readonly reply: boolean;
}

const FIRST_SLOTS = 32;
/** A table with so many slots grows to eight times as many: filing all again takes longer than it looks. */
const LARGE = 4096;
/** One slot, which is free. */
const NO_SLOTS = new Int32Array(2);
const NONE_FILED = new Int32Array(1);
/** Two bits for each slot. */
const SLOTS_IN_WORD = 16;

export function conntrackTable(): ConntrackTable {
  return {
    slots: NO_SLOTS,
    filed: NONE_FILED,
    connections: pagedList(),
    gone: 0,
    used: 0,
    untold: 0,
    helped: [],
    drawn: [],
    sources: null,
  };
}

/** `conntrack -F`: every entry is gone. */
export function flushConntrack(table: ConntrackTable): void {
  for (const page of table.connections.pages)
    for (const connection of page) if (connection !== null) connection.status |= IPS_DYING;
  table.slots = NO_SLOTS;
  table.filed = NONE_FILED;
  table.connections = pagedList();
  table.gone = 0;
  table.used = 0;
  table.untold = 0;
  table.helped.length = 0;
  table.drawn.length = 0;
  table.sources = null;
}

/** The slot of a live entry whose tuple of either direction is `tuple`, or -1; an expired one is removed on the way. */
export function findSlot(table: ConntrackTable, tuple: Tuple, now: number): number {
  return findHashed(table, tuple, hashTuple(tuple), now);
}

function findHashed(table: ConntrackTable, tuple: Tuple, wanted: number, now: number): number {
  if (!mayBeFiled(table, wanted)) return -1;
  const { slots, connections } = table;
  const mask = (slots.length >>> 1) - 1;
  for (let slot = homeOf(wanted, mask); ; slot = (slot + 1) & mask) {
    const filed = slots[slot * 2] ?? 0;
    if (filed === 0) return -1;
    if ((filed ^ wanted) >>> 1 !== 0) continue;
    const connection = itemAt(connections, slots[slot * 2 + 1] ?? 0) ?? null;
    if (connection === null) continue;
    if (!sameTuple((filed & 1) === 1 ? connection.reply : connection.original, tuple)) continue;
    if (connection.expires > now) return slot;
    removeConnection(table, connection);
    return -1;
  }
}

/** The same for an entry that has the tuple in one direction. */
export function findSlotInDirection(table: ConntrackTable, tuple: Tuple, reply: boolean, now: number): number {
  return findHashedInDirection(table, tuple, hashTuple(tuple), reply, now);
}

function findHashedInDirection(table: ConntrackTable, tuple: Tuple, hash: number, reply: boolean, now: number): number {
  if (!mayBeFiled(table, hash)) return -1;
  const { slots, connections } = table;
  const mask = (slots.length >>> 1) - 1;
  const wanted = hash | (reply ? 1 : 0);
  for (let slot = homeOf(wanted, mask); ; slot = (slot + 1) & mask) {
    const filed = slots[slot * 2] ?? 0;
    if (filed === 0) return -1;
    if (filed !== wanted) continue;
    const connection = itemAt(connections, slots[slot * 2 + 1] ?? 0) ?? null;
    if (connection === null || connection.expires <= now) continue;
    if (sameTuple(reply ? connection.reply : connection.original, tuple)) return slot;
  }
}

/** The connection in a slot that `findSlot` returned. */
export function connectionIn(table: ConntrackTable, slot: number): Connection {
  const connection = itemAt(table.connections, table.slots[slot * 2 + 1] ?? 0) ?? null;
  if (connection === null) throw new Error("an empty slot of the connection table");
  return connection;
}

/** Whether the slot holds the connection's reply direction. */
export function isReplyIn(table: ConntrackTable, slot: number): boolean {
  return ((table.slots[slot * 2] ?? 0) & 1) === 1;
}

/** What `findSlot` finds, as an object. */
export function findConnection(table: ConntrackTable, tuple: Tuple, now: number): Entry | null {
  const slot = findSlot(table, tuple, now);
  return slot < 0 ? null : { connection: connectionIn(table, slot), reply: isReplyIn(table, slot) };
}

/** Files a connection under both its tuples (nf_conntrack_hash_insert) and marks it confirmed. */
export function addConnection(table: ConntrackTable, connection: Connection): void {
  addHashed(table, connection, hashTuple(connection.original), hashTuple(connection.reply));
}

function addHashed(table: ConntrackTable, connection: Connection, original: number, reply: number): void {
  const number = admit(table, connection);
  file(table, original, number);
  file(table, reply | 1, number);
}

/**
 * The same unless another connection has one of the tuples, whose slot is returned then; else -1. Where the zones of its two directions
 * differ, only those are in its way that have a tuple in the same direction (nf_ct_key_equal).
 */
export function addUnlessTaken(table: ConntrackTable, connection: Connection, now: number): number {
  const { original, reply } = connection;
  const hash = hashTuple(original);
  const replyHash = hashTuple(reply);
  const oneZone = original.zone === reply.zone;
  let rival = oneZone
    ? findHashed(table, original, hash, now)
    : findHashedInDirection(table, original, hash, false, now);
  if (rival >= 0) return rival;
  rival = oneZone
    ? findHashed(table, reply, replyHash, now)
    : findHashedInDirection(table, reply, replyHash, true, now);
  if (rival >= 0) return rival;
  addHashed(table, connection, hash, replyHash);
  return -1;
}

/** Files a connection that lost a race: only its answer finds it (nf_ct_resolve_clash_harder). */
export function addReplyOnly(table: ConntrackTable, connection: Connection): void {
  const number = admit(table, connection);
  file(table, hashTuple(connection.reply) | 1, number);
}

/** Every connection that is filed, expired ones included, each once. */
export function* connectionsIn(table: ConntrackTable): Generator<Connection> {
  for (let slot = 0; slot * 2 < table.slots.length; slot++) {
    if ((table.slots[slot * 2] ?? 0) === 0 || isReplyIn(table, slot)) continue;
    const connection = itemAt(table.connections, table.slots[slot * 2 + 1] ?? 0) ?? null;
    if (connection !== null) yield connection;
  }
}

export function removeConnection(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_DYING;
  const original = clear(table, connection, hashTuple(connection.original));
  const reply = clear(table, connection, hashTuple(connection.reply) | 1);
  const number = Math.max(original, reply);
  if (number < 0) return;
  replaceItem(table.connections, number, null);
  table.gone++;
}

/** Where the search for a hash begins; bit 0 is the direction's. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> 1) & mask;
}

function mayBeFiled({ filed }: ConntrackTable, hash: number): boolean {
  const bit = bitOf(filed, hash);
  return (((filed[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
}

function noteFiled(filed: Int32Array, hash: number): void {
  const bit = bitOf(filed, hash);
  filed[bit >>> 5] = (filed[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

/** Like `homeOf`: the direction makes no difference. */
function bitOf(filed: Int32Array, hash: number): number {
  return (hash >>> 1) & (filed.length * 32 - 1);
}

/** Makes room for a connection, which gets a number. */
function admit(table: ConntrackTable, connection: Connection): number {
  connection.status |= IPS_CONFIRMED;
  if ((table.used + 2) * 3 > table.slots.length) grow(table);
  else if (table.connections.length * 2 >= table.slots.length) closeRanks(table);
  return appendItem(table.connections, connection);
}

/**
 * The newest of equal hashes stands first, as the kernel files them: a flow from an address and port to itself is found
 * as its own reply.
 */
function file(table: ConntrackTable, hash: number, number: number): void {
  const { slots } = table;
  const mask = (slots.length >>> 1) - 1;
  noteFiled(table.filed, hash);
  let inHand = number;
  let value = hash;
  for (let slot = homeOf(hash, mask); ; slot = (slot + 1) & mask) {
    const filed = slots[slot * 2] ?? 0;
    if (filed !== 0 && (filed ^ value) >>> 1 !== 0) continue;
    const displaced = slots[slot * 2 + 1] ?? 0;
    slots[slot * 2] = value;
    slots[slot * 2 + 1] = inHand;
    if (filed === 0) break;
    value = filed;
    inHand = displaced;
  }
  table.used++;
}

/** Frees the slot of a connection with that hash. Returns the connection's number, or -1 if it has none there. */
function clear(table: ConntrackTable, connection: Connection, hash: number): number {
  const { slots, connections } = table;
  const mask = (slots.length >>> 1) - 1;
  for (let slot = homeOf(hash, mask); ; slot = (slot + 1) & mask) {
    const filed = slots[slot * 2] ?? 0;
    if (filed === 0) return -1;
    const number = slots[slot * 2 + 1] ?? 0;
    if (filed !== hash || itemAt(connections, number) !== connection) continue;
    closeGap(slots, slot, mask);
    table.used--;
    return number;
  }
}

/** Moves later entries of the run up, so that no search ends too early at the slot that became free. */
function closeGap(slots: Int32Array, free: number, mask: number): void {
  let gap = free;
  for (let slot = (free + 1) & mask; ; slot = (slot + 1) & mask) {
    const filed = slots[slot * 2] ?? 0;
    if (filed === 0) break;
    // An entry may move to the gap unless its home lies behind it.
    const distance = (slot - homeOf(filed, mask)) & mask;
    if (distance < ((slot - gap) & mask)) continue;
    slots[gap * 2] = filed;
    slots[gap * 2 + 1] = slots[slot * 2 + 1] ?? 0;
    gap = slot;
  }
  slots[gap * 2] = 0;
  slots[gap * 2 + 1] = 0;
}

function grow(table: ConntrackTable): void {
  closeRanks(table);
  const before = table.slots;
  const count = before.length >>> 1;
  const room = Math.max(FIRST_SLOTS, count * (count < LARGE ? 2 : 8));
  table.slots = new Int32Array(2 * room);
  table.filed = new Int32Array(room / SLOTS_IN_WORD);
  table.used = 0;
  // From a free slot on, against the order of searching: what was filed last is filed last again.
  let start = 0;
  while (before[start * 2] !== 0) start++;
  for (let step = 1; step <= count; step++) {
    const slot = (start - step + count) % count;
    const filed = before[slot * 2] ?? 0;
    if (filed !== 0) file(table, filed, before[slot * 2 + 1] ?? 0);
  }
}

/** The numbers of connections that are gone are given to those that are there, in their order. */
function closeRanks(table: ConntrackTable): void {
  const { slots, connections } = table;
  if (table.gone === 0) return;
  const numbers = new Int32Array(connections.length);
  const closed = pagedList<Connection | null>();
  for (let number = 0; number < connections.length; number++) {
    const connection = itemAt(connections, number) ?? null;
    numbers[number] = connection === null ? -1 : appendItem(closed, connection);
  }
  table.connections = closed;
  table.gone = 0;
  table.filed.fill(0);
  for (let at = 0; at < slots.length; at += 2) {
    const hash = slots[at] ?? 0;
    if (hash === 0) continue;
    slots[at + 1] = numbers[slots[at + 1] ?? 0] ?? -1;
    noteFiled(table.filed, hash);
  }
}
