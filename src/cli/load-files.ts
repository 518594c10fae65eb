import { basename } from "node:path";
import type { Finding } from "../model/finding.ts";
import { isClusterFolder } from "../readers/cluster/cluster-folder.ts";
import { FILE_ROLES, type SnapshotFiles, stemOf } from "../readers/snapshot/files.ts";
import { openSnapshot, readSnapshot } from "../readers/snapshot/read-snapshot.ts";
import { InputError } from "./input-error.ts";
import type { LoadedNetwork, TypedOptions } from "./loaded-network.ts";
import { hostsTold, untoldFiles } from "./told-hosts.ts";

/** Makes a network of files, wherever they come from. */
export async function loadFiles(
  name: string,
  read: SnapshotFiles["files"],
  earlier: readonly Finding[],
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const { host = [], typed: facts = [] } = options;
  const untold = untoldFiles(host, [...read.keys()]);
  if (untold.length > 0) throw new InputError(untold);
  if (isClusterFolder(read)) {
    const { loadCluster } = await import("./load-cluster.ts");
    return loadCluster(name, read, earlier, options);
  }
  const files: SnapshotFiles = { name, files: read, facts, hostOf: hostsTold(host) };
  const manifests = isManifests(read);
  const asSnapshot = manifests
    ? { name, files: new Map([...read].map(([file, text]) => [`${CLUSTER}${file}`, text] as const)), facts }
    : files;
  const mode = options.open === true && options.strictInput !== true ? openSnapshot : readSnapshot;
  const result = mode(asSnapshot, (done, total) => options.progress?.show("machines read", done, total));
  if (manifests && result.network.hosts.size === 0 && result.cluster.nodes.size + result.cluster.calicoNodes.size > 0) {
    const { loadCluster } = await import("./load-cluster.ts");
    return loadCluster(name, read, earlier, options);
  }
  if (result.network.hosts.size === 0) {
    const findings = [...earlier, ...result.findings];
    throw new InputError(whyNone(manifests ? findings.map(asGiven) : findings));
  }
  return {
    name: result.name,
    network: result.network,
    get findings() {
      return [...earlier, ...result.findings];
    },
    recognised: result.recognised,
    machines: result.machines,
    cluster: result.cluster,
    settled: null,
    ipam: result.ipam,
    placements: result.placements,
    factEvidence: result.factEvidence,
    collectedAt: dateOf(result.collectedAt),
    files,
    lone: false,
  };
}

function dateOf(text: string | null): Date | null {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Where a snapshot keeps the objects of its cluster. */
const CLUSTER = "cluster/";

/** A finding about a folder of manifests, with the name of the file as it is there. */
function asGiven(finding: Finding): Finding {
  const { file } = finding;
  return file?.startsWith(CLUSTER) ? { ...finding, file: file.slice(CLUSTER.length) } : finding;
}

/** Why there is no network, and the errors that may be the reason. */
export function whyNone(findings: readonly Finding[]): readonly Finding[] {
  const isWhy = ({ code }: Finding): boolean => code === "manifests-alone" || code === "empty-snapshot";
  const errors = findings.filter((finding) => finding.severity === "error");
  const badFacts = errors.filter(({ code }) => code === "bad-fact");
  // what was typed is what should have told of a machine
  if (badFacts.length > 0) return badFacts;
  return [...errors.filter(isWhy), ...errors.filter((finding) => !isWhy(finding))];
}

const TOP = /^(?:[^/]+\/)?(?:nodes|hosts|cluster)\/|^(?:[^/]+\/)?snapshot\.ya?ml$/;

function isManifests(files: ReadonlyMap<string, unknown>): boolean {
  const names = [...files.keys()].filter((name) => !/^facts\.ya?ml$/.test(name));
  return (
    names.length > 0 &&
    names.every((name) => /\.(?:ya?ml|json)$/.test(name) && !FILE_ROLES.has(stemOf(basename(name)))) &&
    !names.some((name) => TOP.test(name))
  );
}
