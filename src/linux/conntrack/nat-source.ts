import { sameAddress } from "../../net/address.ts";
import { type Connection, IPS_CONFIRMED, IPS_DYING, IPS_SRC_NAT, type Tuple } from "./connection.ts";
import { keyKind } from "./nat-port.ts";
import { type ConntrackTable, connectionsIn } from "./table.ts";
import { tuple as makeTuple } from "./tuple.ts";

/** Source-translated connections by where they come from (`nf_nat_bysource`): the newest, which leads to the others. */
type Sources = Map<number, Connection>;

const known = new WeakMap<ConntrackTable, Sources>();

function sourcesOf(table: ConntrackTable): Sources {
  const made = known.get(table);
  if (made !== undefined) return made;
  const sources: Sources = new Map();
  known.set(table, sources);
  // Those of a dump, when the first new connection asks.
  for (const connection of connectionsIn(table)) if ((connection.status & IPS_SRC_NAT) !== 0) file(sources, connection);
  return sources;
}

function keyOf({ src, sport, protocol }: Tuple): number {
  return src.a ^ src.d ^ Math.imul(sport, 0x9e3779b1) ^ (protocol << 24);
}

function file(sources: Sources, connection: Connection): void {
  const key = keyOf(connection.original);
  connection.nextFromSource = livingFrom(sources.get(key) ?? null);
  sources.set(key, connection);
}

/** The first of a list that is not dying. */
function livingFrom(first: Connection | null): Connection | null {
  let connection = first;
  while (connection !== null && (connection.status & IPS_DYING) !== 0) connection = connection.nextFromSource;
  return connection;
}

/** Remembers a connection whose source was translated; one that changes nothing is never of use to another. */
export function noteSource(table: ConntrackTable, connection: Connection): void {
  if ((connection.status & IPS_SRC_NAT) !== 0) file(sourcesOf(table), connection);
}

/**
 * find_appropriate_src(): how earlier connections of the same source address and port were translated, the newest
 * first.
 */
export function* translationsOf(table: ConntrackTable, tuple: Tuple, zone: number, now: number): Generator<Tuple> {
  const newest = sourcesOf(table).get(keyOf(tuple)) ?? null;
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
