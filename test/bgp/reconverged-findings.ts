import { reconverge } from "../../src/analysis/reconverge.ts";
import type { Finding } from "../../src/model/finding.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

/** What is found when BGP runs anew from these files of a snapshot. */
export function reconvergedFindings(files: Readonly<Record<string, string>>): readonly Finding[] {
  const snapshot = readSnapshot({ name: "snapshot", files: new Map(Object.entries(files)) });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  return reconverge(snapshot.network, evidence).findings;
}
