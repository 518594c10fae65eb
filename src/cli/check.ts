import { addressesOfTwoNodes } from "../analysis/addresses-of-two-nodes.ts";
import { bgpResources } from "../analysis/bgp-resources.ts";
import { birdInterfaces } from "../analysis/bird-interfaces.ts";
import { configuredPeers } from "../analysis/configured-peers.ts";
import { drift } from "../analysis/drift/drift.ts";
import { whatIsMissing } from "../analysis/what-is-missing.ts";
import { runChecks } from "../diagnosis/checks/checks.ts";
import type { Finding } from "../model/finding.ts";
import { readEvidence } from "../readers/evidence/read-evidence.ts";
import { bgpFindings } from "../report/bgp-findings.ts";
import { checkJson } from "../report/check-json.ts";
import { type CheckReport, checkText } from "../report/check-text.ts";
import { declaredPods } from "../report/declared-text.ts";
import { dumpedOtherwise, notFollowed } from "./bgp-disagreements.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { CommonOptions } from "./common-options.ts";
import { DONE, type ExitCode, FAILED } from "./exit-code.ts";
import { loadNetwork } from "./input.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { worstFirst } from "./loaded-network.ts";
import { openOutput } from "./output.ts";
import { timelineNotPlayed } from "./timeline-not-played.ts";

export interface CheckOptions extends CommonOptions, BgpOptions {
  readonly failOn: "error" | "warning" | "never";
}

/** `podpath check`: what can be said about the input without sending a packet. */
export async function check(argument: string | undefined, options: CheckOptions, io: Io): Promise<ExitCode> {
  const loaded = await loadNetwork(argument, io, { ...options, evidence: true });
  const evidence = readEvidence(loaded.machines, loaded.network.origins, loaded.factEvidence);
  if (options.strictInput === true && evidence.findings.length > 0) throw new InputError(worstFirst(evidence.findings));
  const shared = new Set(addressesOfTwoNodes(loaded.network).map(({ address }) => address));
  const otherwise = await dumpedOtherwise(loaded, evidence.evidence, options.bgp ?? "auto");
  const report: CheckReport = {
    name: loaded.name,
    findings: worstFirst([
      ...loaded.findings,
      ...timelineNotPlayed(loaded),
      ...evidence.findings,
      ...configuredPeers(evidence.evidence, loaded.network.origins),
      ...birdInterfaces(loaded.network, evidence.evidence),
      ...bgpResources(loaded.cluster, evidence.evidence, loaded.network.origins, loaded.settled, shared),
      ...runChecks(loaded.network, evidence.evidence, loaded).filter(
        ({ code }) => loaded.settled === null || !isSaid(code, loaded.findings),
      ),
      ...bgpFindings(loaded.network),
      ...otherwise,
      ...(await notFollowed(loaded, evidence.evidence)),
      // rules of a declared cluster are made of its objects: there is nothing to hold against them
      ...(loaded.machines.length > 0 ? drift(loaded.network, loaded.cluster) : []),
    ]),
    hosts: whatIsMissing(loaded.network),
    recognised: [...loaded.recognised, ...evidence.recognised],
    links: loaded.network.links.length,
    settings: loaded.cluster.settings,
    placements: loaded.placements,
    declaredPods: loaded.settled === null ? null : declaredPods(loaded.network),
  };
  const output = openOutput(io, options);
  try {
    if (options.json === true) await output.json(checkJson(report));
    else output.result(checkText(report, output.ink));
  } finally {
    output.close();
  }
  return fails(report.findings, options.failOn) ? FAILED : DONE;
}

/** Whether it was said of manifests when they were read: of all nodes at once, or with the field's place. */
function isSaid(code: string, findings: readonly Finding[]): boolean {
  if (code === "pod-address-twice") return findings.some((one) => one.code === "duplicate-address");
  return code === "proxy-arp-without-route" || code === "pools-overlap";
}

function fails(findings: readonly Finding[], failOn: CheckOptions["failOn"]): boolean {
  if (failOn === "never") return false;
  return findings.some(
    (finding) => finding.severity === "error" || (failOn === "warning" && finding.severity === "warning"),
  );
}
