import type { AddressWithLength } from "../kubernetes/address-field.ts";
import type { Interface } from "../model/interface.ts";
import type { NftBaseChain } from "../model/nft-base-chain.ts";
import type { Origin } from "../model/origin.ts";
import type { Route } from "../model/route.ts";
import type { Ruleset } from "../model/ruleset.ts";
import type { ListeningSocket } from "../model/socket.ts";
import type { Prefix } from "../net/prefix.ts";

/** A node as manifests and `nodes.yaml` declare it, before Calico and kube-proxy have done anything there. */
export interface DeclaredNode {
  readonly name: string;
  /** Of the Node object and of `nodes.yaml`. */
  readonly labels: ReadonlyMap<string, string>;
  /** The machine's own devices with their addresses: `lo`, `eth0`, … */
  readonly interfaces: readonly Interface[];
  /** The machine's own routes: connected and local ones, and those that `nodes.yaml` gives. */
  readonly routes: readonly Route[];
  /** Only those that are declared. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** The machine's own rules, without Calico's and kube-proxy's; none where nothing is declared. */
  readonly firewall: readonly Ruleset[];
  /** Its own chains of nftables. */
  readonly nftBaseChains: readonly NftBaseChain[];
  /** Programs of the machine that listen (BIRD, kubelet, the API server, …) and pods of the host's network. */
  readonly sockets: readonly ListeningSocket[];
  /** The address that calico/node uses, with its subnet's length: declared, else detected; null without one of the family. */
  readonly bgpIPv4: AddressWithLength | null;
  readonly bgpIPv6: AddressWithLength | null;
  /** Null: the cluster's. */
  readonly asNumber: number | null;
  readonly podCIDRs: readonly Prefix[];
  readonly origin: Origin;
}

/** What runs, as `nodes.yaml` says: `v3.29.2`, `v1.31.3`. */
export interface ClusterVersions {
  readonly calico: string;
  readonly kubernetes: string;
}
