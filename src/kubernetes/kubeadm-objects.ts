import { formatAddress } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import { addressAt } from "../net/prefix-addresses.ts";

/** The label, and the key of the taint, of the nodes that kubeadm runs the control plane on. */
export const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

export const API_SERVER_PORT = 6443;

/** Namespaces that every API server makes. */
const NAMESPACES = ["default", "kube-system", "kube-public", "kube-node-lease"];

const CALICO_NAMESPACES = ["tigera-operator", "calico-system", "calico-apiserver"];

/** Plain objects as a person would write them: what nobody writes and every cluster has. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** What is there before anybody applies a manifest: namespaces, and the Service of the API server (pkg/controlplane). */
export function bootstrapObjects(
  serviceSubnets: readonly Prefix[],
  apiServers: readonly string[],
  hasOperator: boolean,
): readonly PlainObject[] {
  const namespaces = [...NAMESPACES, ...(hasOperator ? CALICO_NAMESPACES : [])].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
  }));
  const [subnet] = serviceSubnets;
  if (subnet === undefined) return namespaces;
  return [
    ...namespaces,
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "kubernetes",
        namespace: "default",
        labels: { component: "apiserver", provider: "kubernetes" },
      },
      spec: {
        type: "ClusterIP",
        clusterIP: formatAddress(addressAt(subnet, 1)),
        ports: [{ name: "https", protocol: "TCP", port: 443, targetPort: API_SERVER_PORT }],
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "kubernetes",
        namespace: "default",
        labels: { "kubernetes.io/service-name": "kubernetes" },
      },
      addressType: subnet.address.family === 4 ? "IPv4" : "IPv6",
      endpoints: apiServers.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports: [{ name: "https", protocol: "TCP", port: API_SERVER_PORT }],
    },
  ];
}

const DNS_PORTS = [
  { name: "dns", protocol: "UDP", port: 53 },
  { name: "dns-tcp", protocol: "TCP", port: 53 },
  { name: "metrics", protocol: "TCP", port: 9153 },
];

/** The add-on that `kubeadm init` applies beside kube-proxy (cmd/kubeadm/app/phases/addons/dns). */
export function dnsAddon(serviceSubnets: readonly Prefix[]): readonly PlainObject[] {
  const [subnet] = serviceSubnets;
  if (subnet === undefined) return [];
  const labels = { "k8s-app": "kube-dns" };
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace: "kube-system", labels },
      spec: {
        selector: labels,
        clusterIP: formatAddress(addressAt(subnet, 10)),
        ports: DNS_PORTS.map((port) => ({ ...port, targetPort: port.port })),
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "coredns", namespace: "kube-system", labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            // kubeadm applies it while the control plane is the only node
            affinity: {
              nodeAffinity: {
                requiredDuringSchedulingIgnoredDuringExecution: {
                  nodeSelectorTerms: [{ matchExpressions: [{ key: CONTROL_PLANE, operator: "Exists" }] }],
                },
              },
            },
            serviceAccountName: "coredns",
            tolerations: [
              { key: "CriticalAddonsOnly", operator: "Exists" },
              { key: CONTROL_PLANE, effect: "NoSchedule" },
            ],
            containers: [
              {
                name: "coredns",
                ports: DNS_PORTS.map(({ name, protocol, port }) => ({ name, protocol, containerPort: port })),
              },
            ],
          },
        },
      },
    },
  ];
}
