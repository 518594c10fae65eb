import { leastOf } from "../../linux/free-value.ts";
import type { ConnectionCleaning } from "../../model/connection-cleaning.ts";
import type { ConntrackRecord, TupleRecord } from "../../model/conntrack-record.ts";
import type { Finding } from "../../model/finding.ts";
import { hostOf, partsOfHost } from "../../model/host-parts.ts";
import type { Network } from "../../model/network.ts";
import { formatAddress } from "../../net/address.ts";
import { formatProtocol, UDP } from "../../net/protocol.ts";
import type { Scenario } from "../../readers/scenario/scenario.ts";
import type { Probe } from "../../trace/probe.ts";
import type { Run } from "../../trace/result.ts";
import { isNamed } from "./playing.ts";

/** What one way of an answer left in the tables of the hosts that its packets came to. */
export interface KeptConnections {
  readonly tables: ReadonlyMap<string, readonly ConntrackRecord[]>;
  readonly probability: number;
  /** When, in seconds, and who cleaned up then. */
  readonly time: number;
  readonly cleaning: ConnectionCleaning | null;
}

/** Datagrams of one socket continue each other; null for other probes, and where the kernel draws another port each time. */
export function socketOf({ from, to, protocol, port, sport, kind }: Probe): string | null {
  const isRequest = kind === "request" || (kind === null && protocol === UDP);
  return sport === null || !isRequest ? null : [from, to, port, sport].join(" ");
}

/** The tables of a run; a port that nobody has read is one of those that the kernel may have drawn. */
export function tablesOf({ conntrack, freeDomains }: Run): KeptConnections["tables"] {
  const drawn = (port: number): number => leastOf(freeDomains, port);
  const settledTuple = (tuple: TupleRecord): TupleRecord => ({
    ...tuple,
    sport: drawn(tuple.sport),
    dport: drawn(tuple.dport),
    icmpId: drawn(tuple.icmpId),
  });
  return new Map(
    [...(conntrack ?? [])].map(([host, records]) => [
      host,
      records.map((one) => ({ ...one, original: settledTuple(one.original), reply: settledTuple(one.reply) })),
    ]),
  );
}

/** The network at a later time with the connections that live on, and what is to be told of those that do not, or lead nowhere. */
export function withKeptConnections(
  network: Network,
  kept: KeptConnections,
  time: number,
): { readonly network: Network; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const hosts = new Map(network.hosts);
  for (const [name, records] of kept.tables) {
    const host = network.hosts.get(name);
    if (host === undefined) continue;
    const alive = records.flatMap((one): readonly ConntrackRecord[] => {
      const timeout = one.timeout === null ? null : one.timeout - (time - kept.time);
      if (timeout !== null && timeout <= 0) return [];
      // elsewhere the next packet makes an equal entry
      const told = (code: Finding["code"], what: string): void => {
        if (!isTranslated(one)) return;
        findings.push({ code, severity: "info", message: `${name}, ${describe(one)}: ${what}.` });
      };
      const deleted = kept.cleaning === null ? null : (network.cleaning?.deletes(name, one, kept.cleaning) ?? null);
      if (deleted !== null) {
        told("connection-cleaned", deleted);
        return [];
      }
      if (leadsNowhere(network, one))
        told("connection-kept-stale", `it still leads to ${formatAddress(one.reply.src)}, which no pod has any more`);
      return [{ ...one, timeout }];
    });
    hosts.set(name, hostOf({ ...partsOfHost(host), conntrack: () => alive }));
  }
  return { network: { ...network, hosts }, findings };
}

/** Machines that lost their power in between have forgotten all, with their pods. */
export function forgetBooted(kept: KeptConnections, until: number, { timeline }: Scenario): KeptConnections {
  const booted = timeline.flatMap(({ at, change }) =>
    change.kind === "node" && at > kept.time && at <= until ? [change.host] : [],
  );
  if (booted.length === 0) return kept;
  const tables = [...kept.tables].filter(([host]) => !booted.some((pattern) => isNamed(host, pattern)));
  return { ...kept, tables: new Map(tables) };
}

function describe({ protocol, original, reply }: ConntrackRecord): string {
  const end = (one: TupleRecord): string => `${formatAddress(one.src)}:${one.sport}`;
  return `${formatProtocol(protocol)} ${end(original)} > ${formatAddress(original.dst)}:${original.dport}, translated to ${end(reply)}`;
}

function isTranslated({ original, reply }: ConntrackRecord): boolean {
  return formatAddress(original.dst) !== formatAddress(reply.src);
}

function leadsNowhere(network: Network, { reply }: ConntrackRecord): boolean {
  const receiver = formatAddress(reply.src);
  return ![...network.endpoints.values()].some(({ addresses }) =>
    addresses.some((one) => formatAddress(one) === receiver),
  );
}
