import type { Address } from "../net/address.ts";
import type { Origin } from "./origin.ts";

/** How a device behaves in the datapath. `other` devices carry packets like `physical` ones but are named in doubt. */
export type InterfaceKind =
  | "loopback"
  | "physical"
  | "veth"
  | "bridge"
  | "vxlan"
  | "ipip"
  | "wireguard"
  | "dummy"
  | "vlan"
  | "bond"
  | "macvlan"
  | "tun"
  | "other";

/** An address on an interface; host bits are kept. */
export interface InterfaceAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly scope: "global" | "link" | "host" | "site";
  /** Peer of a point-to-point address (`inet A peer B/len`): then `prefixLength` is the peer's. */
  readonly peer: Address | null;
  readonly broadcast: Address | null;
  /** Not the first address of its subnet on this interface. */
  readonly secondary: boolean;
  /** IPv6 duplicate address detection: not usable as a source or destination yet, or ever. */
  readonly dad: "tentative" | "dadfailed" | null;
  readonly deprecated: boolean;
  /** `noprefixroute`: no connected route is made. */
  readonly noPrefixRoute: boolean;
  readonly origin: Origin;
}

/** What `ip -d link` says of a VXLAN device. */
export interface VxlanDevice {
  /** Network identifier; -1 for an external (metadata) device. */
  readonly vni: number;
  readonly port: number;
  readonly local: Address | null;
  /** Underlying device (`dev eth0`). */
  readonly device: string | null;
  /** Unicast or multicast group of `remote`/`group`. */
  readonly remote: Address | null;
  readonly learning: boolean;
  /** TTL of the outer packet; 0 means the kernel's default (64 for unicast). */
  readonly ttl: number;
}

export interface Interface {
  readonly name: string;
  /** ifindex; 0 when unknown. */
  readonly index: number;
  readonly kind: InterfaceKind;
  /** Lower-case, colon separated; null when unknown or the device has none. */
  readonly mac: string | null;
  /** Bytes. */
  readonly mtu: number;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Has carrier (IFF_LOWER_UP); `linkdown` routes follow it. */
  readonly carrier: boolean;
  readonly addresses: readonly InterfaceAddress[];
  /** Name of the bridge, bond or VRF it is enslaved to. */
  readonly master: string | null;
  /** ifindex of the peer (veth) or lower device (vlan, macvlan), as in `eth0@if7`; 0 when unknown. */
  readonly peerIndex: number;
  /** Name of the lower device when it is in the same namespace (`vlan10@eth0`). */
  readonly lower: string | null;
  readonly vxlan: VxlanDevice | null;
  readonly ipip: { readonly local: Address | null; readonly remote: Address | null } | null;
  readonly origin: Origin;
}

/** An interface at rest: an Ethernet device that is up, MTU 1500, without addresses. Give what differs. */
export function networkInterface(fields: Partial<Interface> & Pick<Interface, "name">): Interface {
  return {
    index: 0,
    kind: fields.name === "lo" ? "loopback" : "physical",
    mac: null,
    mtu: fields.name === "lo" ? 65536 : 1500,
    up: true,
    carrier: true,
    addresses: [],
    master: null,
    peerIndex: 0,
    lower: null,
    vxlan: null,
    ipip: null,
    origin: 0,
    ...fields,
  };
}

/** An address at rest: global scope, primary. Give what differs. */
export function interfaceAddress(
  fields: Partial<InterfaceAddress> & Pick<InterfaceAddress, "address" | "prefixLength">,
): InterfaceAddress {
  return {
    scope: "global",
    peer: null,
    broadcast: null,
    secondary: false,
    dad: null,
    deprecated: false,
    noPrefixRoute: false,
    origin: 0,
    ...fields,
  };
}
