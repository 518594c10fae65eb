import type { Cluster } from "../../calico/cluster.ts";
import type { ClusterVersions } from "../../calico/declared-node.ts";
import { at, member, text, topField } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";

/** What is best held against the real thing. */
const ASSUMED: ClusterVersions = { calico: "v3.29.2", kubernetes: "v1.31.3" };

/** Of `nodes.yaml`, else of kubeadm's configuration and the operator's status, else assumed. */
export function clusterVersions(
  written: Partial<ClusterVersions>,
  cluster: Cluster,
): { readonly versions: ClusterVersions; readonly findings: readonly Finding[] } {
  let { calico, kubernetes } = written;
  for (const { metadata, content } of cluster.others.values()) {
    const field = topField(content);
    if (metadata.kind === "ClusterConfiguration") kubernetes ??= version(text(member(field, "kubernetesVersion")));
    if (metadata.kind === "Installation") calico ??= version(text(at(field, "status", "calicoVersion")));
  }
  const versions = { calico: calico ?? ASSUMED.calico, kubernetes: kubernetes ?? ASSUMED.kubernetes };
  const assumed = [
    ...(calico === undefined ? [`Calico ${versions.calico}`] : []),
    ...(kubernetes === undefined ? [`Kubernetes ${versions.kubernetes}`] : []),
  ];
  if (assumed.length === 0) return { versions, findings: [] };
  return {
    versions,
    findings: [
      {
        code: "versions-assumed",
        severity: "info",
        message: `Nothing says which versions run; assumed: ${assumed.join(" and ")}.`,
        advice: "Add versions: {calico: v3.29.2, kubernetes: v1.31.3} with yours to nodes.yaml.",
      },
    ],
  };
}

function version(written: string | null): string | undefined {
  const found = /^v?(\d+\.\d+(?:\.\d+)?)/.exec(written ?? "")?.[1];
  return found === undefined ? undefined : `v${found}`;
}
