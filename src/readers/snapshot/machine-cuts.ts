import type { HostPart, Knowledge } from "../../model/host.ts";
import type { ChosenFile } from "./choose-files.ts";
import { knowledgeOfCut } from "./collector-index.ts";
import type { MachineFiles } from "./layout.ts";
import type { Reading } from "./reading.ts";

/** A dump that its collector cut, or whose command failed, does not hold all there is. */
export function noteCuts(
  machine: MachineFiles,
  chosen: readonly ChosenFile[],
  { collectors, findings }: Reading,
  cuts: Map<HostPart, Knowledge>,
): void {
  for (const { role, file, stem } of chosen) {
    const name = [...machine.files].find(([, one]) => one === file)?.[0] ?? stem;
    const why = collectors.incomplete.get(`${machine.folder}/${name}`);
    const part = why === undefined ? null : knowledgeOfCut(role);
    if (why === undefined || part === null) continue;
    if (cuts.get(part[0]) !== "unknown") cuts.set(part[0], part[1]);
    findings.push({
      code: "cut-file",
      severity: "warning",
      message: `The file is not whole: ${why}.`,
      file: file.path,
      advice: "What it would have held besides is unknown. Collect it again, with a larger --max-bytes or --timeout.",
    });
  }
}

export function noteOtherBackend(
  machine: MachineFiles,
  { collectors, findings }: Reading,
  cuts: Map<HostPart, Knowledge>,
): void {
  for (const file of collectors.wanting) {
    const name = file.startsWith(`${machine.folder}/`) ? file.slice(machine.folder.length + 1) : "";
    if (!/^ip6?tables-(?:legacy|nft)-save\.txt$/.test(name)) continue;
    cuts.set("otherBackend", "unknown");
    findings.push({
      code: "other-backend-missing",
      severity: "warning",
      message: "The collector saw tables of the other iptables backend and could not print them.",
      file,
      advice: "Collect iptables-legacy-save into iptables-legacy-save.txt.",
    });
  }
}

export function withCuts(
  knowledge: ReadonlyMap<HostPart, Knowledge>,
  cuts: ReadonlyMap<HostPart, Knowledge>,
): ReadonlyMap<HostPart, Knowledge> {
  const all = new Map(knowledge);
  for (const [part, cut] of cuts) if (all.get(part) !== "unknown") all.set(part, cut);
  return all;
}
