import { NO_ORIGIN, type Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import type { PortRange } from "../net/port-set.ts";
import type { Prefix } from "../net/prefix.ts";

/** How kube-proxy sends packets for Services to endpoints; the empty string in its configuration is iptables. */
export interface KubeProxySettings {
  readonly mode: "iptables" | "ipvs" | "nftables" | "userspace" | "kernelspace" | "other";
  readonly clusterCIDRs: readonly Prefix[];
  readonly masqueradeAll: boolean;
  /** The bit of the mark for packets that are to be masqueraded. */
  readonly masqueradeBit: number;
  /** Node ports answer on 127.0.0.1 too. */
  readonly localhostNodePorts: boolean;
  /** How traffic of pods is told from other traffic; the empty string is ClusterCIDR. */
  readonly detectLocalMode: "ClusterCIDR" | "NodeCIDR" | "BridgeInterface" | "InterfaceNamePrefix" | "other";
  readonly bridgeInterface: string;
  readonly interfaceNamePrefix: string;
  /** Where node ports answer: `primary` is the node's own address; none stands for all addresses. */
  readonly nodePortAddresses: readonly (Prefix | "primary")[];
  readonly conntrack: ConntrackSettings;
  readonly origin: Origin;
}

/** `conntrack` of KubeProxyConfiguration; times in seconds, null where nothing is written: kube-proxy's default. */
export interface ConntrackSettings {
  readonly tcpBeLiberal: boolean;
  readonly tcpEstablishedTimeout: number | null;
  readonly tcpCloseWaitTimeout: number | null;
  readonly udpTimeout: number | null;
  readonly udpStreamTimeout: number | null;
}

/** kube-proxy as it is without a configuration. */
export const DEFAULT_KUBE_PROXY: KubeProxySettings = {
  mode: "iptables",
  clusterCIDRs: [],
  masqueradeAll: false,
  masqueradeBit: 14,
  localhostNodePorts: true,
  detectLocalMode: "ClusterCIDR",
  bridgeInterface: "",
  interfaceNamePrefix: "",
  nodePortAddresses: [],
  conntrack: {
    tcpBeLiberal: false,
    tcpEstablishedTimeout: null,
    tcpCloseWaitTimeout: null,
    udpTimeout: null,
    udpStreamTimeout: null,
  },
  origin: NO_ORIGIN,
};

/** What kubeadm and kube-proxy were told about the whole cluster; empty where nothing was collected. */
export interface ClusterSettings {
  readonly podSubnets: readonly Prefix[];
  readonly serviceSubnets: readonly Prefix[];
  /** Node ports are taken from here (kube-apiserver's `--service-node-port-range`). */
  readonly nodePorts: PortRange;
  readonly kubeProxy: KubeProxySettings | null;
  /** The domain of the cluster's names, without a dot at its end. */
  readonly dnsDomain: string;
  /** The name server that the kubelet gives to pods; null: the Service kube-system/kube-dns. */
  readonly clusterDns: Address | null;
}

export const NO_CLUSTER_SETTINGS: ClusterSettings = {
  podSubnets: [],
  serviceSubnets: [],
  nodePorts: { first: 30000, last: 32767 },
  kubeProxy: null,
  dnsDomain: "cluster.local",
  clusterDns: null,
};
