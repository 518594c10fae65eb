import type { Origin } from "../model/origin.ts";
import type { Prefix } from "../net/prefix.ts";

/** How kube-proxy sends packets for Services to endpoints; the empty string in its configuration is iptables. */
export interface KubeProxySettings {
  readonly mode: "iptables" | "ipvs" | "nftables" | "userspace" | "kernelspace" | "other";
  readonly clusterCIDRs: readonly Prefix[];
  readonly masqueradeAll: boolean;
  readonly origin: Origin;
}

/** What kubeadm and kube-proxy were told about the whole cluster; empty where nothing was collected. */
export interface ClusterSettings {
  readonly podSubnets: readonly Prefix[];
  readonly serviceSubnets: readonly Prefix[];
  readonly kubeProxy: KubeProxySettings | null;
}

export const NO_CLUSTER_SETTINGS: ClusterSettings = { podSubnets: [], serviceSubnets: [], kubeProxy: null };
