import type { Address } from "../net/address.ts";
import type { Origin } from "./origin.ts";
import type { WireguardDevice } from "./wireguard-device.ts";

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
  /** Not the first address of its subnet on this interface; of IPv6, temporary (one flag of the kernel, IFA_F_SECONDARY). */
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
  readonly ttl: number | "inherit";
  /** TOS of the outer packet, beside the two ECN bits, which always come from the inner one. */
  readonly tos: number | "inherit";
  /** DF of the outer packet. */
  readonly df: "unset" | "set" | "inherit";
  /** `srcport`: ports from which the outer source port is hashed; null means `ip_local_port_range`. */
  readonly sourcePorts: { readonly first: number; readonly last: number } | null;
}

/** A VXLAN device at rest: IANA's port, no end of its own, settings of the kernel. Give what differs. */
export function vxlanDevice(fields: Partial<VxlanDevice> & Pick<VxlanDevice, "vni">): VxlanDevice {
  return {
    port: 4789,
    local: null,
    device: null,
    remote: null,
    learning: true,
    ttl: 0,
    tos: 0,
    df: "unset",
    sourcePorts: null,
    ...fields,
  };
}

/** What `ip -d link` says of a bridge, as far as it decides where frames go. */
export interface BridgeDevice {
  readonly vlanFiltering: boolean;
  /** The bridge's own `nf_call_iptables`: bridged frames pass the IPv4 hooks even where the sysctl is 0. */
  readonly nfCallIptables: boolean;
  readonly nfCallIp6tables: boolean;
}

/** STP states of a bridge port (BR_STATE_*). */
export type BridgePortState = "disabled" | "listening" | "learning" | "forwarding" | "blocking";

/** The `bridge_slave` line of `ip -d link`: a port's state and flags. */
export interface BridgePort {
  /** Null: not told; then a port that is up and has carrier forwards, as without STP. */
  readonly state: BridgePortState | null;
  readonly hairpin: boolean;
  readonly isolated: boolean;
  readonly learning: boolean;
  /** Unicast frames for a MAC address that no entry has are sent here too. */
  readonly flood: boolean;
  readonly multicastFlood: boolean;
  readonly broadcastFlood: boolean;
  /** Only frames from MAC addresses that have an entry for this port are let in. */
  readonly locked: boolean;
  /** Settings of the port that podpath does not model, by the words of the dump. */
  readonly unmodelled: readonly string[];
}

/** A bridge port at rest. Give what differs. */
export function bridgePort(fields: Partial<BridgePort> = {}): BridgePort {
  return {
    state: null,
    hairpin: false,
    isolated: false,
    learning: true,
    flood: true,
    multicastFlood: true,
    broadcastFlood: true,
    locked: false,
    unmodelled: [],
    ...fields,
  };
}

export interface Interface {
  /** Number or name of `ip link set … group`; null: not told. Absent: 0, as devices are made. */
  readonly group?: string | null;
  readonly name: string;
  /** ifindex; 0 when unknown. */
  readonly index: number;
  readonly kind: InterfaceKind;
  /** Of kind `other`: what the dump calls it (`info_kind`); absent: it does not say. */
  readonly otherKind?: string;
  /** Lower-case, colon separated; null when unknown or the device has none. */
  readonly mac: string | null;
  /** Bytes. */
  readonly mtu: number;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** Has carrier (IFF_LOWER_UP); `linkdown` routes follow it. */
  readonly carrier: boolean;
  /** In the kernel's order, which is that of `ip addr`: for IPv6 the newest of a scope comes first. */
  readonly addresses: readonly InterfaceAddress[];
  /** Name of the bridge, bond or VRF it is enslaved to. */
  readonly master: string | null;
  /** ifindex of the peer (veth) or lower device (vlan, macvlan), as in `eth0@if7`; 0 when unknown. */
  readonly peerIndex: number;
  /** Name of the lower device when it is in the same namespace (`vlan10@eth0`). */
  readonly lower: string | null;
  /** IFF_NOARP: nobody is asked for the MAC address of a next hop. */
  readonly noArp: boolean;
  readonly vxlan: VxlanDevice | null;
  readonly bridge: BridgeDevice | null;
  /** Null for a device that is no bridge port, or whose port settings are not told: then those at rest. */
  readonly bridgePort: BridgePort | null;
  /** 802.1Q identifier of a VLAN device; null for other kinds, and where the dump does not tell. */
  readonly vlanId: number | null;
  /** Null or absent: a device of another kind, or one that `wg show` was not asked about. */
  readonly wireguard?: WireguardDevice | null;
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
    noArp: false,
    vxlan: null,
    bridge: null,
    bridgePort: null,
    vlanId: null,
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
