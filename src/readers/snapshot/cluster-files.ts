import type { Cluster } from "../../calico/cluster.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { type IpamReport, joinIpamReports } from "../../model/ipam-report.ts";
import type { OriginTable } from "../../model/origin.ts";
import { readIpamCheck } from "../calicoctl/ipam-check.ts";
import { readIpamShow } from "../calicoctl/ipam-show.ts";
import { type DumpKind, PRINTED_BY, recogniseDump } from "../recognise.ts";
import { buildCluster } from "../resources/build-cluster.ts";
import { type Resource, readResources } from "../resources/read-resources.ts";
import { readTables } from "../tables/read-tables.ts";
import type { PlacedFile } from "./layout.ts";
import type { RecognisedFile } from "./reading.ts";

/** What files of `cluster/` are taken for. */
const API_OBJECTS = "API objects";
const OBJECTS: ReadonlySet<string> = new Set([API_OBJECTS, PRINTED_BY.table]);

/** What the files about the whole cluster say. */
export interface ClusterFiles {
  readonly cluster: Cluster;
  readonly ipam: IpamReport;
}

export function readClusterFiles(
  files: readonly PlacedFile[],
  origins: OriginTable,
  findings: Finding[],
  recognised: RecognisedFile[],
): ClusterFiles {
  const resources: Resource[] = [];
  const reports: IpamReport[] = [];
  for (const file of files) {
    if (!/\.(?:ya?ml|json)$/i.test(file.path)) {
      const kind = recogniseDump(file.text);
      if (kind === "table") {
        const read = readTables(file.text, file.path, origins);
        append(findings, read.findings);
        append(resources, read.resources);
        recognised.push({ path: file.path, as: PRINTED_BY.table, items: read.resources.length });
        continue;
      }
      if (kind === "ipam-show" || kind === "ipam-check") {
        const read = (kind === "ipam-show" ? readIpamShow : readIpamCheck)(file.text, file.path, origins);
        append(findings, read.findings);
        reports.push(read.report);
        recognised.push({ path: file.path, as: PRINTED_BY[kind], items: read.items });
        continue;
      }
      if (kind !== "resources") {
        findings.push(notObjects(file.path, kind));
        continue;
      }
    }
    if (file.text.trim() === "") {
      findings.push({
        code: "empty-file",
        severity: "warning",
        message: "The file is empty.",
        file: file.path,
        expected: "the output of kubectl or calicoctl with -o yaml",
      });
      continue;
    }
    const read = readResources(file.text, file.path, origins);
    append(findings, read.findings);
    append(resources, read.resources);
    recognised.push({ path: file.path, as: API_OBJECTS, items: read.resources.length });
  }
  const built = buildCluster(resources);
  append(findings, built.findings);
  return { cluster: built.cluster, ipam: joinIpamReports(reports) };
}

/** Text forms of the API's objects stand beside the YAML in Calico's own bundles. */
function notObjects(file: string, kind: DumpKind | null): Finding {
  if (kind !== "describe") {
    return {
      code: "unknown-file",
      severity: "info",
      message: "Not read: API objects are read from YAML, JSON and the tables of kubectl and calicoctl.",
      file,
    };
  }
  return {
    code: "describe-not-enough",
    severity: "info",
    message: "The output of kubectl describe is for people; nothing is read from it.",
    file,
    advice: "The same objects with kubectl get -o yaml tell all that it tells.",
  };
}

/** Without a machine there is no network: what was given instead, and what is wanted. */
export function noMachines(name: string, recognised: readonly RecognisedFile[]): Finding {
  const objects = recognised.reduce((sum, file) => sum + (OBJECTS.has(file.as) ? (file.items ?? 0) : 0), 0);
  if (objects > 0) {
    return {
      code: "manifests-alone",
      severity: "error",
      message: `${name} holds ${objects} Kubernetes and Calico object${objects === 1 ? "" : "s"} and no dump of any machine, and nothing says which nodes there are.`,
      expected:
        "a nodes.yaml or Node objects beside them; or a snapshot folder: nodes/<node>/ with files such as iptables-save.txt, ip-addr.txt and ip-route.txt, and the objects in cluster/",
      advice:
        "podpath init writes a nodes.yaml to start from; docs/reference/snapshot.md lists the files of a snapshot.",
    };
  }
  return {
    code: "empty-snapshot",
    severity: "error",
    message: `${name} holds no dump of any machine.`,
    expected: "nodes/<node>/ with files such as iptables-save.txt, ip-addr.txt and ip-route.txt",
    advice: "docs/reference/snapshot.md lists the files and the commands that write them.",
  };
}
