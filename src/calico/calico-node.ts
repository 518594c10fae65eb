import { type AddressWithLength, addressField, addressWithLengthField } from "../kubernetes/address-field.ts";
import { at, type Field, member, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import type { Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import { asNumberField } from "./as-number.ts";

/** A projectcalico.org/v3 Node. With the Kubernetes datastore the same facts are annotations of the v1 Node. */
export interface CalicoNode {
  readonly metadata: Metadata;
  /** spec.bgp.ipv4Address with the mask of its subnet. */
  readonly ipv4: AddressWithLength | null;
  readonly ipv6: AddressWithLength | null;
  readonly tunnelAddresses: readonly Address[];
  /** spec.bgp.asNumber; null: the cluster's. */
  readonly asNumber: number | null;
  /** Not null: the node is a route reflector of this cluster of them. */
  readonly routeReflectorClusterID: string | null;
  readonly wireguardIPv4: Address | null;
  readonly wireguardIPv6: Address | null;
}

export function readCalicoNode(resource: Field, origin: Origin): CalicoNode {
  const spec = member(resource, "spec");
  const tunnels = [
    at(spec, "bgp", "ipv4IPIPTunnelAddr"),
    at(spec, "ipv4VXLANTunnelAddr"),
    at(spec, "ipv6VXLANTunnelAddr"),
    at(spec, "wireguard", "interfaceIPv4Address"),
    at(spec, "wireguard", "interfaceIPv6Address"),
  ];
  return {
    metadata: readMetadata(resource, origin),
    ipv4: addressWithLengthField(at(spec, "bgp", "ipv4Address")),
    ipv6: addressWithLengthField(at(spec, "bgp", "ipv6Address")),
    tunnelAddresses: tunnels.flatMap((field) => addressField(field) ?? []),
    asNumber: asNumberField(at(spec, "bgp", "asNumber")),
    routeReflectorClusterID: text(at(spec, "bgp", "routeReflectorClusterID")) || null,
    wireguardIPv4: addressField(at(spec, "wireguard", "interfaceIPv4Address")),
    wireguardIPv6: addressField(at(spec, "wireguard", "interfaceIPv6Address")),
  };
}
