import { domainIn, type FreeDomains, isFree } from "../../../src/linux/free-value.ts";
import type { ConntrackRecord, TupleRecord } from "../../../src/model/conntrack-record.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress, sameAddress } from "../../../src/net/address.ts";
import { portSetHas } from "../../../src/net/port-set.ts";
import { readConntrack } from "../../../src/readers/conntrack.ts";

/** The connections each host tracks after a packet, by its name; hosts that track none are left out. */
export type Tables = ReadonlyMap<string, readonly ConntrackRecord[]>;

/** Reads the lines of /proc/net/nf_conntrack that the oracle gives with `wantConntrack`. */
export function kernelTables(lines: Readonly<Record<string, readonly string[]>> | undefined): Tables {
  const tables = new Map<string, readonly ConntrackRecord[]>();
  for (const [host, text] of Object.entries(lines ?? {})) {
    const { records } = readConntrack(text.join("\n"), host, originTable());
    if (records.length !== text.length) throw new Error(`lines of ${host} that were not read: ${text.join("\n")}`);
    tables.set(host, records);
  }
  return tables;
}

/** Seconds that the kernel may be ahead: its clock runs between the packets of a sequence, podpath's does not. */
const CLOCK = 4;

/**
 * What differs between the connections of both sides, in words: tuples of both directions, zones, state, UNREPLIED and
 * ASSURED, mark, the seconds that are left, and counters where the kernel counts.
 */
export function compareConntrack(kernel: Tables, podpath: Tables, domains: FreeDomains): readonly string[] {
  const found: string[] = [];
  for (const host of new Set([...kernel.keys(), ...podpath.keys()])) {
    const rest = [...(kernel.get(host) ?? [])];
    // Those whose numbers are known choose first.
    for (const ours of [...(podpath.get(host) ?? [])].sort((x, y) => freeNumbers(x) - freeNumbers(y))) {
      // Where numbers were drawn several may be it: rather one that agrees.
      const equal = rest.findIndex((real) => sameConnection(real, ours, domains) && agree(real, ours));
      const at = equal >= 0 ? equal : rest.findIndex((real) => sameConnection(real, ours, domains));
      const [real] = at < 0 ? [] : rest.splice(at, 1);
      if (real === undefined) found.push(`connection of ${host}: only podpath has ${words(ours)}`);
      else if (!agree(real, ours)) found.push(`connection of ${host}: kernel ${words(real)}, podpath ${words(ours)}`);
    }
    for (const real of rest) found.push(`connection of ${host}: only the kernel has ${words(real)}`);
  }
  return found;
}

/** Ports and ids of a connection that nobody has read. */
function freeNumbers({ original, reply }: ConntrackRecord): number {
  return [original, reply].flatMap(({ sport, dport, icmpId }) => [sport, dport, icmpId]).filter(isFree).length;
}

function sameConnection(real: ConntrackRecord, ours: ConntrackRecord, domains: FreeDomains): boolean {
  return (
    real.protocol === ours.protocol &&
    real.zone === ours.zone &&
    real.replyZone === ours.replyZone &&
    sameTuple(real.original, ours.original, domains) &&
    sameTuple(real.reply, ours.reply, domains)
  );
}

function sameTuple(real: TupleRecord, ours: TupleRecord, domains: FreeDomains): boolean {
  const same = (x: number, y: number): boolean => x === y || (y > 0xffff && portSetHas(domainIn(domains, y), x));
  return (
    sameAddress(real.src, ours.src) &&
    sameAddress(real.dst, ours.dst) &&
    same(real.sport, ours.sport) &&
    same(real.dport, ours.dport) &&
    same(real.icmpId, ours.icmpId) &&
    real.icmpType === ours.icmpType &&
    real.icmpCode === ours.icmpCode
  );
}

function agree(real: ConntrackRecord, ours: ConntrackRecord): boolean {
  const early = (ours.timeout ?? 0) - (real.timeout ?? 0);
  return (
    real.state === ours.state &&
    real.unreplied === ours.unreplied &&
    real.assured === ours.assured &&
    real.mark === ours.mark &&
    early >= -1 &&
    early <= CLOCK &&
    sameCount(real.original, ours.original) &&
    sameCount(real.reply, ours.reply)
  );
}

function sameCount({ counted: real }: TupleRecord, { counted: ours }: TupleRecord): boolean {
  return real === null || (real.packets === ours?.packets && real.bytes === ours.bytes);
}

function words(record: ConntrackRecord): string {
  const tuple = ({ src, dst, sport, dport, icmpType, icmpId, counted }: TupleRecord): string =>
    `${formatAddress(src)}:${sport}>${formatAddress(dst)}:${dport} type ${icmpType} id ${icmpId} counted ${counted?.packets}/${counted?.bytes}`;
  const { protocol, state, timeout, original, reply, unreplied, assured, mark, zone, replyZone } = record;
  const flags = `${unreplied ? " UNREPLIED" : ""}${assured ? " ASSURED" : ""}`;
  return `[${protocol} ${state} ${timeout} s${flags} ${tuple(original)}, ${tuple(reply)} mark ${mark} zones ${zone}/${replyZone}]`;
}
