import { sameAddress } from "../../net/address.ts";
import { type FreeValues, isOneOfFew, mayMeet, meet } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import { type Connection, IPS_DYING, type Tuple } from "./connection.ts";
import { connectionsIn, findSlotInDirection } from "./table.ts";

/** Files a connection with a port that was drawn from a few, which a packet may turn out to have too. */
export function noteDrawn(runtime: HostRuntime, connection: Connection): void {
  if (runtime.services.freeValues.domains.length === 0) return;
  const { original, reply } = connection;
  const { freeValues } = runtime.services;
  if (isDrawnFromFew(freeValues, original) || isDrawnFromFew(freeValues, reply))
    runtime.conntrack.drawn.push(connection);
}

function isDrawnFromFew(freeValues: FreeValues, { sport, dport }: Tuple): boolean {
  return isOneOfFew(freeValues, sport) || isOneOfFew(freeValues, dport);
}

/**
 * The slot of a live connection that has the packet's tuple if two ports are equal that nobody has compared: one that was
 * drawn from a few, and another's drawn or written one. -1: there is none, or the chooser says that they differ. The packet's
 * tuple is in the zone `there` of the original direction, and in the zone `back` of replies.
 */
export function findDrawn(runtime: HostRuntime, wanted: Tuple, there: number, back: number): number {
  const { conntrack, services } = runtime;
  const { freeValues } = services;
  if (freeValues.domains.length === 0) return -1;
  const drawn = isDrawnFromFew(freeValues, wanted);
  if (!drawn && conntrack.drawn.length === 0) return -1;
  return findAmong(runtime, drawn ? connectionsIn(conntrack) : conntrack.drawn, wanted, there, back);
}

/** The slot of what may have the reply that a connection is to get, in the same way; -1: nothing has. */
export function findDrawnHolder(runtime: HostRuntime, { original }: Connection, reply: Tuple): number {
  // In another zone than replies nobody looks for one that went the original way.
  return findDrawn(runtime, reply, original.zone === reply.zone ? reply.zone : NO_ZONE, reply.zone);
}

/** Of no connection: zones are 16-bit numbers. */
const NO_ZONE = -1;

function findAmong(
  { conntrack, services }: HostRuntime,
  candidates: Iterable<Connection>,
  wanted: Tuple,
  there: number,
  back: number,
): number {
  const { src, dst, protocol, sport, dport } = wanted;
  for (const { original, reply, status, expires } of candidates) {
    if ((status & IPS_DYING) !== 0 || expires <= services.now()) continue;
    for (const tuple of [original, reply]) {
      if (tuple.zone !== (tuple === reply ? back : there) || tuple.protocol !== protocol) continue;
      if (!sameAddress(tuple.src, src) || !sameAddress(tuple.dst, dst)) continue;
      if (!mayMeet(services.freeValues, tuple.sport, sport) || !mayMeet(services.freeValues, tuple.dport, dport))
        continue;
      if (!meet(services.freeValues, services.choose, tuple.sport, sport)) continue;
      if (!meet(services.freeValues, services.choose, tuple.dport, dport)) continue;
      return findSlotInDirection(conntrack, tuple, tuple === reply, services.now());
    }
  }
  return -1;
}
