import type { HostPart, Knowledge } from "../model/host.ts";
import { formatPrefix } from "../net/prefix.ts";
import { factSource } from "../trace/fact-source.ts";
import type { CheckReport } from "./check-text.ts";
import { type FindingJson, findingJson } from "./code-link.ts";
import { snapshotFolder } from "./snapshot-folder.ts";

export interface CheckJson {
  readonly name: string;
  readonly findings: readonly FindingJson[];
  readonly files: CheckReport["recognised"];
  /** What kubeadm and kube-proxy were told; empty and null where nothing was collected. */
  readonly cluster: {
    readonly podSubnets: readonly string[];
    readonly serviceSubnets: readonly string[];
    readonly kubeProxyMode: string | null;
  };
  /** Files that were placed by what is in them: whose they are taken for, as what, and why. */
  readonly placements: CheckReport["placements"];
  /** The pods that manifests make, on which nodes; null for dumps. */
  readonly pods: CheckReport["declaredPods"];
  readonly hosts: readonly {
    readonly host: string;
    readonly kind: string;
    readonly known: readonly HostPart[];
    /** Parts that no dump tells, with the command that would, and the file of a snapshot that it fills. */
    readonly missing: readonly {
      readonly part: HostPart;
      readonly knowledge: Knowledge;
      readonly command: string;
      readonly file: string;
    }[];
  }[];
}

export function checkJson(report: CheckReport): CheckJson {
  return {
    name: report.name,
    findings: report.findings.map(findingJson),
    files: report.recognised,
    cluster: {
      podSubnets: report.settings.podSubnets.map(formatPrefix),
      serviceSubnets: report.settings.serviceSubnets.map(formatPrefix),
      kubeProxyMode: report.settings.kubeProxy?.mode ?? null,
    },
    placements: report.placements,
    pods: report.declaredPods,
    hosts: report.hosts.map((host) => {
      const parts = [...host.parts];
      return {
        host: host.host,
        kind: host.kind,
        known: parts.filter(([, knowledge]) => knowledge === "known").map(([part]) => part),
        missing: parts
          .filter(([, knowledge]) => knowledge !== "known")
          .map(([part, knowledge]) => {
            const { command, file } = factSource(part);
            return { part, knowledge, command, file: `${snapshotFolder(host)}/${file}` };
          }),
      };
    }),
  };
}
