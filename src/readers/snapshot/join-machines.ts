import type { Cluster } from "../../calico/cluster.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host, HostPart } from "../../model/host.ts";
import { hostOf, partsOfHost } from "../../model/host-parts.ts";
import type { Interface } from "../../model/interface.ts";
import type { Link } from "../../model/link.ts";
import { once } from "../../model/once.ts";
import type { OriginTable } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";
import { findingAt } from "./finding-at.ts";
import { NOBODY } from "./layout.ts";
import { findVeth, type HostRoutes, hostRoutesOf, linksInside, pairByIndex, vethLink } from "./pod-links.ts";
import type { Machine } from "./read-machine.ts";
import { memberKey, type RoutesOf } from "./segments.ts";
import { declaredSockets, synthesisePod } from "./synthesise-pod.ts";
import { type DeclaredPort, declaredPorts, portIndex, type Workload, workloadsOf } from "./workloads.ts";

interface Joining {
  readonly origins: OriginTable;
  readonly findings: Finding[];
  readonly routesOf: RoutesOf;
  readonly mode: "read" | "open";
}

/** Nodes, pods and other machines, and the veth pairs between them. */
export function joinMachines(
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
  append(findings, about);
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
    append(links, linksInside(host));
    if (host.kind !== "pod" || host.node === null) continue;
    const node = hosts.get(host.node);
    const workload = workloads.get(host.name) ?? workloadOfDump(host);
    const ports = declaredPorts(workload, index);
    const veth = node === undefined ? null : findVeth(workload, node, waysOf(node), origins);
    const pairs = node === undefined ? [] : pairByIndex(host, node, veth?.veth ?? null);
    const made = completed(host, workload, node ?? host, pairs[0]?.outside ?? veth?.veth ?? null, ports);
    hosts.set(host.name, settle(made, mode));
    if (node === undefined) continue;
    if (pairs.length === 0) append(findings, veth?.findings ?? []);
    else
      append(
        findings,
        (veth?.findings ?? []).filter((finding) => finding.code !== "veth-missing"),
      );
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
    append(findings, found.findings);
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
export function identified(
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
