import type { Finding } from "../model/finding.ts";
import { ipamReport } from "../model/ipam-report.ts";
import { readClusterFolder } from "../readers/cluster/read-cluster.ts";
import type { SnapshotFiles } from "../readers/snapshot/files.ts";
import type { LoadedNetwork, LoadOptions } from "./input.ts";
import { InputError } from "./input-error.ts";

/** The network that Kubernetes and Calico make of a folder of manifests with a `nodes.yaml`. */
export function loadCluster(
  name: string,
  files: SnapshotFiles["files"],
  earlier: readonly Finding[],
  options: LoadOptions,
): LoadedNetwork {
  if ((options.fact ?? []).length + (options.facts ?? []).length > 0) throw new InputError([noFacts()]);
  const result = readClusterFolder({ name, files });
  const findings = [...earlier, ...result.findings];
  if (result.settled.nodes.length === 0) throw new InputError(findings.filter(({ severity }) => severity === "error"));
  return {
    name: result.name,
    network: result.network,
    findings,
    recognised: result.recognised,
    machines: [],
    cluster: result.cluster,
    settled: result.settled,
    ipam: ipamReport({}),
    placements: [],
    factEvidence: new Map(),
    collectedAt: null,
    files: { name, files },
    lone: false,
  };
}

function noFacts(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "--fact and --facts complete dumps; this is a cluster of manifests",
    advice: "Say it in nodes.yaml: sysctls, routes and firewall of the node.",
  };
}
