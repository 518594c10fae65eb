import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Family } from "../../net/address.ts";
import type { IPPool } from "../ip-pool.ts";

/** One kind of tunnel address of a node (node/pkg/allocateip/allocateip.go). */
export interface TunnelKind {
  readonly field: keyof TunnelAddresses;
  readonly family: Family;
  /** Value of the attribute `type` of its allocation. */
  readonly type: string;
  readonly handle: string;
  /** A pool that makes nodes have such an address, and from which it may be. */
  uses(pool: IPPool): boolean;
}

function tunnels(mode: "ipipMode" | "vxlanMode"): (pool: IPPool) => boolean {
  return (pool) => (pool[mode] ?? "Never") !== "Never";
}

/** In the order in which a starting calico/node takes them. */
export const TUNNEL_KINDS: readonly TunnelKind[] = [
  {
    field: "wireguard4",
    family: 4,
    type: "wireguardTunnelAddress",
    handle: "wireguard-tunnel-addr-",
    uses: () => true,
  },
  {
    field: "wireguard6",
    family: 6,
    type: "wireguardV6TunnelAddress",
    handle: "wireguard-v6-tunnel-addr-",
    uses: () => true,
  },
  { field: "ipip", family: 4, type: "ipipTunnelAddress", handle: "ipip-tunnel-addr-", uses: tunnels("ipipMode") },
  { field: "vxlan4", family: 4, type: "vxlanTunnelAddress", handle: "vxlan-tunnel-addr-", uses: tunnels("vxlanMode") },
  {
    field: "vxlan6",
    family: 6,
    type: "vxlanV6TunnelAddress",
    handle: "vxlan-v6-tunnel-addr-",
    uses: tunnels("vxlanMode"),
  },
];
