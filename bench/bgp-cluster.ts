import { daemonsOf } from "../src/analysis/reconverge.ts";
import { renderedBird, renderedEvidence } from "../src/analysis/rendered-bird.ts";
import type { SpeakerConfiguration } from "../src/bgp/speaker/configuration.ts";
import type { Network } from "../src/model/network.ts";
import { readClusterFolder } from "../src/readers/cluster/read-cluster.ts";

/** A cluster whose nodes speak BGP: each with each other, or each with so many route reflectors. */
export interface BgpCluster {
  readonly nodes: number;
  /** 0: a full mesh. */
  readonly reflectors: number;
  /** What the machines call their card, one after the other and again; eth0 where nothing is said. */
  readonly devices?: readonly string[];
}

const HEAD = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pool}
spec: {cidr: 10.0.0.0/9, blockSize: 26, natOutgoing: true, ipipMode: Never, vxlanMode: Never}
`;

const REFLECTED = `---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false, asNumber: 64512}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: clients}
spec: {nodeSelector: "!has(rr)", peerSelector: has(rr)}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: reflectors}
spec: {nodeSelector: has(rr), peerSelector: has(rr)}
`;

function addressOf(node: number): string {
  const host = node + 16;
  return `192.168.${host >> 8}.${host & 255}/17`;
}

/** The texts of the cluster's folder: nodes on one segment, with one pod each, and so with one block. */
function files({ nodes, reflectors, devices = ["eth0"] }: BgpCluster): ReadonlyMap<string, string> {
  const all = Array.from({ length: nodes }, (_, node) => node);
  const isReflector = (node: number): boolean => node < reflectors;
  const deviceOf = (node: number): string => devices[node % devices.length] ?? "eth0";
  const machines = all.map((node) => {
    const labels = [
      ...(node === 0 ? [`node-role.kubernetes.io/control-plane: ""`] : []),
      ...(isReflector(node) ? [`rr: "yes"`] : []),
    ];
    const card = `interfaces: [{name: ${deviceOf(node)}, addresses: [${addressOf(node)}]}]`;
    return `  node-${node}: {${card}${labels.length === 0 ? "" : `, labels: {${labels.join(", ")}}`}}`;
  });
  const reflecting = all.filter(isReflector).map(
    (node) => `---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: node-${node}}
spec: {bgp: {ipv4Address: ${addressOf(node)}, routeReflectorClusterID: 244.0.0.1}}
`,
  );
  const pods = all.map(
    (node) => `apiVersion: v1
kind: Pod
metadata: {name: pod-${node}, namespace: default}
spec: {nodeName: node-${node}, containers: [{name: c}]}
`,
  );
  return new Map([
    [
      "nodes.yaml",
      `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: v1.31.3}
nodes:
${machines.join("\n")}
`,
    ],
    [
      "kubeadm.yaml",
      `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
metadata: {name: kubeadm}
networking: {podSubnet: 10.0.0.0/9, serviceSubnet: 172.30.0.0/15}
`,
    ],
    ["calico.yaml", [HEAD, ...(reflectors > 0 ? [REFLECTED] : []), ...reflecting].join("")],
    ["pods.yaml", pods.join("---\n")],
  ]);
}

/** The cluster's network, and the BIRDs that confd makes for it. */
export function bgpCluster(size: BgpCluster): {
  readonly network: Network;
  readonly configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>;
} {
  const { network, cluster, settled } = readClusterFolder({ name: "generated", files: files(size) });
  const evidence = renderedEvidence(renderedBird(cluster, settled), network.origins);
  return { network, configurations: daemonsOf(network, evidence).configurations };
}
