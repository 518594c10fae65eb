import type { ConntrackRecord, TupleRecord } from "../../model/conntrack-record.ts";
import type { Host } from "../../model/host.ts";
import { sameAddress } from "../../net/address.ts";
import { ICMP, ICMPV6, SCTP, TCP } from "../../net/protocol.ts";
import {
  IPS_ASSURED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  newConnection,
  type Tuple,
} from "./connection.ts";
import { parseSctpState } from "./sctp.ts";
import { addConnection, type ConntrackTable, conntrackTable } from "./table.ts";
import { parseTcpState } from "./tcp-states.ts";
import { timeoutOn } from "./timeouts.ts";
import { invertTuple, tuple } from "./tuple.ts";

/** Seconds for a dumped entry without a timeout: it lives as long as anybody looks. */
const NO_TIMEOUT = 86400;

/** Age (s) from which an answered UDP flow is a stream. */
const UDP_STREAM_AFTER = 2;

/** Those that sysctl counts beyond what `conntrack -L` lists: all, where that was not collected. */
export function untoldConnections({ conntrack, dumpedSysctls, sysctls }: Host): number {
  const counted = dumpedSysctls.has(COUNT) ? Number(sysctls.get(COUNT)) : 0;
  return counted > conntrack.length ? counted - conntrack.length : 0;
}

const COUNT = "net.netfilter.nf_conntrack_count";

/** The starting state: what `conntrack -L` said at virtual time `now`. */
export function loadConntrack(host: Host, records: readonly ConntrackRecord[], now: number): ConntrackTable {
  const table = conntrackTable();
  for (const record of records) {
    const original = toTuple(record, record.original, record.zone);
    const reply = toTuple(record, record.reply, record.replyZone);
    const connection = newConnection(original, reply);
    connection.dumped = true;
    connection.mark = record.mark;
    connection.expires = now + (record.timeout ?? NO_TIMEOUT);
    connection.status = IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE;
    if (!record.unreplied) connection.status |= IPS_SEEN_REPLY;
    if (record.assured) connection.status |= IPS_ASSURED;
    const plain = invertTuple(original);
    if (plain !== null) {
      if (!sameAddress(plain.src, reply.src) || plain.sport !== reply.sport) connection.status |= IPS_DST_NAT;
      if (!sameAddress(plain.dst, reply.dst) || plain.dport !== reply.dport) connection.status |= IPS_SRC_NAT;
    }
    if (record.protocol === TCP && record.state !== null) connection.tcpState = parseTcpState(record.state) ?? "NONE";
    if (record.protocol === SCTP && record.state !== null) {
      connection.sctpState = parseSctpState(record.state) ?? "NONE";
    }
    // An answered flow whose time has run for two seconds is that old; one that was assured was a stream before.
    const age = timeoutOn(host, "udp_timeout") - (record.timeout ?? 0);
    connection.streamFrom = record.assured || age >= UDP_STREAM_AFTER ? now - 1 : now + UDP_STREAM_AFTER;
    connection.counted = record.original.counted !== null;
    connection.originalPackets = record.original.counted?.packets ?? 0;
    connection.originalBytes = record.original.counted?.bytes ?? 0;
    connection.replyPackets = record.reply.counted?.packets ?? 0;
    connection.replyBytes = record.reply.counted?.bytes ?? 0;
    connection.helper = record.helper;
    if (record.helper !== null) table.helped.push(connection);
    addConnection(table, connection);
  }
  return table;
}

function toTuple({ protocol }: ConntrackRecord, side: TupleRecord, zone: number): Tuple {
  const { src, dst } = side;
  return protocol === ICMP || protocol === ICMPV6
    ? tuple(src, dst, protocol, side.icmpId, (side.icmpType << 8) | side.icmpCode, zone)
    : tuple(src, dst, protocol, side.sport, side.dport, zone);
}
