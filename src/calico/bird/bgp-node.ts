import type { AddressWithLength } from "../../kubernetes/address-field.ts";
import type { Address } from "../../net/address.ts";
import { parseASNumber } from "../as-number.ts";
import type { Cluster } from "../cluster.ts";
import type { DeclaredNode } from "../declared-node.ts";

/** What confd knows of a node. */
export interface BgpNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly ipv4: AddressWithLength | null;
  readonly ipv6: AddressWithLength | null;
  /** Null: the cluster's. */
  readonly asNumber: number | null;
  readonly routeReflectorClusterID: string | null;
  /** Of the node's own BGPConfiguration; null: the cluster's, which may be 179 by default. */
  readonly listenPort: number | null;
  readonly wireguardIPv4: Address | null;
  readonly wireguardIPv6: Address | null;
}

/** What a declared node tells about BGP. */
export type DeclaredBgpNode = Pick<DeclaredNode, "name" | "labels" | "bgpIPv4" | "bgpIPv6" | "asNumber">;

/** Strings in the order of Go's sort.Strings. */
export function inOrder(x: string, y: string): number {
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The nodes by name. What only resources tell (route reflector, WireGuard) comes from them. */
export function bgpNodesOf(cluster: Cluster, declared: readonly DeclaredBgpNode[]): ReadonlyMap<string, BgpNode> {
  const nodes = declared.map((node): BgpNode => {
    const kubernetes = cluster.nodes.get(node.name);
    const calico = cluster.calicoNodes.get(node.name);
    const annotated = kubernetes?.calicoASNumber ?? null;
    return {
      name: node.name,
      labels: new Map([...(calico?.metadata.labels ?? []), ...node.labels]),
      ipv4: node.bgpIPv4,
      ipv6: node.bgpIPv6,
      asNumber: node.asNumber ?? calico?.asNumber ?? (annotated === null ? null : parseASNumber(annotated)),
      routeReflectorClusterID: calico?.routeReflectorClusterID ?? kubernetes?.routeReflectorClusterID ?? null,
      listenPort: cluster.bgpConfigurations.get(`node.${node.name}`)?.listenPort ?? null,
      wireguardIPv4: calico?.wireguardIPv4 ?? kubernetes?.wireguardIPv4 ?? null,
      wireguardIPv6: calico?.wireguardIPv6 ?? kubernetes?.wireguardIPv6 ?? null,
    };
  });
  nodes.sort((x, y) => inOrder(x.name, y.name));
  return new Map(nodes.map((node) => [node.name, node]));
}

/** The node's address of a family. */
export function addressOf(node: BgpNode, family: 4 | 6): Address | null {
  return (family === 4 ? node.ipv4 : node.ipv6)?.address ?? null;
}
