import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { readBirdConfiguration } from "../bird/configuration.ts";
import type { Includes } from "../bird/included.ts";
import { birdRefusals } from "../bird/refusal/bird-refusals.ts";
import { readBirdc } from "../birdc/birdc.ts";
import { readNodeStatus } from "../calicoctl/node-status.ts";
import { readConntrackStatistics } from "../counters/conntrack-statistics.ts";
import { readCounters } from "../counters/counters.ts";
import { readFirewallStatus } from "../firewall/status.ts";
import { readLogLines } from "../logs/log-lines.ts";

interface EvidenceDump {
  readonly evidence: Partial<Evidence>;
  /** What was read, counted. */
  readonly items: number;
  readonly findings: readonly Finding[];
}

type EvidenceReader = (
  text: string,
  file: string,
  origins: OriginTable,
  /** Finds a file of the same folder. */
  beside: Includes,
) => EvidenceDump;

/** The reader of each file that is evidence, by its name without extension. */
export const EVIDENCE_READERS: ReadonlyMap<string, EvidenceReader> = new Map<string, EvidenceReader>([
  ["birdc-protocols", birdc],
  ["birdc-route", birdc],
  ["birdc6-protocols", birdc],
  ["birdc6-route", birdc],
  ["calico-node-status", nodeStatus],
  ["bird", birdConfiguration],
  ["bird6", birdConfiguration],
  ["nstat", counters],
  ["netstat-s", counters],
  ["snmp", counters],
  ["snmp6", counters],
  ["netstat-proc", counters],
  ["conntrack-stats", conntrackStatistics],
  ["ufw-status", firewall],
  ["firewall-cmd", firewall],
  ["dmesg", log],
  ["journal", log],
  ["kern", log],
  ["kubelet", log],
  ["calico-node", log],
]);

function birdc(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readBirdc(text, file, origins);
  const { bgpSessions, birdProtocols, birdRoutes, birdInterfaces } = dump.evidence;
  return { ...dump, items: bgpSessions.length + birdProtocols.length + birdRoutes.length + birdInterfaces.length };
}

function birdConfiguration(text: string, file: string, origins: OriginTable, beside: Includes): EvidenceDump {
  const { configuration, findings } = readBirdConfiguration(text, file, origins, beside);
  const refusals = configuration.syntax === "1.6" ? birdRefusals(text, file, beside) : [];
  return {
    evidence: { birdConfigurations: [{ ...configuration, refused: refusals[0]?.message ?? null }] },
    items: configuration.protocols.length,
    findings: [...refusals, ...findings],
  };
}

function nodeStatus(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readNodeStatus(text, file, origins);
  return { ...dump, items: dump.evidence.bgpSessions.length };
}

function counters(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readCounters(text, file, origins);
  return { evidence: { counters: dump.counters }, items: dump.counters.length, findings: dump.findings };
}

function conntrackStatistics(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readConntrackStatistics(text, file, origins);
  return { evidence: { conntrackStatistics: dump.statistics }, items: dump.statistics.length, findings: dump.findings };
}

function log(text: string, file: string, origins: OriginTable): EvidenceDump {
  const { lines, findings } = readLogLines(text, file, origins);
  return { evidence: { logLines: lines }, items: lines.length, findings };
}

function firewall(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readFirewallStatus(text, file, origins);
  return { evidence: { firewalls: dump.firewalls }, items: dump.firewalls.length, findings: dump.findings };
}
