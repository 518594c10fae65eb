import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { readBirdc } from "../birdc/birdc.ts";
import { readNodeStatus } from "../calicoctl/node-status.ts";

interface EvidenceDump {
  readonly evidence: Partial<Evidence>;
  /** What was read, counted. */
  readonly items: number;
  readonly findings: readonly Finding[];
}

type EvidenceReader = (text: string, file: string, origins: OriginTable) => EvidenceDump;

/** The reader of each file that is evidence, by its name without extension. */
export const EVIDENCE_READERS: ReadonlyMap<string, EvidenceReader> = new Map([
  ["birdc-protocols", birdc],
  ["birdc-route", birdc],
  ["birdc6-protocols", birdc],
  ["birdc6-route", birdc],
  ["calico-node-status", nodeStatus],
]);

function birdc(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readBirdc(text, file, origins);
  const { bgpSessions, birdProtocols, birdRoutes } = dump.evidence;
  return { ...dump, items: bgpSessions.length + birdProtocols.length + birdRoutes.length };
}

function nodeStatus(text: string, file: string, origins: OriginTable): EvidenceDump {
  const dump = readNodeStatus(text, file, origins);
  return { ...dump, items: dump.evidence.bgpSessions.length };
}
