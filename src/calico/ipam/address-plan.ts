import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { Finding } from "../../model/finding.ts";
import type { Address } from "../../net/address.ts";
import type { IPAMBlock } from "./ipam-block.ts";

/** Who has which address once Calico's IPAM has served all nodes and pods. */
export interface AddressPlan {
  /** By `namespace/name`; a pod that got no address is absent: it stays in ContainerCreating. */
  readonly pods: ReadonlyMap<string, readonly Address[]>;
  readonly blocks: readonly IPAMBlock[];
  /** By the node's name. */
  readonly tunnels: ReadonlyMap<string, TunnelAddresses>;
  readonly findings: readonly Finding[];
}
