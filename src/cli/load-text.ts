import { isNodesFile } from "../readers/cluster/cluster-folder.ts";
import { pasteSections } from "../readers/loose/paste-sections.ts";
import { readLoneDump } from "../readers/snapshot/lone-dump.ts";
import { InputError } from "./input-error.ts";
import { loadFiles, whyNone } from "./load-files.ts";
import type { LoadedNetwork, TypedOptions } from "./loaded-network.ts";

/** One dump, a paste of several, or manifests. */
export async function loadText(text: string, shown: string, options: TypedOptions): Promise<LoadedNetwork> {
  // a paste of several commands tells more than one dump
  if (pasteSections(text).filter(({ stem, isObjects }) => stem !== null || isObjects).length > 1) {
    return loadFiles(shown, new Map([[shown, text]]), [], options);
  }
  const asYaml = /\.(?:ya?ml|json)$/i.test(shown) ? shown : `${shown}.yaml`;
  if (isNodesFile(text)) return loadFiles(shown, new Map([[asYaml, text]]), [], options);
  const dump = readLoneDump(text, shown, options.typed, options.evidence);
  if (dump.kind === null || dump.findings.some((finding) => finding.code === "unrecognised-file")) {
    throw new InputError(dump.findings);
  }
  if (dump.findings.some(({ code }) => code === "manifests-alone")) {
    return loadFiles(shown, new Map([[asYaml, text]]), [], options);
  }
  const isReport = dump.kind === "ipam-show" || dump.kind === "ipam-check";
  if (dump.network.hosts.size === 0 && !isReport) throw new InputError(whyNone(dump.findings));
  return {
    name: shown,
    network: dump.network,
    findings: dump.findings,
    recognised: dump.recognised,
    machines: dump.machines,
    cluster: dump.cluster,
    settled: null,
    ipam: dump.ipam,
    placements: [],
    factEvidence: dump.factEvidence,
    collectedAt: null,
    files: { name: shown, files: new Map([[shown, text]]) },
    lone: true,
  };
}
