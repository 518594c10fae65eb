import type { Cluster } from "../../calico/cluster.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Network } from "../../model/network.ts";
import { programmedCluster } from "../programmed/programmed-cluster.ts";
import { blockRouteDrift } from "./block-route-drift.ts";
import { foreignRules } from "./foreign-rules.ts";
import { programDrift } from "./program-drift.ts";
import { routeDrift } from "./route-drift.ts";
import { setDrift } from "./set-drift.ts";

/**
 * What Felix, kube-proxy and the CNI plugin should have programmed on the dumped nodes and did not, what is there and should not be, and
 * rules that somebody else wrote among theirs. Only about programs of whose objects enough was collected.
 */
export function drift(network: Network, cluster: Cluster): readonly Finding[] {
  const { origins } = network;
  const programmed = programmedCluster(network, cluster);
  if (programmed.programs.size === 0) return [];
  const findings: Finding[] = [];
  const podsOf = new Map<string, Pod[]>();
  for (const pod of cluster.pods.values()) {
    if (pod.nodeName === null) continue;
    const present = podsOf.get(pod.nodeName);
    if (present === undefined) podsOf.set(pod.nodeName, [pod]);
    else present.push(pod);
  }
  for (const host of network.hosts.values()) {
    const node = host.kind === "node" ? programmed.of(host.name) : null;
    if (node === null) continue;
    append(findings, programDrift(host, node, origins));
    if (programmed.programs.has("Felix")) {
      append(findings, setDrift(host, node, origins));
      append(findings, routeDrift(host, podsOf.get(host.name) ?? [], cluster, origins));
      append(findings, blockRouteDrift(host, cluster, origins));
    }
    append(findings, foreignRules(host, origins));
  }
  const differs = findings.some(({ code }) => code.startsWith("rules-") || code === "set-members-differ");
  if (differs && programmed.calicoFrom !== "object") {
    findings.push({
      code: "calico-version-assumed",
      severity: "info",
      message: `No object names the version of Calico: its rules are held against those of ${programmed.versions.calico}, ${programmed.calicoFrom === "rules" ? "which fit the dumps best" : "the newest that podpath knows"}.`,
      advice: "Collect calicoctl get clusterinformation -o yaml.",
    });
  }
  return findings;
}
