import { sameAddress } from "../../net/address.ts";
import { type Connection, IPS_CONFIRMED, IPS_DYING, IPS_SRC_NAT, type Tuple } from "./connection.ts";
import { keyKind } from "./nat-port.ts";
import { type ConntrackTable, connectionsIn } from "./table.ts";
import { tuple as makeTuple } from "./tuple.ts";

/**
 * Source-translated connections by where they come from (`nf_nat_bysource`). Each place holds the newest connection of a
 * hash, which leads to the older ones (`Connection.nextFromSource`): filing one makes no object.
 */
export interface SourceTable {
  newest: (Connection | null)[];
  filed: number;
  /** Those that came since somebody last asked, newest first: they are filed when somebody asks again. */
  unfiled: Connection | null;
}

const FIRST_PLACES = 16;
/** So many times the places when they get crowded: filing again reads every connection, which takes longer than it looks. */
const GROWTH = 8;

function emptyPlaces(count: number): (Connection | null)[] {
  return new Array<Connection | null>(count).fill(null);
}

function sourcesOf(table: ConntrackTable): SourceTable {
  if (table.sources !== null) return table.sources;
  const sources: SourceTable = { newest: emptyPlaces(FIRST_PLACES), filed: 0, unfiled: null };
  table.sources = sources;
  // Those of a dump, when the first new connection asks.
  for (const connection of connectionsIn(table)) if ((connection.status & IPS_SRC_NAT) !== 0) file(sources, connection);
  return sources;
}

function fileAll(sources: SourceTable): void {
  const waiting: Connection[] = [];
  for (let item = sources.unfiled; item !== null; item = item.nextFromSource) waiting.push(item);
  sources.unfiled = null;
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    if ((item.status & IPS_DYING) === 0) file(sources, item);
  }
}

function placeOf({ newest }: SourceTable, { src, sport, protocol }: Tuple): number {
  const mixed = Math.imul(src.a ^ src.d ^ Math.imul(sport, 0x9e3779b1) ^ (protocol << 24), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (newest.length - 1);
}

function file(sources: SourceTable, connection: Connection): void {
  if (sources.filed >= sources.newest.length * 2) grow(sources);
  const place = placeOf(sources, connection.original);
  connection.nextFromSource = sources.newest[place] ?? null;
  sources.newest[place] = connection;
  sources.filed++;
}

/** More places; the order within each stays, and dying connections are left out. */
function grow(sources: SourceTable): void {
  const before = sources.newest;
  sources.newest = emptyPlaces(before.length * GROWTH);
  sources.filed = 0;
  const chain: Connection[] = [];
  for (const first of before) {
    for (let item = livingFrom(first); item !== null; item = livingFrom(item.nextFromSource)) chain.push(item);
    for (let item = chain.pop(); item !== undefined; item = chain.pop()) file(sources, item);
  }
}

/** The first of a list that is not dying. */
function livingFrom(first: Connection | null): Connection | null {
  let connection = first;
  while (connection !== null && (connection.status & IPS_DYING) !== 0) connection = connection.nextFromSource;
  return connection;
}

/** Remembers a connection whose source was translated; one that changes nothing is never of use to another. */
export function noteSource(table: ConntrackTable, connection: Connection): void {
  if ((connection.status & IPS_SRC_NAT) === 0) return;
  const sources = sourcesOf(table);
  connection.nextFromSource = sources.unfiled;
  sources.unfiled = connection;
}

/**
 * find_appropriate_src(): how earlier connections of the same source address and port were translated, the newest
 * first.
 */
export function* translationsOf(table: ConntrackTable, tuple: Tuple, zone: number, now: number): Generator<Tuple> {
  const sources = sourcesOf(table);
  fileAll(sources);
  const newest = sources.newest[placeOf(sources, tuple)] ?? null;
  for (let connection = livingFrom(newest); connection !== null; connection = connection.nextFromSource) {
    // Dying ones leave the list here: they are of no more use to anybody.
    connection.nextFromSource = livingFrom(connection.nextFromSource);
    const { original, reply, status, expires } = connection;
    if ((status & IPS_CONFIRMED) === 0 || expires <= now) continue;
    if (original.protocol !== tuple.protocol || original.sport !== tuple.sport || original.zone !== zone) continue;
    if (!sameAddress(original.src, tuple.src)) continue;
    // The reply's destination is the translated source. For ICMP the id stands in the same place both ways.
    const { dst, protocol, dport } = tuple;
    yield makeTuple(reply.dst, dst, protocol, keyKind(tuple) === "id" ? reply.sport : reply.dport, dport, tuple.zone);
  }
}
