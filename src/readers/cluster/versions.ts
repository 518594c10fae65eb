import type { ClusterVersions } from "../../calico/declared-node.ts";
import { at, elements, member, text, topField } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import type { Resource } from "../resources/read-resources.ts";

/** What is best held against the real thing. */
export const ASSUMED_VERSIONS: ClusterVersions = { calico: "v3.29.2", kubernetes: "v1.31.3" };

/** Of `nodes.yaml`, else of kubeadm's configuration, the operator's status and the images of DaemonSets, in this order. */
export function writtenVersions(
  inNodesFile: Partial<ClusterVersions>,
  resources: readonly Resource[],
): Partial<ClusterVersions> {
  let { calico, kubernetes } = inNodesFile;
  const images: { calico?: string | undefined; kubernetes?: string | undefined } = {};
  for (const { metadata, content } of resources) {
    const field = topField(content);
    switch (metadata.kind) {
      case "ClusterConfiguration":
        kubernetes ??= version(text(member(field, "kubernetesVersion")));
        break;
      case "Installation":
        calico ??= version(text(at(field, "status", "calicoVersion")));
        break;
      case "DaemonSet":
        for (const container of elements(at(field, "spec", "template", "spec", "containers"))) {
          const [, program, tag] =
            /([^/]+):(v?\d+\.\d+[^@]*)(?:@|$)/.exec(text(member(container, "image")) ?? "") ?? [];
          if (program === "kube-proxy") images.kubernetes ??= version(tag ?? null);
          else if (metadata.name === "calico-node" && program === "node") images.calico ??= version(tag ?? null);
        }
    }
  }
  calico ??= images.calico;
  kubernetes ??= images.kubernetes;
  return { ...(calico === undefined ? {} : { calico }), ...(kubernetes === undefined ? {} : { kubernetes }) };
}

/** The versions that count, and which of them are assumed. */
export function clusterVersions(written: Partial<ClusterVersions>): {
  readonly versions: ClusterVersions;
  readonly findings: readonly Finding[];
} {
  const { calico, kubernetes } = written;
  const versions = { calico: calico ?? ASSUMED_VERSIONS.calico, kubernetes: kubernetes ?? ASSUMED_VERSIONS.kubernetes };
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
