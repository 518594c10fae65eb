/** Who writes chains and rules on a node, by the names they use. */
export type Owner = "Calico" | "kube-proxy" | "kubelet" | "CNI plugin portmap" | "NodeLocal DNSCache" | ForeignOwner;

type ForeignOwner =
  | "Docker"
  | "ufw"
  | "firewalld"
  | "libvirt"
  | "fail2ban"
  | "flannel"
  | "Cilium"
  | "kube-router"
  | "Weave";

const KUBELET = /^KUBE-(?:FIREWALL|KUBELET-CANARY|IPTABLES-HINT|MARK-DROP)$/;

const OWNERS: readonly (readonly [RegExp, Owner])[] = [
  [/^cali-/, "Calico"],
  [KUBELET, "kubelet"],
  [/^KUBE-(?:ROUTER|POD-FW|NWPLCY)/, "kube-router"],
  [/^KUBE-/, "kube-proxy"],
  [/^CNI-/, "CNI plugin portmap"],
  [/^DOCKER/, "Docker"],
  [/^ufw6?-/, "ufw"],
  [
    /^(?:INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_(?:direct|ZONES|IN_ZONES|OUT_ZONES|POLICIES)|^(?:IN|FWD[IO]?|POST|PRE|FWDI|FWDO)_\w+$/,
    "firewalld",
  ],
  [/^LIBVIRT_/, "libvirt"],
  [/^f2b-/, "fail2ban"],
  [/^FLANNEL-/, "flannel"],
  [/^CILIUM_/, "Cilium"],
  [/^WEAVE/, "Weave"],
];

/** Null for a name that nobody's tool uses: somebody's own. */
export function ownerOfChain(name: string): Owner | null {
  return OWNERS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}

const OF_CLUSTER: ReadonlySet<Owner> = new Set([
  "Calico",
  "kube-proxy",
  "kubelet",
  "CNI plugin portmap",
  "NodeLocal DNSCache",
] as const);

/** True for chains whose every rule the cluster's programs write. */
export function isOfCluster(owner: Owner | null): boolean {
  return owner !== null && OF_CLUSTER.has(owner);
}
