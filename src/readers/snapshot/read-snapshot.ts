import type { Cluster } from "../../calico/cluster.ts";
import { endpointSlicesOf } from "../../kubernetes/endpoint-slices-of.ts";
import { clusterNames } from "../../kubernetes/name-service.ts";
import { append } from "../../model/append.ts";
import { buildNetwork } from "../../model/build-network.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { IpamReport } from "../../model/ipam-report.ts";
import { type Network, network } from "../../model/network.ts";
import { originTable } from "../../model/origin.ts";
import type { Prefix } from "../../net/prefix.ts";
import { type KnownHosts, knownHosts } from "../loose/known-hosts.ts";
import { sortLoose } from "../loose/loose-dump.ts";
import { type Placement, placeLoose } from "../loose/place-loose.ts";
import { PRINTED_BY } from "../recognise.ts";
import { noMachines, readClusterFiles } from "./cluster-files.ts";
import { readCollectorIndexes } from "./collector-index.ts";
import { contradictions } from "./contradictions.ts";
import { NO_DESCRIPTION, readDescription } from "./description.ts";
import { misnamed, notRead, strays } from "./file-remarks.ts";
import { isUnread, type SnapshotFiles } from "./files.ts";
import { identified, joinMachines } from "./join-machines.ts";
import { knownTexts } from "./known-texts.ts";
import { layOut, type MachineFiles, type PlacedFile } from "./layout.ts";
import { endpointsOf, serviceNamesOf } from "./names.ts";
import { nodesWithoutDumps } from "./nodes-without-dumps.ts";
import { isNotRead } from "./not-read.ts";
import { type Machine, openMachine, readMachine } from "./read-machine.ts";
import type { Reading, RecognisedFile } from "./reading.ts";
import { describedSegments, inferredSegments, memberKey, type RoutesOf } from "./segments.ts";
import { serviceProxyOf } from "./service-proxy.ts";
import { factsOf, withFacts, withPodFacts } from "./snapshot-facts.ts";

export interface SnapshotResult {
  readonly network: Network;
  /** Kubernetes and Calico objects of `cluster/`. */
  readonly cluster: Cluster;
  /** What calicoctl said of Calico's addresses. */
  readonly ipam: IpamReport;
  /** What is wrong, doubtful or missing, in order of files. */
  readonly findings: readonly Finding[];
  /** Which file was read as what. */
  readonly recognised: readonly RecognisedFile[];
  /** The files of each machine, with the names of its hosts: readers/evidence/ reads from them what decides about no packet. */
  readonly machines: readonly MachineFiles[];
  /** Files that were placed by what is in them. */
  readonly placements: readonly Placement[];
  /** What facts say that decides about no packet, by host. */
  readonly factEvidence: ReadonlyMap<string, Evidence>;
  /** metadata.name of snapshot.yaml, else the folder's. */
  readonly name: string;
  /** collectedAt of snapshot.yaml. */
  readonly collectedAt: string | null;
}

/** Hears how many machines of how many were read. */
type Progress = (done: number, total: number) => void;

/** Reads a snapshot folder (INTERFACES section 2). Never throws for bad input: that becomes findings. */
export function readSnapshot(files: SnapshotFiles, progress: Progress = () => {}): SnapshotResult {
  return assemble(files, "read", progress);
}

/**
 * Opens a snapshot folder: the network is the same as `readSnapshot` makes, and each machine's rules, routes and the rest are
 * read when a packet comes to where they decide. `findings` and `recognised` grow with what was read; what no question needed
 * is not in them, and nor is what contradicts itself between dumps.
 */
export function openSnapshot(files: SnapshotFiles, progress: Progress = () => {}): SnapshotResult {
  return assemble(files, "open", progress);
}

function assemble(files: SnapshotFiles, mode: "read" | "open", progress: Progress): SnapshotResult {
  const origins = originTable();
  const findings: Finding[] = [];
  const recognised: RecognisedFile[] = [];
  for (const [path, content] of [...files.files].sort(([x], [y]) => (x < y ? -1 : 1))) {
    if (typeof content !== "string" && !isUnread(content) && !isNotRead(path)) findings.push(content.problem);
  }
  const layout = layOut(files);
  const canBeRead = (file: PlacedFile): boolean => {
    const problem = file.problem ?? null;
    if (problem !== null) findings.push(problem);
    return problem === null;
  };
  const facts = factsOf(files, layout.facts !== null && canBeRead(layout.facts) ? layout.facts : null, {
    origins,
    findings,
    recognised,
  });
  const loose = sortLoose(layout.loose.filter(({ file }) => canBeRead(file)));
  const objects = [...facts.pods, ...layout.cluster.filter(canBeRead), ...loose.objects];
  const { cluster, ipam } = readClusterFiles(objects, origins, findings, recognised);
  const described = layout.description !== null && canBeRead(layout.description) ? layout.description : null;
  const description = described === null ? NO_DESCRIPTION : readDescription(described, origins);
  append(findings, description.findings);
  if (described !== null) recognised.push({ path: described.path, as: PRINTED_BY.snapshot, items: null });
  const indexes = layout.indexes.filter(canBeRead);
  const collectors = readCollectorIndexes(indexes);
  append(findings, collectors.findings);
  for (const { path } of indexes) recognised.push({ path, as: "the collector's index", items: null });
  if (mode === "read") append(findings, strays(loose.unknown));
  append(findings, [...layout.misnamed.map(misnamed), ...notRead(layout.notRead)]);

  const collectedAt = description.collectedAt ?? collectors.collectedAt;
  const known = knownHosts(cluster, []);
  const folders = layout.machines.map((files) => renamed(files, known));
  const placed = placeLoose(loose, folders, cluster, files.hostOf ?? (() => null));
  append(findings, placed.findings);
  const machineFiles = placed.machines;
  const reading: Reading = {
    origins,
    collectors,
    serviceProxy: serviceProxyOf(cluster),
    known: knownTexts(),
    findings,
    recognised,
  };
  const machines = machineFiles.flatMap((files, done) => {
    progress(done, machineFiles.length);
    const readable =
      mode === "open" ? files : { ...files, files: new Map([...files.files].filter(([, file]) => canBeRead(file))) };
    const machine = (mode === "read" ? readMachine : openMachine)(readable, reading);
    const isThere = machine.host.interfaces.size > 0 || [...readable.files.values()].some((file) => !file.problem);
    return isThere ? [machine] : [];
  });
  const dumped = identified(machines, cluster, { origins, findings, mode });
  const named = withFacts(dumped, facts, description.hosts, reading);
  const routesOf = routesForJoining(named);
  const joined = joinMachines(named, description.hosts.map(facts.applyTo), cluster, {
    origins,
    findings,
    routesOf,
    mode,
  });
  const { workloads } = joined;
  const hosts = withPodFacts(joined.hosts, facts, findings);

  const told = describedSegments(description.segments, hosts, layout.description?.path ?? "snapshot.yaml");
  const taken = new Set(joined.links.concat(told.links).flatMap((link) => link.members.map(memberKey)));
  const inferred = inferredSegments(hosts.values(), taken, routesOf);
  append(findings, [...told.findings, ...inferred.findings]);
  const links = [...joined.links, ...told.links, ...inferred.links];
  if (mode === "read") append(findings, contradictions(hosts, links, cluster, workloads, origins));
  const undumped = nodesWithoutDumps(cluster, hosts, files.files.keys());
  if (undumped !== null) findings.push(undumped);
  if (hosts.size === 0) findings.push(noMachines(files.name, recognised));

  const fields = {
    hosts,
    links,
    origins,
    endpoints: endpointsOf(hosts, cluster, workloads),
    services: serviceNamesOf(cluster),
    names: clusterNames(cluster, () => endpointSlicesOf(cluster)),
    fabricRoutes: description.routes,
    ...collectionTime(collectedAt),
    pools: podNetworks(cluster),
  };
  const built = mode === "read" ? buildNetwork(fields) : { network: network(fields), findings: [] };
  // What contradicts itself in a dump stays as it was dumped: a doubt, not an error.
  for (const finding of built.findings) findings.push({ ...finding, severity: "warning" });
  return {
    network: built.network,
    cluster,
    ipam,
    findings,
    recognised,
    machines: machineFiles,
    placements: placed.placements,
    factEvidence: facts.evidence,
    name: description.name ?? files.name,
    collectedAt,
  };
}

/** The routes of a host that say who is joined to it: of a dumped machine, what it knows without reading all others. */
function routesForJoining(machines: readonly Machine[]): RoutesOf {
  const joining = new Map(machines.map(({ host, joiningRoutes }) => [host.name, joiningRoutes]));
  return (host) => joining.get(host.name)?.() ?? host.routes;
}

/** Where pods have their addresses from: Calico's pools, else what kubeadm was told. */
function podNetworks(cluster: Cluster): readonly Prefix[] {
  const pools = [...cluster.ipPools.values()].map((pool) => pool.cidr);
  return pools.length > 0 ? pools : cluster.settings.podSubnets;
}

function collectionTime(text: string | null): { readonly collectedAt?: number } {
  const milliseconds = Date.parse(text ?? "");
  return Number.isNaN(milliseconds) ? {} : { collectedAt: milliseconds / 1000 };
}

/** A folder named after a machine's host name belongs to the node with that label. */
function renamed(files: MachineFiles, known: KnownHosts): MachineFiles {
  if (files.kind === "node") return { ...files, name: known.named(files.name) ?? files.name };
  return files.node === null ? files : { ...files, node: known.named(files.node) ?? files.node };
}
