import type { Cluster } from "../../calico/cluster.ts";
import type { DeclaredNode } from "../../calico/declared-node.ts";
import { type Autodetection, autodetectionOf, autodetectionOfText, detectAddress } from "../../calico/node-address.ts";
import { CONTROL_PLANE } from "../../kubernetes/kubeadm-objects.ts";
import type { Metadata } from "../../kubernetes/metadata.ts";
import type { KubernetesNode } from "../../kubernetes/node.ts";
import { NO_TUNNELS } from "../../kubernetes/tunnel-addresses.ts";
import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { Finding } from "../../model/finding.ts";
import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import type { OriginTable } from "../../model/origin.ts";
import { nextHop, route } from "../../model/route.ts";
import { type Address, type Family, formatAddress, parseAddress, sameAddress, unspecified } from "../../net/address.ts";
import { prefixOf } from "../../net/prefix.ts";
import { addressAt } from "../../net/prefix-addresses.ts";
import { loopback, withLinkLayer } from "../fabric/read-interface.ts";
import { findingAt } from "../snapshot/finding-at.ts";
import type { NodesFile } from "./nodes-file.ts";

export interface DeclaredNodes {
  readonly nodes: readonly DeclaredNode[];
  /** With an object for every node. */
  readonly objects: ReadonlyMap<string, KubernetesNode>;
  readonly findings: readonly Finding[];
}

/** The nodes of `nodes.yaml` and of the Node objects, in order of names, with what both tell. */
export function declaredNodes(file: NodesFile, cluster: Cluster, origins: OriginTable): DeclaredNodes {
  const findings: Finding[] = [];
  const machines = new Map(file.nodes.map((node) => [node.name, node]));
  const names = new Set([...machines.keys(), ...cluster.nodes.keys(), ...cluster.calicoNodes.keys()]);
  const installation = [...cluster.others.values()].find(({ metadata }) => metadata.kind === "Installation")?.content;
  const told = cluster.environment?.values;
  const method = (family: Family): Autodetection => {
    const written = told?.get(family === 4 ? "IP_AUTODETECTION_METHOD" : "IP6_AUTODETECTION_METHOD") ?? "";
    return written === "" ? autodetectionOf(installation, family) : autodetectionOfText(written);
  };
  const methods = { 4: method(4), 6: method(6) };
  const families = new Set([...cluster.ipPools.values()].map(({ cidr }) => cidr.address.family));
  // the operator has calico/node look for an IPv6 address where there is a pool; else its variables say so (node/pkg/lifecycle/startup)
  const looksFor = (family: Family): boolean => {
    const wanted = told?.get(family === 4 ? "IP" : "IP6") ?? "";
    if (family === 4) return wanted !== "none";
    return told === undefined
      ? families.has(6)
      : wanted === "autodetect" || parseAddress(wanted.split("/")[0] ?? "") !== null;
  };
  const objects = new Map<string, KubernetesNode>();
  const nodes = [...names].sort().map((name): DeclaredNode => {
    const object = cluster.nodes.get(name);
    const calico = cluster.calicoNodes.get(name);
    const machine = machines.get(name) ?? machineOf(name, object, cluster, origins, findings);
    const exit = exitOf(machine);
    const address = (family: Family): DeclaredNode["bgpIPv4"] => {
      const written =
        family === 4 ? (calico?.ipv4 ?? object?.calicoIPv4 ?? null) : (calico?.ipv6 ?? object?.calicoIPv6 ?? null);
      if (written !== null || !looksFor(family)) return written;
      return detectAddress(methods[family], family, machine.interfaces, object?.internalIPs ?? [], exit);
    };
    const node: DeclaredNode = {
      ...machine,
      labels: new Map([
        ["kubernetes.io/hostname", name],
        ["kubernetes.io/os", "linux"],
        ...(object?.metadata.labels ?? []),
        ...(calico?.metadata.labels ?? []),
        ...machine.labels,
      ]),
      bgpIPv4: address(4),
      bgpIPv6: address(6),
      podCIDRs: object?.podCIDRs ?? [],
    };
    objects.set(name, objectOf(node, object, exit));
    return node;
  });
  return { nodes, objects, findings };
}

/** The device of the machine's first default route. */
function exitOf(machine: DeclaredNode): string | null {
  const route = machine.routes.find(({ destination, type }) => destination.length === 0 && type === "unicast");
  const hop = route?.nextHops[0];
  if (hop === undefined) return null;
  return hop.interface;
}

/** A machine of which only objects tell: one card with the node's own address. */
function machineOf(
  name: string,
  object: KubernetesNode | undefined,
  cluster: Cluster,
  origins: OriginTable,
  findings: Finding[],
): DeclaredNode {
  const calico = cluster.calicoNodes.get(name);
  const origin = object?.metadata.origin ?? calico?.metadata.origin ?? 0;
  const told = [calico?.ipv4, calico?.ipv6, object?.calicoIPv4, object?.calicoIPv6].flatMap((one) => one ?? []);
  const lengthOf = (address: Address): number =>
    told.find((one) => one.address.family === address.family)?.length ?? (address.family === 4 ? 24 : 64);
  const own = object?.internalIPs.length ? object.internalIPs : told.map(({ address }) => address);
  const interfaces: readonly Interface[] = [
    loopback(),
    withLinkLayer(
      name,
      networkInterface({
        name: "eth0",
        index: 2,
        addresses: own.map((address) => interfaceAddress({ address, prefixLength: lengthOf(address), origin })),
        origin,
      }),
    ),
  ];
  const gateways = own.flatMap((address) => {
    const subnet = prefixOf(address, lengthOf(address));
    const [first, second] = [addressAt(subnet, 1), addressAt(subnet, 2)];
    return subnet.length >= (address.family === 4 ? 31 : 127) ? [] : [sameAddress(first, address) ? second : first];
  });
  const told4 = gateways.map(formatAddress).join(" and ");
  findings.push(
    findingAt(origins, origin, {
      code: "node-not-declared",
      severity: own.length === 0 ? "error" : "info",
      message:
        own.length === 0
          ? `Node ${name} has no address: neither nodes.yaml nor its object tells one.`
          : `Of node ${name} only its objects tell: it is taken to have eth0 with ${own.length === 1 ? "its address" : "its addresses"} ${told4 === "" ? "and no default route" : `and a default route via ${told4}`}.`,
      advice: "Describe it in nodes.yaml.",
    }),
  );
  return {
    name,
    labels: new Map(),
    interfaces,
    routes: [
      ...deriveConnectedRoutes(interfaces),
      ...gateways.map((gateway) =>
        route({
          destination: { address: unspecified(gateway.family), length: 0 },
          nextHops: [nextHop({ gateway, interface: "eth0" })],
          origin,
        }),
      ),
      ...deriveLocalRoutes(interfaces, () => true),
    ],
    sysctls: new Map(),
    firewall: [],
    nftBaseChains: [],
    sockets: [],
    bgpIPv4: null,
    bgpIPv6: null,
    asNumber: null,
    podCIDRs: [],
    origin,
  };
}

/** The Node object that the kubelet registers: with the address of the way out. */
function objectOf(node: DeclaredNode, object: KubernetesNode | undefined, exit: string | null): KubernetesNode {
  const devices = [...node.interfaces].sort((x, y) => Number(y.name === exit) - Number(x.name === exit));
  const all = devices.flatMap(({ kind, addresses }) => (kind === "loopback" ? [] : addresses));
  const own = ([4, 6] as const).flatMap(
    (family) => all.find(({ address, scope }) => address.family === family && scope === "global")?.address ?? [],
  );
  const internalIPs = object?.internalIPs.length ? object.internalIPs : own;
  if (object !== undefined) {
    return { ...object, internalIPs, metadata: { ...object.metadata, labels: node.labels } };
  }
  const metadata: Metadata = {
    kind: "Node",
    apiVersion: "v1",
    namespace: null,
    name: node.name,
    labels: node.labels,
    annotations: new Map(),
    origin: node.origin,
  };
  const isControlPlane = node.labels.has(CONTROL_PLANE);
  return {
    metadata,
    internalIPs,
    podCIDRs: [],
    allocatable: null,
    taints: isControlPlane ? [{ key: CONTROL_PLANE, value: "", effect: "NoSchedule" }] : [],
    calicoIPv4: null,
    calicoIPv6: null,
    tunnels: NO_TUNNELS,
    kubeletVersion: null,
    calicoASNumber: null,
    routeReflectorClusterID: null,
    wireguardIPv4: null,
    wireguardIPv6: null,
  };
}
