import type { Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import { type Prefix, parseInterfaceAddress } from "../net/prefix.ts";
import { type AddressWithLength, addressField, prefixField } from "./address-field.ts";
import { at, type Field, flag, listOf, member, parsed, text } from "./field.ts";
import { type Metadata, readMetadata } from "./metadata.ts";
import type { TunnelAddresses } from "./tunnel-addresses.ts";
import { readTaint, type Taint } from "./workloads/node-selection.ts";
import { type Resources, readAmounts } from "./workloads/resource-requests.ts";

/** A v1 Node, and what calico/node writes into its annotations when the Kubernetes API is Calico's datastore. */
export interface KubernetesNode {
  readonly metadata: Metadata;
  /** status.addresses of type InternalIP, in order. */
  readonly internalIPs: readonly Address[];
  readonly podCIDRs: readonly Prefix[];
  /** `spec.taints`, and the one of `spec.unschedulable`. */
  readonly taints: readonly Taint[];
  /** `status.allocatable`, else `status.capacity`; null where neither is there. */
  readonly allocatable: Resources | null;
  /** `status.nodeInfo.kubeletVersion`, such as `v1.31.3`; null where nobody tells. */
  readonly kubeletVersion: string | null;
  /** Annotation projectcalico.org/IPv4Address. */
  readonly calicoIPv4: AddressWithLength | null;
  /** Annotation projectcalico.org/IPv6Address. */
  readonly calicoIPv6: AddressWithLength | null;
  /** Annotation projectcalico.org/ASNumber as it is written. */
  readonly calicoASNumber: string | null;
  /** Annotation projectcalico.org/RouteReflectorClusterID. */
  readonly routeReflectorClusterID: string | null;
  /** Annotations projectcalico.org/IPv4WireguardInterfaceAddr and IPv6WireguardInterfaceAddr. */
  readonly wireguardIPv4: Address | null;
  readonly wireguardIPv6: Address | null;
  /** Annotations projectcalico.org/…TunnelAddr and …WireguardInterfaceAddr. */
  readonly tunnels: TunnelAddresses;
}

/** `kubectl cordon` (pkg/controller/nodelifecycle). */
const CORDONED: Taint = { key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" };

export function readKubernetesNode(resource: Field, origin: Origin): KubernetesNode {
  const annotations = at(resource, "metadata", "annotations");
  const calicoAddress = (key: string): AddressWithLength | null =>
    parsed(member(annotations, `projectcalico.org/${key}`), parseInterfaceAddress, "an address with a prefix length");
  const podCIDRs = listOf(at(resource, "spec", "podCIDRs"), prefixField);
  const podCIDR = prefixField(at(resource, "spec", "podCIDR"));
  return {
    metadata: readMetadata(resource, origin),
    internalIPs: listOf(at(resource, "status", "addresses"), (entry) =>
      text(member(entry, "type")) === "InternalIP" ? addressField(member(entry, "address")) : null,
    ),
    taints: [
      ...listOf(at(resource, "spec", "taints"), readTaint),
      ...(flag(at(resource, "spec", "unschedulable")) === true ? [CORDONED] : []),
    ],
    allocatable: allocatableOf(member(resource, "status")),
    podCIDRs: podCIDRs.length > 0 || podCIDR === null ? podCIDRs : [podCIDR],
    kubeletVersion: text(at(resource, "status", "nodeInfo", "kubeletVersion")),
    calicoIPv4: calicoAddress("IPv4Address"),
    calicoIPv6: calicoAddress("IPv6Address"),
    calicoASNumber: text(member(annotations, "projectcalico.org/ASNumber")) || null,
    routeReflectorClusterID: text(member(annotations, "projectcalico.org/RouteReflectorClusterID")) || null,
    wireguardIPv4: calicoAddress("IPv4WireguardInterfaceAddr")?.address ?? null,
    wireguardIPv6: calicoAddress("IPv6WireguardInterfaceAddr")?.address ?? null,
    tunnels: {
      ipip: calicoAddress("IPv4IPIPTunnelAddr")?.address ?? null,
      vxlan4: calicoAddress("IPv4VXLANTunnelAddr")?.address ?? null,
      vxlan6: calicoAddress("IPv6VXLANTunnelAddr")?.address ?? null,
      wireguard4: calicoAddress("IPv4WireguardInterfaceAddr")?.address ?? null,
      wireguard6: calicoAddress("IPv6WireguardInterfaceAddr")?.address ?? null,
    },
  };
}

function allocatableOf(status: Field): Resources | null {
  const told = ["allocatable", "capacity"].map((key) => readAmounts(member(status, key))).find(({ size }) => size > 0);
  return told ?? null;
}
