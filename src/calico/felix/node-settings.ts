import type { Address, Family } from "../../net/address.ts";
import type { IPPool } from "../ip-pool.ts";
import {
  DEFAULT_FAILSAFE_INBOUND,
  DEFAULT_FAILSAFE_OUTBOUND,
  type FelixBand,
  type FelixSettings,
  isSince,
} from "./felix-settings.ts";
import { allocateMarkBits } from "./mark-bits.ts";

/** The addresses of a node's tunnel devices; null where it has no such device. */
export interface NodeTunnels {
  readonly ipip: Address | null;
  readonly vxlan4: Address | null;
  readonly vxlan6: Address | null;
  readonly wireguard4: Address | null;
  readonly wireguard6: Address | null;
}

const DEFAULT_MARK_MASK = 0xffff0000;

function usesMode(pools: readonly IPPool[], family: Family, mode: "ipipMode" | "vxlanMode"): boolean {
  return pools.some((pool) => pool.cidr.address.family === family && (pool[mode] ?? "Never") !== "Never");
}

/**
 * The settings of Felix on one node, as the manifests and the operator run it: what they set in its environment
 * (DefaultEndpointToHostAction) goes before what the datastore says.
 */
export function nodeSettings(
  band: FelixBand,
  family: Family,
  pools: readonly IPPool[],
  tunnels: NodeTunnels | undefined,
): FelixSettings {
  const ipipEnabled = family === 4 && usesMode(pools, 4, "ipipMode");
  const vxlanEnabled = usesMode(pools, family, "vxlanMode");
  const vxlan = family === 4 ? tunnels?.vxlan4 : tunnels?.vxlan6;
  const marks = allocateMarkBits(DEFAULT_MARK_MASK, { drop: isSince(band, "v3.30"), wireguard: false });
  if (marks === null) throw new RangeError("the default mask has bits enough");
  return {
    band,
    family,
    marks,
    chainInsertMode: "insert",
    interfacePrefixes: ["cali"],
    filterAllowAction: "ACCEPT",
    mangleAllowAction: "ACCEPT",
    filterDenyAction: "DROP",
    defaultEndpointToHostAction: "ACCEPT",
    logPrefix: "calico-packet",
    dropsInvalid: true,
    allowVXLANPacketsFromWorkloads: false,
    allowIPIPPacketsFromWorkloads: false,
    failsafeInbound: DEFAULT_FAILSAFE_INBOUND,
    failsafeOutbound: DEFAULT_FAILSAFE_OUTBOUND,
    ipipEnabled,
    vxlanEnabled,
    vxlanPort: 4789,
    wireguardPort: null,
    wireguardHostEncryption: false,
    tunnelDevices: [
      ...(ipipEnabled ? [{ name: "tunl0", hasAddress: (tunnels?.ipip ?? null) !== null }] : []),
      ...(vxlanEnabled
        ? [{ name: family === 4 ? "vxlan.calico" : "vxlan-v6.calico", hasAddress: (vxlan ?? null) !== null }]
        : []),
    ],
    natOutgoing: {
      enabled: pools.some((pool) => pool.cidr.address.family === family && pool.natOutgoing === true),
      address: null,
      portRange: null,
      interfaceFilter: null,
      exclusions: "IPPoolsOnly",
    },
    serviceLoopPrevention: "Drop",
    serviceCIDRs: [],
    floatingIPs: [],
    randomFully: true,
  };
}
