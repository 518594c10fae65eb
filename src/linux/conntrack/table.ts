import { type Connection, IPS_CONFIRMED, IPS_DYING, type Tuple } from "./connection.ts";
import type { SourceTable } from "./nat-source.ts";
import { hashTuple, sameTuple } from "./tuple.ts";

/**
 * The connections one namespace tracks, found by either direction's tuple: an open hash table with linear probing, so
 * that filing a connection makes no object and looking for one reads numbers until a hash agrees.
 */
export interface ConntrackTable {
  /** What stands in each slot: the tuple's hash with the direction in bit 0 (1: reply); 0 where the slot is free. */
  hashes: Int32Array;
  connections: (Connection | null)[];
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
/** A table with so many slots grows to four times as many: filing all again takes longer than it looks. */
const LARGE = 4096;
const NO_HASHES = new Int32Array(1);

export function conntrackTable(): ConntrackTable {
  return { hashes: NO_HASHES, connections: [null], used: 0, untold: 0, helped: [], drawn: [], sources: null };
}

/** `conntrack -F`: every entry is gone. */
export function flushConntrack(table: ConntrackTable): void {
  for (const connection of table.connections) if (connection !== null) connection.status |= IPS_DYING;
  table.hashes = NO_HASHES;
  table.connections = [null];
  table.used = 0;
  table.untold = 0;
  table.helped.length = 0;
  table.drawn.length = 0;
  table.sources = null;
}

/** The slot of a live entry whose tuple of either direction is `tuple`, or -1; an expired one is removed on the way. */
export function findSlot(table: ConntrackTable, tuple: Tuple, now: number): number {
  const { hashes, connections } = table;
  const mask = hashes.length - 1;
  const wanted = hashTuple(tuple);
  for (let slot = homeOf(wanted, mask); ; slot = (slot + 1) & mask) {
    const filed = hashes[slot] ?? 0;
    if (filed === 0) return -1;
    if ((filed ^ wanted) >>> 1 !== 0) continue;
    const connection = connections[slot] ?? null;
    if (connection === null) continue;
    if (!sameTuple((filed & 1) === 1 ? connection.reply : connection.original, tuple)) continue;
    if (connection.expires > now) return slot;
    removeConnection(table, connection);
    return -1;
  }
}

/** The same for an entry that has the tuple in one direction. */
export function findSlotInDirection(table: ConntrackTable, tuple: Tuple, reply: boolean, now: number): number {
  const { hashes, connections } = table;
  const mask = hashes.length - 1;
  const wanted = hashTuple(tuple) | (reply ? 1 : 0);
  for (let slot = homeOf(wanted, mask); ; slot = (slot + 1) & mask) {
    const filed = hashes[slot] ?? 0;
    if (filed === 0) return -1;
    if (filed !== wanted) continue;
    const connection = connections[slot] ?? null;
    if (connection === null || connection.expires <= now) continue;
    if (sameTuple(reply ? connection.reply : connection.original, tuple)) return slot;
  }
}

/** The connection in a slot that `findSlot` returned. */
export function connectionIn(table: ConntrackTable, slot: number): Connection {
  const connection = table.connections[slot] ?? null;
  if (connection === null) throw new Error("an empty slot of the connection table");
  return connection;
}

/** Whether the slot holds the connection's reply direction. */
export function isReplyIn(table: ConntrackTable, slot: number): boolean {
  return ((table.hashes[slot] ?? 0) & 1) === 1;
}

/** What `findSlot` finds, as an object. */
export function findConnection(table: ConntrackTable, tuple: Tuple, now: number): Entry | null {
  const slot = findSlot(table, tuple, now);
  return slot < 0 ? null : { connection: connectionIn(table, slot), reply: isReplyIn(table, slot) };
}

/** Files a connection under both its tuples (nf_conntrack_hash_insert) and marks it confirmed. */
export function addConnection(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_CONFIRMED;
  if ((table.used + 2) * 2 > table.hashes.length) grow(table);
  file(table, connection, hashTuple(connection.original));
  file(table, connection, hashTuple(connection.reply) | 1);
}

/** Files a connection that lost a race: only its answer finds it (nf_ct_resolve_clash_harder). */
export function addReplyOnly(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_CONFIRMED;
  if ((table.used + 2) * 2 > table.hashes.length) grow(table);
  file(table, connection, hashTuple(connection.reply) | 1);
}

/** Every connection that is filed, expired ones included, each once. */
export function* connectionsIn(table: ConntrackTable): Generator<Connection> {
  for (let slot = 0; slot < table.hashes.length; slot++) {
    const connection = table.connections[slot] ?? null;
    if (connection !== null && !isReplyIn(table, slot)) yield connection;
  }
}

export function removeConnection(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_DYING;
  clear(table, connection, hashTuple(connection.original));
  clear(table, connection, hashTuple(connection.reply) | 1);
}

/** Where the search for a hash begins; bit 0 is the direction's. */
function homeOf(hash: number, mask: number): number {
  return (hash >>> 1) & mask;
}

/**
 * The newest of equal hashes stands first, as the kernel files them: a flow from an address and port to itself is found
 * as its own reply.
 */
function file(table: ConntrackTable, connection: Connection, hash: number): void {
  const { hashes, connections } = table;
  const mask = hashes.length - 1;
  let inHand: Connection | null = connection;
  let value = hash;
  for (let slot = homeOf(hash, mask); ; slot = (slot + 1) & mask) {
    const filed = hashes[slot] ?? 0;
    if (filed !== 0 && (filed ^ value) >>> 1 !== 0) continue;
    const displaced: Connection | null = connections[slot] ?? null;
    hashes[slot] = value;
    connections[slot] = inHand;
    if (filed === 0) break;
    value = filed;
    inHand = displaced;
  }
  table.used++;
}

function clear(table: ConntrackTable, connection: Connection, hash: number): void {
  const { hashes, connections } = table;
  const mask = hashes.length - 1;
  for (let slot = homeOf(hash, mask); ; slot = (slot + 1) & mask) {
    const filed = hashes[slot] ?? 0;
    if (filed === 0) return;
    if (filed !== hash || connections[slot] !== connection) continue;
    closeGap(hashes, connections, slot, mask);
    table.used--;
    return;
  }
}

/** Moves later entries of the run up, so that no search ends too early at the slot that became free. */
function closeGap(hashes: Int32Array, connections: (Connection | null)[], free: number, mask: number): void {
  let gap = free;
  for (let slot = (free + 1) & mask; ; slot = (slot + 1) & mask) {
    const filed = hashes[slot] ?? 0;
    if (filed === 0) break;
    // An entry may move to the gap unless its home lies behind it.
    const distance = (slot - homeOf(filed, mask)) & mask;
    if (distance < ((slot - gap) & mask)) continue;
    hashes[gap] = filed;
    connections[gap] = connections[slot] ?? null;
    gap = slot;
  }
  hashes[gap] = 0;
  connections[gap] = null;
}

function grow(table: ConntrackTable): void {
  const { hashes, connections } = table;
  const slots = Math.max(FIRST_SLOTS, hashes.length * (hashes.length < LARGE ? 2 : 4));
  table.hashes = new Int32Array(slots);
  table.connections = new Array<Connection | null>(slots).fill(null);
  table.used = 0;
  // From a free slot on, against the order of searching: what was filed last is filed last again.
  const start = hashes.indexOf(0);
  for (let step = 1; step <= hashes.length; step++) {
    const slot = (start - step + hashes.length) % hashes.length;
    const connection = connections[slot] ?? null;
    if (connection !== null) file(table, connection, hashes[slot] ?? 0);
  }
}
