import type { CLUSTER_CODES } from "../../../src/model/codes/cluster-codes.ts";
import { clusterFolder } from "../cluster-example.ts";
import type { ExamplesOf } from "../example.ts";

const check = ["check", "shop"];
const POOL =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n";
const DEPLOYMENT =
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {nodeSelector: {disk: ssd}, containers: [{name: c}]}}}\n";

export const CLUSTER_EXAMPLES: ExamplesOf<typeof CLUSTER_CODES> = {
  "conflicting-objects": clusterFolder(
    { "more.yaml": POOL.replace("default-ipv4-ippool", "more").replace("192.168.0.0/16", "192.168.8.0/24") },
    check,
  ),
  "dangling-reference": clusterFolder(
    {
      "pod.yaml":
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default}\nspec: {nodeName: n3, containers: [{name: c}]}\n",
    },
    check,
  ),
  "service-outside-range": clusterFolder(
    {
      "web.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 8080}]}\n",
    },
    check,
  ),
  "kinds-not-read": clusterFolder(
    {
      "ingress.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: door, namespace: default}\nspec: {}\n",
    },
    check,
  ),
  "not-rendered": clusterFolder(
    { "web.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Release.Name }}-web\n" },
    check,
  ),
  "overlapping-networks": clusterFolder({ "pool.yaml": POOL.replace("192.168.0.0/16", "172.16.0.0/16") }, check),
  "pool-outside-pod-subnet": clusterFolder(
    {
      "kubeadm.yaml":
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}\n",
    },
    check,
  ),
  "node-cache-corefile-assumed": clusterFolder(
    {
      "node-local-dns.yaml":
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: node-local-dns, namespace: kube-system}\nspec:\n  selector: {matchLabels: {k8s-app: node-local-dns}}\n  template:\n    metadata: {labels: {k8s-app: node-local-dns}}\n    spec: {hostNetwork: true, containers: [{name: node-cache, args: [-localip, 169.254.20.10], securityContext: {privileged: true}}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\nspec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]}\n",
    },
    check,
  ),
  "node-cache-not-running": clusterFolder(
    {
      "node-local-dns.yaml":
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: node-local-dns, namespace: kube-system}\nspec:\n  selector: {matchLabels: {k8s-app: node-local-dns}}\n  template:\n    metadata: {labels: {k8s-app: node-local-dns}}\n    spec: {hostNetwork: true, containers: [{name: node-cache, args: [-localip, 169.254.20.10, -upstreamsvc, kube-dns-upstream], securityContext: {privileged: true}}]}\n",
    },
    check,
  ),
  "node-not-declared": clusterFolder(
    {
      "node.yaml":
        "apiVersion: v1\nkind: Node\nmetadata: {name: n3}\nstatus: {addresses: [{type: InternalIP, address: 172.16.0.13}]}\n",
    },
    check,
  ),
  "health-check-answers": clusterFolder(
    {
      "web.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec: {type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30111, selector: {app: web}, ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: default, labels: {app: web}}\nspec: {nodeName: n1, containers: [{name: c}]}\n",
    },
    check,
  ),
  "placement-assumed": clusterFolder(
    {
      "web.yaml":
        "apiVersion: v1\nkind: Pod\nmetadata: {name: near, namespace: default}\nspec: {affinity: {podAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {}}}]}}}\n",
    },
    check,
  ),
  "pool-assumed": clusterFolder({ "pool.yaml": "" }, check),
  "sysctl-overwritten": clusterFolder(
    {
      "nodes.yaml":
        "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n  n1: {addresses: [172.16.0.11/24], sysctls: {net.ipv4.ip_forward: 0}}\n  n2: {addresses: [172.16.0.12/24]}\n",
    },
    check,
  ),
  "topology-hints-unknown": clusterFolder(
    {
      "nodes.yaml":
        "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes:\n  n1: {addresses: [172.16.0.11/24], labels: {topology.kubernetes.io/zone: a}}\n  n2: {addresses: [172.16.0.12/24], labels: {topology.kubernetes.io/zone: b}}\n",
      "web.yaml":
        "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default, annotations: {service.kubernetes.io/topology-mode: Auto}}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n",
    },
    check,
  ),
  "unknown-field": clusterFolder(
    {
      "policy.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: default}\nspec:\n  podSelectr: {matchLabels: {app: web}}\n  policyTypes: [Ingress]\n",
    },
    check,
  ),
  "unschedulable-pod": clusterFolder({ "web.yaml": DEPLOYMENT }, check),
  "versions-assumed": clusterFolder(
    {
      "nodes.yaml":
        "apiVersion: podpath/v1\nkind: ClusterNodes\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n",
    },
    check,
  ),
};
