import type { Finding } from "../../model/finding.ts";
import { formatAddress, ipv4, ipv6 } from "../../net/address.ts";
import { formatPrefix, type Prefix, parsePrefix, prefixContains } from "../../net/prefix.ts";
import { addressAt, prefixSize } from "../../net/prefix-addresses.ts";

export const INIT_ENCAPSULATIONS = ["None", "IPIP", "IPIPCrossSubnet", "VXLAN", "VXLANCrossSubnet"] as const;
export type InitEncapsulation = (typeof INIT_ENCAPSULATIONS)[number];

/** What `podpath init` is asked for. */
export interface StartingCluster {
  /** Nodes in all; the first runs the control plane. */
  readonly nodes: number;
  /** Pods of one Deployment. */
  readonly pods: number;
  readonly encapsulation: InitEncapsulation;
  readonly calicoVersion: string;
  readonly kubernetesVersion: string;
  /** CIDR of the IPv4 pool. */
  readonly pool: string;
  /** Half of the nodes are behind a router. */
  readonly twoSubnets: boolean;
  readonly dualStack: boolean;
}

const BLOCK = 26;
/** The nodes' subnets: the second is used where there are two. */
const SUBNETS: readonly Prefix[] = [
  { address: ipv4(0xac100000), length: 16 },
  { address: ipv4(0xac110000), length: 16 },
];
const SUBNETS6: readonly Prefix[] = [
  { address: ipv6(0xfd001720, 0x00160000, 0, 0), length: 64 },
  { address: ipv6(0xfd001720, 0x00170000, 0, 0), length: 64 },
];
const SERVICES = "10.96.0.0/12";
const POOL6 = "fd00:10:244::/48";
const SERVICES6 = "fd00:10:96::/112";
/** The router's address is the first of each subnet; nodes begin here. */
const FIRST_NODE = 10;

/** The files of a cluster in which everything works, by name; or why there is none such. */
export function startingFolder(
  wanted: StartingCluster,
): { readonly files: ReadonlyMap<string, string> } | { readonly findings: readonly Finding[] } {
  const pool = parsePrefix(wanted.pool);
  const findings = refusals(wanted, pool);
  if (findings.length > 0) return { findings };
  return {
    files: new Map([
      ["kubeadm.yaml", kubeadmText(wanted)],
      ["calico.yaml", calicoText(wanted)],
      ["workloads.yaml", workloadsText(wanted)],
      ["nodes.yaml", nodesText(wanted)],
    ]),
  };
}

function refusals(wanted: StartingCluster, pool: Prefix | null): readonly Finding[] {
  const refuse = (message: string, advice: string): Finding => ({
    code: "bad-arguments",
    severity: "error",
    message,
    advice,
  });
  for (const [option, version] of [
    ["--calico-version", wanted.calicoVersion],
    ["--kubernetes-version", wanted.kubernetesVersion],
  ] as const) {
    // YAML would read 3.29 as a number
    if (!/^v\d+\.\d+(?:\.\d+)?(?:[-+][\w.+-]+)?$/.test(version))
      return [refuse(`${option} ${version} is no version`, "Such as v3.29.2 of Calico or v1.31.3 of Kubernetes.")];
  }
  if (pool === null || pool.address.family !== 4)
    return [refuse(`--pool ${wanted.pool} is no IPv4 CIDR`, "Such as 192.168.0.0/16.")];
  const others = [...SUBNETS, parsePrefix(SERVICES)].flatMap((one) => one ?? []);
  const overlapped = others.find((one) => prefixContains(one, pool.address) || prefixContains(pool, one.address));
  if (overlapped !== undefined) {
    return [
      refuse(
        `--pool ${wanted.pool} overlaps ${formatPrefix(overlapped)}, where nodes or Services have their addresses`,
        "Take another one, such as 192.168.0.0/16 or the larger 10.128.0.0/9.",
      ),
    ];
  }
  const blocks = Math.floor(prefixSize(pool) / 2 ** (32 - BLOCK));
  // every node takes a block for its tunnel or its first pod; further blocks come from what is left
  const room = (blocks - wanted.nodes) * 2 ** (32 - BLOCK);
  if (wanted.nodes > blocks || wanted.pods + 2 > room + 2 ** (32 - BLOCK) - 1) {
    return [
      refuse(
        `${wanted.pool} is too small for ${wanted.nodes} nodes and ${wanted.pods} pods`,
        "Give a larger --pool, such as 10.128.0.0/9.",
      ),
    ];
  }
  if (wanted.twoSubnets && wanted.encapsulation === "None") {
    return [
      refuse(
        "without encapsulation the router between two subnets has to know the routes to pods, which only a BGP session with it would bring",
        "Take --encapsulation IPIPCrossSubnet or VXLANCrossSubnet, or leave out --two-subnets.",
      ),
    ];
  }
  if (wanted.twoSubnets && wanted.nodes < 2) return [refuse("two subnets need two nodes", "Give --nodes 2 or more.")];
  return [];
}

function kubeadmText({ kubernetesVersion, pool, dualStack }: StartingCluster): string {
  return `# What kubeadm was told: podpath reads the version and the networks, and makes what kubeadm makes (CoreDNS, the Service of the API server).
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: ${kubernetesVersion}
networking:
  podSubnet: ${pool}${dualStack ? `,${POOL6}` : ""}
  serviceSubnet: ${SERVICES}${dualStack ? `,${SERVICES6}` : ""}
`;
}

function calicoText({ encapsulation, pool, dualStack, twoSubnets }: StartingCluster): string {
  // IPIP carries no IPv6
  const encapsulation6 = !encapsulation.startsWith("IPIP") ? encapsulation : twoSubnets ? "VXLANCrossSubnet" : "None";
  const pool6 = `      - name: default-ipv6-ippool
        cidr: ${POOL6}
        blockSize: 122
        encapsulation: ${encapsulation6}
        natOutgoing: Enabled
        nodeSelector: all()
`;
  return `# What the operator was told. Encapsulation: None, IPIP, IPIPCrossSubnet, VXLAN or VXLANCrossSubnet.
apiVersion: operator.tigera.io/v1
kind: Installation
metadata:
  name: default
spec:
  calicoNetwork:
    ipPools:
      - name: default-ipv4-ippool
        cidr: ${pool}
        blockSize: ${BLOCK}
        encapsulation: ${encapsulation}
        natOutgoing: Enabled
        nodeSelector: all()
${dualStack ? pool6 : ""}`;
}

function workloadsText({ pods, nodes, dualStack }: StartingCluster): string {
  // the only node runs the control plane
  const tolerations = nodes === 1 ? "\n      tolerations: [{operator: Exists}]" : "";
  return `# Pods have names as Kubernetes makes them: podpath check lists them.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: default
spec:
  replicas: ${pods}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:${tolerations}
      containers:
        - name: web
          image: nginx
          ports: [{containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: default
spec:
  selector: {app: web}
  ports: [{port: 80}]${dualStack ? "\n  ipFamilyPolicy: PreferDualStack\n  ipFamilies: [IPv4, IPv6]" : ""}
`;
}

function nodesText(wanted: StartingCluster): string {
  const { nodes, calicoVersion, kubernetesVersion, twoSubnets, dualStack } = wanted;
  const subnets = twoSubnets ? 2 : 1;
  const perSubnet = [0, 0];
  const lines: string[] = [];
  for (let i = 0; i < nodes; i++) {
    const subnet = i % subnets;
    const offset = FIRST_NODE + (perSubnet[subnet] ?? 0);
    perSubnet[subnet] = (perSubnet[subnet] ?? 0) + 1;
    const name = i === 0 ? "control-plane" : `worker-${i}`;
    const own = addressesOf(subnet, offset, dualStack);
    const gateway = twoSubnets ? `, gateway: ${list(gatewaysOf(subnet, dualStack))}` : "";
    const labels = i === 0 ? `, labels: {node-role.kubernetes.io/control-plane: ""}` : "";
    lines.push(`  ${name}: {addresses: ${list(own)}${gateway}${labels}}`);
  }
  const gateway = twoSubnets ? "" : `\n  gateway: ${list(gatewaysOf(0, dualStack))}`;
  return `# What no manifest says: machines, their own rules, the network between them (docs/reference/nodes-yaml.md).
apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: ${calicoVersion}, kubernetes: ${kubernetesVersion}}
# For all nodes. A machine's own firewall goes here or to a node:
#   firewall: hardened.rules
defaults:${gateway}
  listen: [tcp/22 sshd]
nodes:
${lines.join("\n")}
fabric:
  # Interfaces with addresses of one subnet share a segment. A cloud that drops what it does not know would be:
  #   segments: [{name: vpc, members: [control-plane:eth0, …], drops: [{source: not-own}]}]
  hosts:
    # ${twoSubnets ? "The router between the subnets" : "The nodes' default gateway"}; it knows no pods.
    - name: router
      interfaces: [${Array.from({ length: subnets }, (_, i) => `{name: eth${i}, addresses: ${list(addressesOf(i, 1, dualStack))}}`).join(", ")}]
      ipForward: true
`;
}

function addressesOf(subnet: number, offset: number, dualStack: boolean): readonly string[] {
  const own = [SUBNETS, ...(dualStack ? [SUBNETS6] : [])];
  return own.flatMap((prefixes) => {
    const prefix = prefixes[subnet];
    return prefix === undefined ? [] : [`${formatAddress(addressAt(prefix, offset))}/${prefix.length}`];
  });
}

function gatewaysOf(subnet: number, dualStack: boolean): readonly string[] {
  return addressesOf(subnet, 1, dualStack).map((one) => one.replace(/\/.*/, ""));
}

/** `[a, "b::1"]`: YAML reads an IPv6 address in a flow list only in quotes. */
function list(items: readonly string[]): string {
  return `[${items.map((item) => (item.includes("::") ? `"${item}"` : item)).join(", ")}]`;
}
