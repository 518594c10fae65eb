import type { Cluster } from "../../calico/cluster.ts";
import { policyProblems } from "../../calico/policy-problems.ts";
import { clusterNames } from "../../kubernetes/name-service.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { type Host, host } from "../../model/host.ts";
import type { Link } from "../../model/link.ts";
import { type EndpointName, type Network, network } from "../../model/network.ts";
import { once } from "../../model/once.ts";
import { type OriginTable, originTable } from "../../model/origin.ts";
import { buildCluster } from "../resources/build-cluster.ts";
import { type Resource, readResources } from "../resources/read-resources.ts";
import { schemaJudge } from "../resources/schema-judge.ts";
import { type SnapshotFiles, textOf } from "../snapshot/files.ts";
import { serviceNamesOf } from "../snapshot/names.ts";
import type { RecognisedFile } from "../snapshot/reading.ts";
import { describedSegments, inferredSegments, memberKey } from "../snapshot/segments.ts";
import { nodesFileTwice, partsOfFile } from "./cluster-folder.ts";
import { clusterHosts } from "./cluster-hosts.ts";
import { problemFindings } from "./cluster-problem.ts";
import { connectionCleaning } from "./connection-cleaning.ts";
import { lazyMap } from "./lazy-map.ts";
import { networkProblems } from "./network-problems.ts";
import { nodeCacheProblems } from "./node-cache-problems.ts";
import { NO_NODES_FILE, type NodesFile, readNodesFile } from "./nodes-file.ts";
import { policyClusterProblems } from "./policy-cluster-problems.ts";
import { referenceProblems } from "./reference-problems.ts";
import type { RunningPods } from "./running-pods.ts";
import { serviceRangeProblems } from "./service-range-problems.ts";
import { type SettledCluster, settleCluster } from "./settle-cluster.ts";
import { unansweredGateway } from "./unanswered-gateway.ts";
import { unreadKinds } from "./unread-kinds.ts";
import { unrenderedSources } from "./unrendered.ts";
import { ASSUMED_VERSIONS, writtenVersions } from "./versions.ts";

export interface ClusterResult {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly settled: SettledCluster;
  readonly findings: readonly Finding[];
  readonly recognised: readonly RecognisedFile[];
  readonly name: string;
}

/** Manifests that are applied later: their objects count instead of the folder's. */
export interface AppliedManifests {
  readonly texts: ReadonlyMap<string, string>;
  /** Of the network that they change. */
  readonly origins: OriginTable;
  readonly running: RunningPods;
}

/** Reads a folder of manifests with a `nodes.yaml` into the network that Kubernetes and Calico make of them. */
export function readClusterFolder(files: SnapshotFiles, later: AppliedManifests | null = null): ClusterResult {
  const origins = later?.origins ?? originTable();
  const findings: Finding[] = [];
  const recognised: RecognisedFile[] = [];
  const resources: Resource[] = [];
  let nodesFile: NodesFile | null = null;
  let nodesFilePath = "";
  // an object counts where it stands first: the latest application
  const texts = new Map([...(later?.texts ?? [])].reverse());
  for (const [path, content] of [...files.files].sort(([x], [y]) => (x < y ? -1 : 1))) {
    const read = typeof content === "string" ? content : "problem" in content ? content : textOf(content);
    if (typeof read === "string") texts.set(texts.has(path) ? `./${path}` : path, read);
    else findings.push(read.problem);
  }
  const unrendered = unrenderedSources(texts);
  append(findings, unrendered.findings);
  for (const path of texts.keys()) {
    if (!unrendered.isRead(path)) continue;
    if (!/\.(?:ya?ml|json)$/i.test(path)) continue;
    const { nodes, rest } = partsOfFile(unrendered.textOf(path));
    for (const text of nodes) {
      if (nodesFile !== null) {
        findings.push(nodesFileTwice(path, text, nodesFilePath));
        continue;
      }
      const folder = path.slice(0, path.lastIndexOf("/") + 1);
      nodesFile = readNodesFile(text, path, origins, (other) => texts.get(folder + other.replace(/^\.\//, "")) ?? null);
      nodesFilePath = path;
      append(findings, nodesFile.findings);
      recognised.push({ path, as: "nodes.yaml", items: nodesFile.nodes.length });
    }
    if (rest === null) continue;
    const read = readResources(rest, path, origins);
    append(findings, read.findings);
    append(resources, read.resources);
    recognised.push({ path, as: "API objects", items: read.resources.length });
  }
  const written = nodesFile ?? NO_NODES_FILE;
  const versions = writtenVersions(written.versions, resources);
  const judge = schemaJudge(versions.calico ?? ASSUMED_VERSIONS.calico);
  const { cluster, findings: about } = buildCluster(resources, judge);
  append(findings, later === null ? about : about.filter(({ code }) => code !== "resource-twice"));
  const made = clusterNetwork(cluster, { ...written, versions }, origins, later?.running ?? null);
  append(findings, made.findings);
  const settled = made.settled.cluster;
  const problems = [
    ...networkProblems(settled, made.settled.nodes),
    ...serviceRangeProblems(settled, cluster.settings.serviceSubnets),
    ...referenceProblems(settled, cluster),
  ];
  const ofPolicies = policyProblems(settled, made.settled.nodes, made.settled.versions);
  append(findings, problemFindings([...problems, ...policyClusterProblems(ofPolicies, resources)], resources));
  const unanswered = unansweredGateway(settled, made.settled.nodes, origins);
  if (unanswered !== null) findings.push(unanswered);
  append(findings, nodeCacheProblems(settled, origins));
  const others = unreadKinds(cluster);
  if (others !== null) findings.push(others);
  return {
    network: made.network,
    cluster: made.settled.cluster,
    settled: made.settled,
    findings,
    recognised,
    name: nodesFile?.name ?? files.name,
  };
}

/** The network of a cluster: its nodes and pods, the machines between them, and the names that probes may use. */
export function clusterNetwork(
  declared: Cluster,
  file: NodesFile,
  origins: OriginTable,
  before: RunningPods | null = null,
): { readonly network: Network; readonly settled: SettledCluster; readonly findings: readonly Finding[] } {
  const settled = settleCluster(declared, file, origins, before);
  const findings: Finding[] = [...settled.findings];
  const { cluster, nodes } = settled;
  const machines = new Map(file.fabric.hosts.map((machine) => [machine.name, machine]));
  const { hosts, veths, vethAt } = clusterHosts(settled, machines, origins);
  // who is joined to whom follows from the machines' own devices
  const bare = new Map<string, Host>(machines);
  for (const node of nodes) {
    const interfaces = new Map(node.interfaces.map((device) => [device.name, device]));
    bare.set(node.name, host({ name: node.name, interfaces, routes: node.routes }));
  }
  const told = describedSegments(file.fabric.segments, bare, "nodes.yaml");
  const taken = new Set(told.links.flatMap(({ members }) => members.map(memberKey)));
  const inferred = inferredSegments(bare.values(), taken, ({ routes }) => routes);
  append(findings, [...told.findings, ...inferred.findings]);
  const segments = [...told.links, ...inferred.links];
  const segmentOf = new Map<string, Link>();
  for (const segment of segments) for (const member of segment.members) segmentOf.set(memberKey(member), segment);
  const links = once(() => [...veths(), ...segments]);
  return {
    network: network({
      hosts,
      get links() {
        return links();
      },
      linkOf: (name, device) => segmentOf.get(memberKey({ host: name, interface: device })) ?? vethAt(name, device),
      origins,
      endpoints: endpointNames(cluster, machines),
      services: serviceNamesOf(cluster),
      fabricRoutes: file.fabric.routes,
      pools: [...cluster.ipPools.values()].map(({ cidr }) => cidr),
      declaredIn: NODES_YAML,
      cleaning: connectionCleaning(settled),
      names: clusterNames(cluster, () => settled.slices),
    }),
    settled,
    findings,
  };
}

function endpointNames(cluster: Cluster, machines: ReadonlyMap<string, Host>): ReadonlyMap<string, EndpointName> {
  const names = function* (): Iterable<string> {
    for (const [key, pod] of cluster.pods) if (!hasFinished(pod)) yield POD + key;
    for (const name of cluster.nodes.keys()) yield NODE + name;
    yield* machines.keys();
  };
  return lazyMap(names, (name) => {
    const machine = machines.get(name);
    if (machine !== undefined) return machineName(name, machine);
    if (name.startsWith(NODE)) {
      const own = name.slice(NODE.length);
      const node = cluster.nodes.get(own);
      return node === undefined ? undefined : { host: own, addresses: node.internalIPs, unmodelled: false };
    }
    const pod = name.startsWith(POD) ? cluster.pods.get(name.slice(POD.length)) : undefined;
    return pod === undefined || hasFinished(pod) ? undefined : podName(name, pod, cluster);
  });
}

const NODES_YAML = "nodes.yaml";
const POD = "pod/";
const NODE = "node/";

function podName(name: string, pod: Pod, { nodes }: Cluster): EndpointName {
  const node = pod.nodeName ?? "";
  return {
    host: pod.hostNetwork === true ? node : name,
    addresses: pod.podIPs,
    unmodelled: pod.podIPs.length === 0 || !nodes.has(node),
  };
}

function machineName(host: string, { interfaces }: Host): EndpointName {
  const addresses = [...interfaces.values()].flatMap((device) =>
    device.kind === "loopback" ? [] : device.addresses.map(({ address }) => address),
  );
  return { host, addresses, unmodelled: false };
}
