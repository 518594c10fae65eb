import type { Finding } from "../../model/finding.ts";
import type { Address } from "../../net/address.ts";
import type { IPAMBlock } from "./ipam-block.ts";

/** The addresses of a node's own tunnel devices (node/pkg/allocateip); null where it has none. */
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

/** Who has which address once Calico's IPAM has served all nodes and pods. */
export interface AddressPlan {
  /** By `namespace/name`; a pod that got no address is absent: it stays in ContainerCreating. */
  readonly pods: ReadonlyMap<string, readonly Address[]>;
  readonly blocks: readonly IPAMBlock[];
  /** By the node's name. */
  readonly tunnels: ReadonlyMap<string, TunnelAddresses>;
  readonly findings: readonly Finding[];
}
