import type { Address } from "../net/address.ts";

/** The addresses of a node's own tunnel devices; null where it has none. */
export interface TunnelAddresses {
  /** Of tunl0. */
  readonly ipip: Address | null;
  /** Of vxlan.calico. */
  readonly vxlan4: Address | null;
  /** Of vxlan-v6.calico. */
  readonly vxlan6: Address | null;
  /** Of wireguard.cali. */
  readonly wireguard4: Address | null;
  /** Of wg-v6.cali. */
  readonly wireguard6: Address | null;
}

export const NO_TUNNELS: TunnelAddresses = {
  ipip: null,
  vxlan4: null,
  vxlan6: null,
  wireguard4: null,
  wireguard6: null,
};
