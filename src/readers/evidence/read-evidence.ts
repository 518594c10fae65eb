import { append } from "../../model/append.ts";
import { type Evidence, evidence, joinEvidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { type Includes, includesAmong } from "../bird/included.ts";
import { readLogLines } from "../logs/log-lines.ts";
import { chooseFiles } from "../snapshot/choose-files.ts";
import { stemOf } from "../snapshot/files.ts";
import type { MachineFiles } from "../snapshot/layout.ts";
import type { RecognisedFile } from "../snapshot/reading.ts";
import { EVIDENCE_READERS } from "./evidence-readers.ts";

/** What the dumps of a snapshot say beside the state of its machines. */
export interface EvidenceResult {
  /** By name of the host. */
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly findings: readonly Finding[];
  readonly recognised: readonly RecognisedFile[];
}

/**
 * Reads the files that decide about no packet. It is apart from readSnapshot because most questions do not need it; `told` is what facts typed by hand say;
 * `origins` is the table of the snapshot's Network, so that both cite files in the same way.
 */
export function readEvidence(
  machines: readonly MachineFiles[],
  origins: OriginTable,
  told: ReadonlyMap<string, Evidence> = new Map(),
): EvidenceResult {
  const found = new Map<string, Evidence>(told);
  const findings: Finding[] = [];
  const recognised: RecognisedFile[] = [];
  for (const machine of machines) {
    const { chosen, findings: about } = chooseFiles(machine, "evidence");
    append(findings, about);
    const parts = new Map([...(machine.beside ?? []), ...machine.files]);
    const includes = includesAmong(parts);
    const included = new Set<string>();
    const beside: Includes = (name, from) => {
      const files = includes(name, from);
      for (const { path } of files) included.add(path);
      return files;
    };
    for (const { stem, role, file } of chosen) {
      const read = EVIDENCE_READERS.get(stem);
      if (read === undefined) continue;
      const dump = read(file.text, file.path, origins, beside);
      append(findings, dump.findings);
      recognised.push({ path: file.path, as: role.command, items: dump.items });
      found.set(machine.name, joinEvidence(found.get(machine.name) ?? evidence({}), evidence(dump.evidence)));
    }
    for (const { path } of machine.beside?.values() ?? []) {
      if (included.has(path)) recognised.push({ path, as: "included by BIRD's configuration", items: 1 });
      else findings.push(notIncluded(path));
    }
    for (const file of machine.logs ?? []) {
      const { lines, findings: about } = readLogLines(file.text, file.path, origins);
      append(findings, file.problem == null ? about : [file.problem]);
      recognised.push({ path: file.path, as: "kubectl logs", items: lines.length });
      found.set(machine.name, joinEvidence(found.get(machine.name) ?? evidence({}), evidence({ logLines: lines })));
    }
  }
  return { evidence: found, findings, recognised };
}

function notIncluded(path: string): Finding {
  return {
    code: "unknown-file",
    severity: "info",
    message: "The configuration of BIRD does not include this file, and no other of this name is read.",
    file: path,
  };
}

/** The machine without the evidence that `isWanted` does not name, and without logs: a dump of a node has far more than most questions need. */
export function withEvidence(machine: MachineFiles, isWanted: (stem: string) => boolean): MachineFiles {
  const files = [...machine.files].filter(([name, file]) => {
    const stem = file.stem ?? stemOf(name);
    return !EVIDENCE_READERS.has(stem) || isWanted(stem);
  });
  return { ...machine, files: new Map(files), logs: [] };
}
