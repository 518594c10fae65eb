import { type Connection, IPS_CONFIRMED, IPS_DYING, type Tuple } from "./connection.ts";
import { hashTuple, sameTuple } from "./tuple.ts";

/** The connections one namespace tracks, found by either direction's tuple. */
export interface ConntrackTable {
  readonly buckets: Map<number, Entry[]>;
}

interface Entry {
  readonly connection: Connection;
  readonly reply: boolean;
}

export function conntrackTable(): ConntrackTable {
  return { buckets: new Map() };
}

/** A live entry whose tuple of either direction is `tuple`; expired ones are removed on the way. */
export function findConnection(table: ConntrackTable, tuple: Tuple, now: number): Entry | null {
  const bucket = table.buckets.get(hashTuple(tuple));
  if (bucket === undefined) return null;
  // The newest first, as the kernel files them: a flow from an address and port to itself is found as its own reply.
  for (let i = bucket.length - 1; i >= 0; i--) {
    const entry = bucket[i];
    if (entry === undefined) continue;
    const { connection } = entry;
    if (!sameTuple(entry.reply ? connection.reply : connection.original, tuple)) continue;
    if (connection.expires <= now) {
      removeConnection(table, connection);
      return null;
    }
    return entry;
  }
  return null;
}

/** Files a connection under both its tuples (nf_conntrack_hash_insert) and marks it confirmed. */
export function addConnection(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_CONFIRMED;
  file(table, connection.original, { connection, reply: false });
  file(table, connection.reply, { connection, reply: true });
}

function file(table: ConntrackTable, tuple: Tuple, entry: Entry): void {
  const hash = hashTuple(tuple);
  const bucket = table.buckets.get(hash);
  if (bucket === undefined) table.buckets.set(hash, [entry]);
  else bucket.push(entry);
}

/** Every connection that is filed, expired ones included, each once. */
export function* connectionsIn(table: ConntrackTable): Generator<Connection> {
  for (const bucket of table.buckets.values()) {
    for (const { connection, reply } of bucket) if (!reply) yield connection;
  }
}

export function removeConnection(table: ConntrackTable, connection: Connection): void {
  connection.status |= IPS_DYING;
  for (const tuple of [connection.original, connection.reply]) {
    const hash = hashTuple(tuple);
    const bucket = table.buckets.get(hash);
    if (bucket === undefined) continue;
    const rest = bucket.filter((entry) => entry.connection !== connection);
    if (rest.length === 0) table.buckets.delete(hash);
    else table.buckets.set(hash, rest);
  }
}
