import { type AddressWithLength, addressField, addressWithLengthField } from "../kubernetes/address-field.ts";
import { at, type Field, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { TunnelAddresses } from "../kubernetes/tunnel-addresses.ts";
import type { Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import { asNumberField } from "./as-number.ts";

/** A projectcalico.org/v3 Node. With the Kubernetes datastore the same facts are annotations of the v1 Node. */
export interface CalicoNode {
  readonly metadata: Metadata;
  /** spec.bgp.ipv4Address with the mask of its subnet. */
  readonly ipv4: AddressWithLength | null;
  readonly ipv6: AddressWithLength | null;
  /** spec.bgp.asNumber; null: the cluster's. */
  readonly asNumber: number | null;
  /** Not null: the node is a route reflector of this cluster of them. */
  readonly routeReflectorClusterID: string | null;
  readonly wireguardIPv4: Address | null;
  readonly wireguardIPv6: Address | null;
  readonly tunnels: TunnelAddresses;
  /** status.wireguardPublicKey and status.wireguardPublicKeyV6; null where the node has published none. */
  readonly wireguardKeys: Readonly<Record<4 | 6, string | null>>;
}

export function readCalicoNode(resource: Field, origin: Origin): CalicoNode {
  const spec = member(resource, "spec");
  return {
    metadata: readMetadata(resource, origin),
    ipv4: addressWithLengthField(at(spec, "bgp", "ipv4Address")),
    ipv6: addressWithLengthField(at(spec, "bgp", "ipv6Address")),
    asNumber: asNumberField(at(spec, "bgp", "asNumber")),
    routeReflectorClusterID: text(at(spec, "bgp", "routeReflectorClusterID")) || null,
    wireguardIPv4: addressField(at(spec, "wireguard", "interfaceIPv4Address")),
    wireguardIPv6: addressField(at(spec, "wireguard", "interfaceIPv6Address")),
    tunnels: {
      ipip: addressField(at(spec, "bgp", "ipv4IPIPTunnelAddr")),
      vxlan4: addressField(at(spec, "ipv4VXLANTunnelAddr")),
      vxlan6: addressField(at(spec, "ipv6VXLANTunnelAddr")),
      wireguard4: addressField(at(spec, "wireguard", "interfaceIPv4Address")),
      wireguard6: addressField(at(spec, "wireguard", "interfaceIPv6Address")),
    },
    wireguardKeys: {
      4: text(at(resource, "status", "wireguardPublicKey")) || null,
      6: text(at(resource, "status", "wireguardPublicKeyV6")) || null,
    },
  };
}
