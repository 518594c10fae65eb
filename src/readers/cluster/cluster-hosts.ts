import type { Cluster } from "../../calico/cluster.ts";
import type { DeclaredNode } from "../../calico/declared-node.ts";
import { felixContext } from "../../calico/felix/felix-context.ts";
import { felixOfNode } from "../../calico/felix/felix-of-node.ts";
import { hostPorts } from "../../calico/host-ports.ts";
import type { AddressPlan } from "../../calico/ipam/address-plan.ts";
import { nodeWiring } from "../../calico/node-wiring.ts";
import { endpointsOf, hostEndName } from "../../calico/wiring/host-end.ts";
import { wiringContext } from "../../calico/wiring/wiring-context.ts";
import { runsBird } from "../../calico/wiring/wiring-settings.ts";
import type { WorkloadEndpoint } from "../../calico/workload-endpoint.ts";
import { kubeProxyContext } from "../../kubernetes/kube-proxy/kube-proxy-context.ts";
import { kubeProxyOfNode } from "../../kubernetes/kube-proxy/kube-proxy-of-node.ts";
import { nodeCacheOf } from "../../kubernetes/node-local-dns/node-cache.ts";
import { nodeCachesOnNode } from "../../kubernetes/node-local-dns/node-cache-on-node.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import { findHoldersBy } from "../../model/address-holders.ts";
import type { Bystander, Host, HostPart, Knowledge } from "../../model/host.ts";
import { hostOf } from "../../model/host-parts.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { Link } from "../../model/link.ts";
import { once } from "../../model/once.ts";
import type { OriginTable } from "../../model/origin.ts";
import { defaultPolicyRules } from "../../model/policy-rule.ts";
import { layeredRoutes, type Route } from "../../model/route.ts";
import { tellRoutesWithoutBird } from "../../model/routes-without-bird.ts";
import { type Address, formatAddress, isLinkLocal } from "../../net/address.ts";
import { declaredSockets, synthesisePod } from "../snapshot/synthesise-pod.ts";
import { declaredPorts, type PortIndex, portIndex, type Workload } from "../snapshot/workloads.ts";
import { addressHolders } from "./address-holders.ts";
import { lazyMap, partlyLazyMap } from "./lazy-map.ts";
import { nodeDaemons } from "./node-daemons.ts";
import { nodeSysctls } from "./node-sysctls.ts";
import { renderedRulesets, type SharedTables, sharedTables } from "./rendered-rulesets.ts";
import type { SettledCluster } from "./settle-cluster.ts";

/** The hosts of a cluster, and the veth pairs between them, each made when a packet or a question reaches it. */
export interface ClusterHosts {
  readonly hosts: ReadonlyMap<string, Host>;
  /** All veth pairs. */
  veths(): readonly Link[];
  /** That of a device of a node or a pod. */
  vethAt(host: string, device: string): Link | null;
}

export function clusterHosts(
  settled: SettledCluster,
  machines: ReadonlyMap<string, Host>,
  origins: OriginTable,
): ClusterHosts {
  const { cluster, nodes, plan, slices, versions } = settled;
  const ports = once(() => portIndex({ ...cluster, endpointSlices: new Map() }));
  const podsOf = podsByNode(cluster);
  const contexts = {
    wiring: once(() => wiringContext(cluster, nodes, plan, versions)),
    felix: once(() => felixContext(cluster, nodes, plan, versions, origins)),
    kubeProxy: once(() => kubeProxyContext(cluster, slices, versions, origins)),
    ports,
    podsOf,
    cluster,
    tunnels: plan.tunnels,
    tables: sharedTables(),
    origins,
    speaksBGP: runsBird(cluster),
  };
  const endpoints = endpointsOf(cluster);
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const podNamed = (host: string): readonly [key: string, pod: Pod, node: DeclaredNode] | null => {
    if (!host.startsWith(POD)) return null;
    const key = host.slice(POD.length);
    const pod = cluster.pods.get(key);
    const node = byName.get(pod?.nodeName ?? "");
    return pod === undefined || node === undefined || !isOnNetwork(pod) ? null : [key, pod, node];
  };
  const vethOf = lazyMap<Link>(
    () => [],
    (host) => {
      const found = podNamed(host);
      return found === null ? undefined : vethPair(host, found[1], found[2].name, endpoints.get(found[0]));
    },
  );
  const behind = new Map<string, ReadonlyMap<string, string>>();
  /** The pods' hosts of a node by the node's ends of their veth pairs. */
  const podBehind = (node: string): ReadonlyMap<string, string> => {
    const known = behind.get(node);
    if (known !== undefined) return known;
    const ends = new Map<string, string>();
    for (const pod of podsOf.get(node) ?? []) {
      if (!isOnNetwork(pod)) continue;
      const key = podKey(pod);
      ends.set(hostEndName(key, endpoints.get(key)), POD + key);
    }
    behind.set(node, ends);
    return ends;
  };
  const podsOnNetwork = function* (pods: Iterable<readonly [string, Pod]>): Iterable<string> {
    for (const [key, pod] of pods) if (isOnNetwork(pod) && byName.has(pod.nodeName ?? "")) yield POD + key;
  };
  const make = (name: string): Host | undefined => {
    const machine = machines.get(name);
    if (machine !== undefined) return declaredHost(machine);
    const found = podNamed(name);
    if (found !== null) {
      const [key, pod, node] = found;
      return podHost(pod, endpoints.get(key), hosts.get(node.name), ports());
    }
    const node = byName.get(name);
    return node === undefined ? undefined : nodeHost(node, contexts);
  };
  const names = function* (): Iterable<string> {
    yield* byName.keys();
    yield* podsOnNetwork(cluster.pods);
    yield* machines.keys();
  };
  const hosts = lazyMap(names, make);
  const holders = once(() => {
    const pods = [...cluster.pods].filter(([, pod]) => isOnNetwork(pod) && byName.has(pod.nodeName ?? ""));
    return addressHolders(nodes, plan.tunnels, pods, machines.values(), (node) =>
      (podsOf.get(node) ?? []).flatMap((pod) => cacheAddresses(pod, cluster)),
    );
  });
  // each device with an IPv6 address has link-local ones beside those that are planned
  findHoldersBy(hosts, (address) =>
    address.family === 6 && isLinkLocal(address) ? null : (holders().get(formatAddress(address)) ?? []),
  );
  return {
    hosts,
    veths: () => [...podsOnNetwork(cluster.pods)].flatMap((name) => vethOf.get(name) ?? []),
    vethAt: (host, device) => {
      const own = vethOf.get(host);
      if (own !== undefined)
        return own.members.some((one) => one.host === host && one.interface === device) ? own : null;
      const pod = podBehind(host).get(device);
      return pod === undefined ? null : (vethOf.get(pod) ?? null);
    },
  };
}

/** What the names of pods' hosts begin with. */
const POD = "pod/";

function vethPair(host: string, pod: Pod, node: string, endpoint: WorkloadEndpoint | undefined): Link {
  const outside = hostEndName(podKey(pod), endpoint);
  return {
    name: `veth ${node}:${outside}`,
    members: [
      { host: node, interface: outside },
      { host, interface: endpoint?.endpoint ?? "eth0" },
    ],
    closed: true,
    mtu: null,
    origin: pod.metadata.origin,
  };
}

interface Contexts {
  readonly wiring: () => ReturnType<typeof wiringContext>;
  readonly felix: () => ReturnType<typeof felixContext>;
  readonly kubeProxy: () => ReturnType<typeof kubeProxyContext>;
  readonly ports: () => PortIndex;
  readonly podsOf: ReadonlyMap<string, readonly Pod[]>;
  readonly cluster: Cluster;
  readonly tunnels: AddressPlan["tunnels"];
  readonly tables: SharedTables;
  readonly origins: OriginTable;
  readonly speaksBGP: boolean;
}

/**
 * All parts follow from resources and `nodes.yaml`: what those do not say of a machine is as the docs list it. Which programs listen is
 * known where somebody says it, and how much of a limit has been used nowhere.
 */
const KNOWLEDGE: ReadonlyMap<HostPart, Knowledge> = new Map([
  ["rules", "derived"],
  ["rules6", "derived"],
  ["otherBackend", "derived"],
  ["nft", "derived"],
  ["routes", "derived"],
  ["routes6", "derived"],
  ["policyRules", "derived"],
  ["sets", "derived"],
  ["sysctls", "derived"],
  ["neighbours", "derived"],
  ["conntrack", "derived"],
  ["sockets", "unknown"],
  ["interfaces", "derived"],
  ["matchStates", "assumed"],
] as const);

const TOLD: ReadonlyMap<HostPart, Knowledge> = new Map([...KNOWLEDGE, ["sockets", "derived"]]);

function nodeHost(node: DeclaredNode, contexts: Contexts): Host {
  const wiring = once(() => nodeWiring(node, contexts.wiring()));
  const felix = once(() => felixOfNode(node, contexts.felix()));
  const kubeProxy = once(() => kubeProxyOfNode(node, contexts.kubeProxy()));
  const pods = contexts.podsOf.get(node.name) ?? [];
  const portmap = once(() => hostPorts(pods, contexts.origins, contexts.wiring().endpoints));
  const caches = once(() => {
    const highest = Math.max(0, ...[...node.interfaces, ...wiring().interfaces].map(({ index }) => index));
    return nodeCachesOnNode(pods, contexts.cluster, contexts.origins, highest + 1);
  });
  const declared = new Map(node.interfaces.map((device) => [device.name, device]));
  const interfaces = partlyLazyMap(
    declared,
    () => new Map([...wiring().interfaces, ...caches().interfaces].map((device) => [device.name, device])),
  );
  const sysctls = once(() => {
    const all = (): ReadonlyMap<string, string> =>
      new Map([...node.sysctls, ...kubeProxy().sysctls, ...wiring().sysctls, ...portmap().sysctls]);
    const get = (key: string): string | undefined =>
      portmap().sysctls.get(key) ?? wiring().sysctlAt(key) ?? kubeProxy().sysctls.get(key) ?? node.sysctls.get(key);
    return nodeSysctls({ get }, all, interfaces);
  });
  const withMachines = (routes: readonly Route[]): readonly Route[] => {
    const layers = layeredRoutes.layersOf(routes) ?? { shared: [], without: new Set(), own: routes };
    const local = deriveLocalRoutes(caches().interfaces);
    return layeredRoutes.list({ ...layers, own: [...node.routes, ...layers.own, ...local] });
  };
  const host = hostOf({
    name: node.name,
    kind: "node",
    interfaces,
    routes: once(() => withMachines(wiring().routes)),
    bystander: bystanderOf(node, contexts),
    policyRules: () => [...defaultPolicyRules(4), ...defaultPolicyRules(6), ...wiring().policyRules],
    rulesets: once(() => renderedRulesets([felix(), caches(), portmap(), kubeProxy()], node.firewall, contexts.tables)),
    ipSets: once(() => {
      const all = (): ReadonlyMap<string, IpSet> => new Map(felix().ipSets.map((set) => [set.name, set]));
      return partlyLazyMap(new Map<string, IpSet>(), all, felix().findSet);
    }),
    nftBaseChains: once(() => [...node.nftBaseChains, ...felix().baseChains, ...kubeProxy().baseChains]),
    sysctls: () => sysctls().sysctls,
    dumpedSysctls: () => sysctls().dumpedSysctls,
    neighbours: () => wiring().neighbours,
    fdb: () => wiring().fdb,
    conntrack: () => [],
    sockets: once(() => [
      ...node.sockets,
      ...nodeDaemons(node, contexts.speaksBGP),
      ...kubeProxy().sockets,
      ...caches().sockets,
      ...hostNetworkSockets(node, contexts),
    ]),
    knowledge: node.sockets.length > 0 ? TOLD : KNOWLEDGE,
    node: null,
    origin: node.origin,
  });
  tellRoutesWithoutBird(host, (families) => withMachines(wiring().routesWithoutBird(families)));
  return host;
}

/**
 * On its own devices a node has no neighbours yet and answers for its addresses alone, unless proxy ARP is declared there: what
 * Calico adds is on devices of its own, but for the addresses of tunnels and of NodeLocal DNSCache.
 */
function bystanderOf(node: DeclaredNode, { tunnels, podsOf, cluster }: Contexts): Bystander {
  const stands = (device: string): boolean =>
    ["all", "default", device.replaceAll(".", "/")].some(
      (name) => (node.sysctls.get(`net.ipv4.conf.${name}.proxy_arp`) ?? "0") !== "0",
    );
  const own = tunnels.get(node.name);
  return {
    devices: new Set(node.interfaces.flatMap(({ name }) => (stands(name) ? [] : [name]))),
    addresses: [
      ...node.interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
      ...[own?.ipip, own?.vxlan4, own?.wireguard4].flatMap((address) => address ?? []),
      ...(podsOf.get(node.name) ?? []).flatMap((pod) => cacheAddresses(pod, cluster)),
    ],
  };
}

/** What NodeLocal DNSCache adds to its node. */
function cacheAddresses(pod: Pod, cluster: Cluster): readonly Address[] {
  const cache = pod.nodeCache === undefined ? null : nodeCacheOf(pod, cluster);
  return cache?.hasDevice === true ? cache.options.addresses : [];
}

function hostNetworkSockets(node: DeclaredNode, { podsOf, ports }: Contexts): Host["sockets"] {
  // NodeLocal DNSCache opens its ports at some addresses only
  const pods = (podsOf.get(node.name) ?? []).filter(
    ({ hostNetwork, nodeCache }) => hostNetwork === true && nodeCache === undefined,
  );
  return pods.flatMap((pod) => declaredSockets(declaredPorts(workloadOf(pod), ports())));
}

function podsByNode(cluster: Cluster): ReadonlyMap<string, readonly Pod[]> {
  const pods = new Map<string, Pod[]>();
  for (const pod of cluster.pods.values()) {
    if (pod.nodeName === null || hasFinished(pod)) continue;
    const present = pods.get(pod.nodeName);
    if (present === undefined) pods.set(pod.nodeName, [pod]);
    else present.push(pod);
  }
  return pods;
}

function podKey({ metadata }: Pod): string {
  return `${metadata.namespace ?? "default"}/${metadata.name}`;
}

/** Whether the pod has a network namespace of its own, and an address in it. */
function isOnNetwork(pod: Pod): boolean {
  return pod.hostNetwork !== true && pod.podIPs.length > 0 && !hasFinished(pod);
}

function workloadOf(pod: Pod, endpoint: WorkloadEndpoint | null = null): Workload {
  const namespace = pod.metadata.namespace ?? "default";
  return {
    host: `pod/${namespace}/${pod.metadata.name}`,
    namespace,
    name: pod.metadata.name,
    node: pod.nodeName,
    hostNetwork: pod.hostNetwork === true,
    finished: hasFinished(pod),
    addresses: pod.podIPs,
    pod,
    endpoint,
    origin: pod.metadata.origin,
  };
}

/** A machine of which everything is declared but, where nobody says it, which programs listen. */
function declaredHost(machine: Host): Host {
  const sockets = machine.knowledge.get("sockets") ?? "known";
  const isTold = sockets === "known" || sockets === "derived";
  return {
    ...machine,
    dumpedSysctls: new Set(machine.sysctls.keys()),
    knowledge: isTold ? TOLD : KNOWLEDGE,
  };
}

function podHost(pod: Pod, endpoint: WorkloadEndpoint | undefined, node: Host | undefined, ports: PortIndex): Host {
  const workload = workloadOf(pod, endpoint ?? null);
  if (node === undefined) throw new Error(`${workload.host} is on no node`);
  const veth = node.interfaces.get(hostEndName(podKey(pod), endpoint)) ?? null;
  return declaredHost(synthesisePod(workload, node, veth, declaredPorts(workload, ports)));
}
