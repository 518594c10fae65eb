import type { ConntrackRecord, TupleRecord } from "../../model/conntrack-record.ts";
import { ICMP, ICMPV6, SCTP, TCP } from "../../net/protocol.ts";
import { type Connection, IPS_ASSURED, IPS_SEEN_REPLY, type Tuple } from "./connection.ts";
import { type ConntrackTable, connectionsIn } from "./table.ts";

/**
 * The live connections of a table as `conntrack -L` would tell them at virtual time `now` (s): whole seconds until each
 * expires, rounded down as the kernel does. A port or ICMP id above 65535 is one that nobody has read yet.
 */
export function listConntrack(table: ConntrackTable, now: number): readonly ConntrackRecord[] {
  return [...connectionsIn(table)].filter(({ expires }) => expires > now).map((item) => record(item, now));
}

function record(connection: Connection, now: number): ConntrackRecord {
  const { original, reply, status } = connection;
  return {
    protocol: original.protocol,
    timeout: Math.floor(connection.expires - now),
    state: original.protocol === TCP ? connection.tcpState : original.protocol === SCTP ? connection.sctpState : null,
    original: tupleRecord(original, countedOf(connection, connection.originalPackets, connection.originalBytes)),
    reply: tupleRecord(reply, countedOf(connection, connection.replyPackets, connection.replyBytes)),
    unreplied: (status & IPS_SEEN_REPLY) === 0,
    assured: (status & IPS_ASSURED) !== 0,
    mark: connection.mark,
    zone: original.zone,
    replyZone: reply.zone,
    helper: connection.helper,
    origin: 0,
  };
}

function countedOf({ counted }: Connection, packets: number, bytes: number): TupleRecord["counted"] {
  return counted ? { packets, bytes } : null;
}

function tupleRecord(tuple: Tuple, counted: TupleRecord["counted"]): TupleRecord {
  const { src, dst, protocol } = tuple;
  const isIcmp = protocol === ICMP || protocol === ICMPV6;
  return {
    src,
    dst,
    sport: isIcmp ? 0 : tuple.sport,
    dport: isIcmp ? 0 : tuple.dport,
    icmpType: isIcmp ? tuple.dport >> 8 : 0,
    icmpCode: isIcmp ? tuple.dport & 255 : 0,
    icmpId: isIcmp ? tuple.sport : 0,
    counted,
  };
}
