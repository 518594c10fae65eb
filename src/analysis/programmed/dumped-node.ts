import type { CalicoNode } from "../../calico/calico-node.ts";
import type { Cluster } from "../../calico/cluster.ts";
import type { DeclaredNode } from "../../calico/declared-node.ts";
import type { AddressWithLength } from "../../kubernetes/address-field.ts";
import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { Address, Family } from "../../net/address.ts";

/** Devices that Calico or the kubelet made: what they are follows from the rest. */
const MADE = /^(?:cali|tunl0$|vxlan\.calico$|vxlan-v6\.calico$|wireguard\.cali$|wg-v6\.cali$|kube-ipvs0$)/;

/** A dumped machine as a node that a program is to program: its own devices, and what its Node objects say. */
export function dumpedNode(host: Host, cluster: Cluster): DeclaredNode {
  const object = cluster.nodes.get(host.name);
  const calico = cluster.calicoNodes.get(host.name);
  const interfaces = [...host.interfaces.values()].filter(({ name }) => !MADE.test(name));
  const bgp = (family: Family): AddressWithLength | null =>
    (family === 4 ? (calico?.ipv4 ?? object?.calicoIPv4) : (calico?.ipv6 ?? object?.calicoIPv6)) ??
    withLength(
      interfaces,
      object?.internalIPs.find((one) => one.family === family),
    );
  return {
    name: host.name,
    labels: object?.metadata.labels ?? calico?.metadata.labels ?? new Map(),
    interfaces,
    routes: host.routes,
    sysctls: host.sysctls,
    firewall: [],
    nftBaseChains: [],
    sockets: host.sockets,
    bgpIPv4: bgp(4),
    bgpIPv6: bgp(6),
    asNumber: calico?.asNumber ?? null,
    podCIDRs: object?.podCIDRs ?? [],
    origin: object?.metadata.origin ?? calico?.metadata.origin ?? host.origin,
  };
}

function withLength(interfaces: readonly Interface[], wanted: Address | undefined): AddressWithLength | null {
  if (wanted === undefined) return null;
  for (const { addresses } of interfaces) {
    const own = addresses.find(({ address }) => sameText(address, wanted));
    if (own !== undefined) return { address: own.address, length: own.prefixLength };
  }
  return null;
}

function sameText(x: Address, y: Address): boolean {
  return x.family === y.family && x.a === y.a && x.b === y.b && x.c === y.c && x.d === y.d;
}

/** The addresses of a node's tunnels: those of its objects, else those its devices have. */
export function dumpedTunnels(host: Host, cluster: Cluster): TunnelAddresses {
  const ofCalico = cluster.calicoNodes.get(host.name)?.tunnels;
  const ofNode = cluster.nodes.get(host.name)?.tunnels;
  const address = (kind: keyof TunnelAddresses, device: string): Address | null =>
    ofCalico?.[kind] ??
    ofNode?.[kind] ??
    host.interfaces.get(device)?.addresses.find(({ scope }) => scope !== "link")?.address ??
    null;
  return {
    ipip: address("ipip", "tunl0"),
    vxlan4: address("vxlan4", "vxlan.calico"),
    vxlan6: address("vxlan6", "vxlan-v6.calico"),
    wireguard4: address("wireguard4", "wireguard.cali"),
    wireguard6: address("wireguard6", "wg-v6.cali"),
  };
}

/** Nodes of the cluster that were not dumped, as far as other nodes' rules depend on them. */
export function undumpedNodes(cluster: Cluster, dumped: ReadonlySet<string>): readonly DeclaredNode[] {
  const names = new Set([...cluster.nodes.keys(), ...cluster.calicoNodes.keys()].filter((name) => !dumped.has(name)));
  return [...names].map((name) => {
    const object = cluster.nodes.get(name);
    const calico: CalicoNode | undefined = cluster.calicoNodes.get(name);
    return {
      name,
      labels: object?.metadata.labels ?? new Map(),
      interfaces: [],
      routes: [],
      sysctls: new Map(),
      firewall: [],
      nftBaseChains: [],
      sockets: [],
      bgpIPv4: calico?.ipv4 ?? object?.calicoIPv4 ?? null,
      bgpIPv6: calico?.ipv6 ?? object?.calicoIPv6 ?? null,
      asNumber: calico?.asNumber ?? null,
      podCIDRs: object?.podCIDRs ?? [],
      origin: object?.metadata.origin ?? calico?.metadata.origin ?? 0,
    };
  });
}
