import type { Cluster } from "../../calico/cluster.ts";
import { buildNetwork } from "../../model/build-network.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host, HostPart } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { IpamReport } from "../../model/ipam-report.ts";
import type { Link } from "../../model/link.ts";
import { type Network, network } from "../../model/network.ts";
import { type OriginTable, originTable } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { type Facts, readFacts } from "../facts/apply-facts.ts";
import { readFactsFile } from "../facts/facts-file.ts";
import { type KnownHosts, knownHosts } from "../loose/known-hosts.ts";
import { sortLoose } from "../loose/loose-dump.ts";
import { type Placement, placeLoose } from "../loose/place-loose.ts";
import { PRINTED_BY } from "../recognise.ts";
import { noMachines, readClusterFiles } from "./cluster-files.ts";
import { readCollectorIndexes } from "./collector-index.ts";
import { contradictions } from "./contradictions.ts";
import { NO_DESCRIPTION, readDescription } from "./description.ts";
import { isUnread, type SnapshotFiles } from "./files.ts";
import { findingAt } from "./finding-at.ts";
import { hostOf, once, partsOfHost } from "./host-parts.ts";
import { knownTexts } from "./known-texts.ts";
import { type LooseFile, layOut, type MachineFiles, NOBODY, type PlacedFile } from "./layout.ts";
import { endpointsOf, serviceNamesOf } from "./names.ts";
import { nodesWithoutDumps } from "./nodes-without-dumps.ts";
import { isNotRead } from "./not-read.ts";
import { findVeth, type HostRoutes, hostRoutesOf, linksInside, pairByIndex, vethLink } from "./pod-links.ts";
import { type Machine, openMachine, readMachine } from "./read-machine.ts";
import type { Reading, RecognisedFile } from "./reading.ts";
import { describedSegments, inferredSegments, memberKey, type RoutesOf } from "./segments.ts";
import { serviceProxyOf } from "./service-proxy.ts";
import { declaredSockets, synthesisePod } from "./synthesise-pod.ts";
import { type DeclaredPort, declaredPorts, portIndex, type Workload, workloadsOf } from "./workloads.ts";

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
  findings.push(...description.findings);
  if (described !== null) recognised.push({ path: described.path, as: PRINTED_BY.snapshot, items: null });
  const indexes = layout.indexes.filter(canBeRead);
  const collectors = readCollectorIndexes(indexes);
  findings.push(...collectors.findings);
  for (const { path } of indexes) recognised.push({ path, as: "the collector's index", items: null });
  if (mode === "read") findings.push(...strays(loose.unknown));
  findings.push(...layout.misnamed.map(misnamed), ...notRead(layout.notRead));

  const collectedAt = description.collectedAt ?? collectors.collectedAt;
  const known = knownHosts(cluster, []);
  const folders = layout.machines.map((files) => renamed(files, known));
  const placed = placeLoose(loose, folders, cluster, files.hostOf ?? (() => null));
  findings.push(...placed.findings);
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
  const joined = join(named, description.hosts.map(facts.applyTo), cluster, { origins, findings, routesOf, mode });
  const { workloads } = joined;
  const hosts = withPodFacts(joined.hosts, facts, findings);

  const told = describedSegments(description.segments, hosts, layout.description?.path ?? "snapshot.yaml");
  const taken = new Set(joined.links.concat(told.links).flatMap((link) => link.members.map(memberKey)));
  const inferred = inferredSegments(hosts.values(), taken, routesOf);
  findings.push(...told.findings, ...inferred.findings);
  const links = [...joined.links, ...told.links, ...inferred.links];
  if (mode === "read") findings.push(...contradictions(hosts, links, cluster, workloads, origins));
  const undumped = nodesWithoutDumps(cluster, hosts, files.files.keys());
  if (undumped !== null) findings.push(undumped);
  if (hosts.size === 0) findings.push(noMachines(files.name, recognised));

  const fields = {
    hosts,
    links,
    origins,
    endpoints: endpointsOf(hosts, cluster, workloads),
    services: serviceNamesOf(cluster),
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

/** Facts typed at the command line, then those of the snapshot's own file. */
function factsOf(
  files: SnapshotFiles,
  file: PlacedFile | null,
  reading: Omit<Reading, "collectors" | "serviceProxy" | "known">,
): Facts {
  const { origins, findings, recognised } = reading;
  const own = file === null ? null : readFactsFile(file.text, file.path);
  findings.push(...(own?.findings ?? []));
  if (file !== null) recognised.push({ path: file.path, as: PRINTED_BY.facts, items: own?.facts.length ?? 0 });
  return readFacts([...(own?.facts ?? []), ...(files.facts ?? [])], origins, findings);
}

/** Machines with what facts say of them, and those that only facts tell of. */
function withFacts(
  machines: readonly Machine[],
  facts: Facts,
  described: readonly Host[],
  reading: Reading,
): readonly Machine[] {
  if (facts.hosts.size === 0) return machines;
  const known = new Set([...machines.map(({ host }) => host.name), ...described.map(({ name }) => name)]);
  const typed = [...facts.hosts].flatMap((name) => {
    if (known.has(name) || name.startsWith("pod/")) return [];
    const kind = name.startsWith("host/") ? "host" : "node";
    return [readMachine({ name, kind, node: null, folder: name, files: new Map() }, reading)];
  });
  return [...machines, ...typed].map((machine) => {
    if (!facts.hosts.has(machine.host.name) || machine.host.kind === "pod") return machine;
    const host = facts.applyTo(machine.host);
    return { ...machine, host, joiningRoutes: () => host.routes };
  });
}

/** Pods are made from several dumps and objects; facts about them come last. */
function withPodFacts(hosts: ReadonlyMap<string, Host>, facts: Facts, findings: Finding[]): ReadonlyMap<string, Host> {
  const names = [...facts.hosts].filter((name) => name.startsWith("pod/"));
  if (names.length === 0) return hosts;
  const changed = new Map(hosts);
  for (const name of names) {
    const host = hosts.get(name);
    if (host !== undefined) changed.set(name, facts.applyTo(host));
    else {
      findings.push({
        code: "fact-about-nobody",
        severity: "error",
        message: `A fact tells of ${name}, which is in no dump and in no object.`,
        expected: "`pod NAMESPACE/NAME ip ADDRESS node NODE` before it",
      });
    }
  }
  return changed;
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

interface Joining {
  readonly origins: OriginTable;
  readonly findings: Finding[];
  readonly routesOf: RoutesOf;
  readonly mode: "read" | "open";
}

/** Nodes, pods and other machines, and the veth pairs between them. */
function join(
  machines: readonly Machine[],
  describedHosts: readonly Host[],
  cluster: Cluster,
  { origins, findings, routesOf, mode }: Joining,
): {
  readonly hosts: ReadonlyMap<string, Host>;
  readonly links: readonly Link[];
  readonly workloads: ReadonlyMap<string, Workload>;
} {
  const hosts = new Map<string, Host>();
  const dumped = new Map<string, Machine>();
  const links: Link[] = [];
  for (const machine of machines) {
    const { host } = machine;
    const earlier = hosts.get(host.name);
    if (earlier === undefined) {
      hosts.set(host.name, host);
      dumped.set(host.name, machine);
      continue;
    }
    findings.push({
      code: "machine-twice",
      severity: "error",
      message: `${host.name} was dumped twice${host.node === null ? "" : `, on ${earlier.node} and on ${host.node}`}; the first counts.`,
    });
  }
  for (const host of describedHosts) {
    if (!hosts.has(host.name)) hosts.set(host.name, withKnownMacs(host, hosts));
    else {
      findings.push(
        findingAt(origins, host.origin, {
          code: "machine-twice",
          severity: "warning",
          message: `${host.name} is described and was dumped; the dump counts.`,
        }),
      );
    }
  }
  const { workloads, findings: about } = workloadsOf(cluster, hosts, origins);
  findings.push(...about);
  const index = portIndex(cluster);
  const ways = new Map<string, HostRoutes>();
  const waysOf = (node: Host): HostRoutes => {
    const known = ways.get(node.name) ?? hostRoutesOf(routesOf(node));
    ways.set(node.name, known);
    return known;
  };
  const owners = new Map<string, string>();
  const addLink = (node: string, pod: string, inside: Interface, outside: Interface): void => {
    const end = memberKey({ host: node, interface: outside.name });
    const owner = owners.get(end);
    if (owner === undefined) {
      owners.set(end, pod);
      links.push(vethLink(node, pod, { inside, outside }));
      return;
    }
    findings.push(
      findingAt(origins, outside.origin, {
        code: "veth-shared",
        severity: "error",
        message: `${node}:${outside.name} would lead to ${owner} and to ${pod}; it leads to the first.`,
      }),
    );
  };

  for (const host of [...hosts.values()]) {
    links.push(...linksInside(host));
    if (host.kind !== "pod" || host.node === null) continue;
    const node = hosts.get(host.node);
    const workload = workloads.get(host.name) ?? workloadOfDump(host);
    const ports = declaredPorts(workload, index);
    const veth = node === undefined ? null : findVeth(workload, node, waysOf(node), origins);
    const pairs = node === undefined ? [] : pairByIndex(host, node, veth?.veth ?? null);
    const made = completed(host, workload, node ?? host, pairs[0]?.outside ?? veth?.veth ?? null, ports);
    hosts.set(host.name, settle(made, mode));
    if (node === undefined) continue;
    if (pairs.length === 0) findings.push(...(veth?.findings ?? []));
    else findings.push(...(veth?.findings ?? []).filter((finding) => finding.code !== "veth-missing"));
    const expected = veth?.veth ?? null;
    if (pairs.length > 0 && expected !== null && !pairs.some((pair) => pair.outside.name === expected.name)) {
      findings.push(
        findingAt(origins, expected.origin, {
          code: "veth-disagreement",
          severity: "warning",
          message: `${host.name} should be behind ${node.name}:${expected.name}; by the interface numbers of its dump it is behind ${pairs.map((pair) => pair.outside.name).join(", ")}.`,
          advice: "The numbers count. One of the dumps is older than the other.",
        }),
      );
    }
    for (const pair of pairs) addLink(node.name, host.name, pair.inside, pair.outside);
  }

  for (const workload of workloads.values()) {
    if (hosts.has(workload.host) || workload.hostNetwork) continue;
    if (workload.addresses.length === 0) {
      findings.push(
        findingAt(origins, workload.origin, {
          code: "pod-without-address",
          severity: workload.finished ? "info" : "warning",
          message: `${workload.host} has no address${workload.finished ? ": it has ended" : workload.node === null ? ": it is on no node" : ""}.`,
          advice: "Probes cannot use it.",
        }),
      );
      continue;
    }
    const node = workload.node === null ? undefined : hosts.get(workload.node);
    if (node === undefined || workload.finished) continue;
    const found = findVeth(workload, node, waysOf(node), origins);
    findings.push(...found.findings);
    const pod = synthesisePod(workload, node, found.veth, declaredPorts(workload, index));
    hosts.set(pod.name, pod);
    const inside = [...pod.interfaces.values()].find((device) => device.kind !== "loopback");
    if (found.veth !== null && inside !== undefined) addLink(node.name, pod.name, inside, found.veth);
  }
  const open = new Map<string, DeclaredPort[]>();
  for (const workload of workloads.values()) {
    if (!workload.hostNetwork || workload.node === null) continue;
    open.set(workload.node, [...(open.get(workload.node) ?? []), ...declaredPorts(workload, index)]);
  }
  for (const [name, ports] of open) {
    const node = hosts.get(name);
    if (node !== undefined) hosts.set(name, settle(withOpenPorts(node, ports), mode));
  }
  return { hosts: new Map([...hosts].sort(([x], [y]) => (x < y ? -1 : 1))), links, workloads };
}

/** A host of a snapshot that is read has the values of its parts, and none that is made when it is asked for. */
function settle(host: Host, mode: "read" | "open"): Host {
  return mode === "read" ? { ...host } : host;
}

/** Namespaces that the collector could not name are the pods whose addresses they have. */
function identified(
  machines: readonly Machine[],
  cluster: Cluster,
  { origins, findings, mode }: Omit<Joining, "routesOf">,
): readonly Machine[] {
  if (!machines.some(({ host }) => isUnnamed(host))) return machines;
  const pods = new Map<string, string>();
  const hosts = new Map(machines.map(({ host }) => [host.name, host]));
  for (const workload of workloadsOf(cluster, hosts, origins).workloads.values()) {
    if (workload.hostNetwork || workload.finished) continue;
    for (const address of workload.addresses) pods.set(`${workload.node} ${formatAddress(address)}`, workload.host);
  }
  return machines.map((machine) => {
    const { host } = machine;
    if (!isUnnamed(host)) return machine;
    for (const device of host.interfaces.values()) {
      for (const { address } of device.addresses) {
        const name = pods.get(`${host.node} ${formatAddress(address)}`);
        if (name === undefined) continue;
        const renamedHost = hostOf({ ...partsOfHost(host), name });
        return { ...machine, host: settle(renamedHost, mode) };
      }
    }
    findings.push({
      code: "namespace-without-name",
      severity: "info",
      message: `Nobody says which pod this network namespace is; it is called ${host.name}.`,
      file: `nodes/${host.node}/netns/${host.name.split("/")[2]}`,
      advice: "Add the Pod objects: podpath collect --cluster.",
    });
    return machine;
  });
}

function isUnnamed(host: Host): boolean {
  return host.kind === "pod" && host.name.startsWith(`pod/${NOBODY}/`);
}

/** A pod whose namespace was dumped and whose objects were not. */
function workloadOfDump(host: Host): Workload {
  const [, namespace = "", name = ""] = host.name.split("/");
  const addresses = [...host.interfaces.values()].flatMap((device) =>
    device.kind === "loopback"
      ? []
      : device.addresses.filter((one) => one.scope === "global").map((one) => one.address),
  );
  return {
    host: host.name,
    namespace,
    name,
    node: host.node,
    hostNetwork: false,
    finished: false,
    addresses,
    pod: null,
    endpoint: null,
    origin: 0,
  };
}

/** What the dump of a pod's namespace leaves out is as Calico would have made it. */
function completed(
  host: Host,
  workload: Workload,
  node: Host,
  veth: Interface | null,
  ports: ReturnType<typeof declaredPorts>,
): Host {
  const made = once(() => synthesisePod(workload, node, veth, ports));
  const lacks = (part: HostPart): boolean => COMPLETED.has(part) && host.knowledge.get(part) === "unknown";
  const { localRoutes: _, ...parts } = partsOfHost(host);
  return hostOf({
    ...parts,
    interfaces: lacks("interfaces") ? made().interfaces : host.interfaces,
    routes: () => {
      const families = ([4, 6] as const).filter((family) => lacks(family === 4 ? "routes" : "routes6"));
      if (families.length === 0) return host.routes;
      return [
        ...host.routes.filter((route) => !families.some((family) => family === route.family)),
        ...made().routes.filter((route) => families.some((family) => family === route.family)),
      ];
    },
    sockets: () => (lacks("sockets") ? made().sockets : host.sockets),
    knowledge: { get: (part) => (lacks(part) ? "assumed" : host.knowledge.get(part)) },
  });
}

const COMPLETED: ReadonlySet<HostPart> = new Set(["interfaces", "routes", "routes6", "sockets"]);

/** A node whose sockets nobody dumped has those that the pods in its network namespace declare. */
function withOpenPorts(node: Host, ports: readonly DeclaredPort[]): Host {
  return hostOf({
    ...partsOfHost(node),
    sockets: () =>
      node.knowledge.get("sockets") === "unknown" ? [...node.sockets, ...declaredSockets(ports)] : node.sockets,
  });
}

/** A described machine has the MAC addresses that dumped neighbour tables know for its addresses. */
function withKnownMacs(described: Host, hosts: ReadonlyMap<string, Host>): Host {
  const macs = new Map<string, string>();
  for (const host of hosts.values()) {
    for (const entry of host.neighbours) {
      if (entry.mac !== null && !entry.proxy) macs.set(formatAddress(entry.address), entry.mac);
    }
  }
  const interfaces = new Map<string, Interface>();
  for (const [name, device] of described.interfaces) {
    const known = device.addresses.map((one) => macs.get(formatAddress(one.address))).find((mac) => mac !== undefined);
    interfaces.set(name, { ...device, mac: device.mac ?? known ?? null });
  }
  return { ...described, interfaces };
}

function strays(files: readonly LooseFile[]): readonly Finding[] {
  return files.flatMap(({ file, machine }) => {
    if (machine !== null) return [];
    return [
      {
        code: "unknown-file",
        severity: "info",
        message: "Nothing in the file was recognised.",
        file: file.path,
        expected: "the output of a command that docs/reference/snapshot.md lists",
      },
    ];
  });
}

function notRead(count: number): readonly Finding[] {
  if (count === 0) return [];
  const what = count === 1 ? "One file" : `${count} files`;
  return [
    {
      code: "not-read",
      severity: "info",
      message: `${what} of logs, pods' descriptions, certificates or eBPF maps: nothing is read from them.`,
    },
  ];
}

function misnamed(folder: string): Finding {
  return {
    code: "unknown-file",
    severity: "warning",
    message: "The folder's name says no pod; it was left out.",
    file: folder,
    expected: "<namespace>_<name>",
  };
}
