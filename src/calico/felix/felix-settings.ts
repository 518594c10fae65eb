import type { MarkBits } from "./mark-bits.ts";

/**
 * What Felix renders differently, by the first release that does: v3.29 appends to nat POSTROUTING, v3.30 has the drop
 * bit, v3.31 sets DSCP on what leaves the cluster, v3.32.1 calls the set of all pools network-ip-pools.
 */
export const FELIX_BANDS = ["v3.28", "v3.29", "v3.30", "v3.31", "v3.32", "v3.32.1"] as const;
export type FelixBand = (typeof FELIX_BANDS)[number];

/** True when the band is this one or newer. */
export function isSince(band: FelixBand, first: FelixBand): boolean {
  return FELIX_BANDS.indexOf(band) >= FELIX_BANDS.indexOf(first);
}

/** One entry of FailsafeInboundHostPorts or FailsafeOutboundHostPorts. */
export interface FailsafePort {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
  /** The only network it holds for; null for everywhere. */
  readonly net: string | null;
}

/** A device whose own address replies must come back to. */
export interface TunnelDevice {
  readonly name: string;
  /** False while the node has no tunnel address: then there is no masquerade rule. */
  readonly hasAddress: boolean;
}

/** Everything that the static chains of one address family on one node depend on (felix/rules/rule_defs.go, Config). */
export interface FelixSettings {
  readonly band: FelixBand;
  readonly family: 4 | 6;
  readonly marks: MarkBits;
  readonly chainInsertMode: "insert" | "append";
  readonly interfacePrefixes: readonly string[];
  readonly filterAllowAction: "ACCEPT" | "RETURN";
  readonly mangleAllowAction: "ACCEPT" | "RETURN";
  readonly filterDenyAction: "DROP" | "REJECT";
  readonly defaultEndpointToHostAction: "DROP" | "ACCEPT" | "RETURN";
  readonly logPrefix: string;
  /** Felix's collector gets a copy of what policies decide about; only since v3.30. */
  readonly flowLogs: boolean;
  /** False when DisableConntrackInvalidCheck is set. */
  readonly dropsInvalid: boolean;
  readonly allowVXLANPacketsFromWorkloads: boolean;
  readonly allowIPIPPacketsFromWorkloads: boolean;
  readonly failsafeInbound: readonly FailsafePort[];
  readonly failsafeOutbound: readonly FailsafePort[];
  /** Only ever true for IPv4. */
  readonly ipipEnabled: boolean;
  readonly vxlanEnabled: boolean;
  readonly vxlanPort: number;
  /** The port WireGuard listens on in this family; null when it is off. */
  readonly wireguardPort: number | null;
  readonly wireguardHostEncryption: boolean;
  readonly tunnelDevices: readonly TunnelDevice[];
  readonly natOutgoing: NatOutgoingSettings;
  readonly serviceLoopPrevention: "Drop" | "Reject" | "Disabled";
  /** The Service CIDRs of this family in the default BGPConfiguration. */
  readonly serviceCIDRs: readonly string[];
  /** Pairs of floating IP and the pod's own address; none unless FloatingIPs is Enabled. */
  readonly floatingIPs: readonly FloatingIP[];
  /** What packets of the node's endpoints are marked with where they leave the cluster; only since v3.31. */
  readonly dscp: readonly DscpSource[];
  /** What new connections between pods of an Istio mesh in ambient mode are marked with; null where the mode is off, and before v3.32. */
  readonly istioDscp: number | null;
  /** Whether iptables and the kernel know `--random-fully`. */
  readonly randomFully: boolean;
}

export interface DscpSource {
  /** Addresses separated by commas. */
  readonly source: string;
  readonly value: number;
}

export interface FloatingIP {
  readonly external: string;
  readonly internal: string;
}

export interface NatOutgoingSettings {
  /** True when some pool of this family has natOutgoing. */
  readonly enabled: boolean;
  /** NATOutgoingAddress; null to masquerade. */
  readonly address: string | null;
  /** NATPortRange; null for any port. */
  readonly portRange: { readonly low: number; readonly high: number } | null;
  /** IptablesNATOutgoingInterfaceFilter; null for every device. */
  readonly interfaceFilter: string | null;
  readonly exclusions: "IPPoolsOnly" | "IPPoolsAndHostIPs";
}

/** The failsafes of a Felix nobody configured (felix/config/config_params.go). */
export const DEFAULT_FAILSAFE_INBOUND: readonly FailsafePort[] = [
  { protocol: "tcp", port: 22, net: null },
  { protocol: "udp", port: 68, net: null },
  ...[179, 2379, 2380, 5473, 6443, 6666, 6667].map((port) => ({ protocol: "tcp", port, net: null }) as const),
];
export const DEFAULT_FAILSAFE_OUTBOUND: readonly FailsafePort[] = [
  { protocol: "udp", port: 53, net: null },
  { protocol: "udp", port: 67, net: null },
  ...[179, 2379, 2380, 5473, 6443, 6666, 6667].map((port) => ({ protocol: "tcp", port, net: null }) as const),
];
