import { topField } from "../src/kubernetes/field.ts";
import { readMetadata } from "../src/kubernetes/metadata.ts";
import { type OriginTable, originFile, originOfResource } from "../src/model/origin.ts";
import type { Resource } from "../src/readers/resources/read-resources.ts";

/** How large a generated cluster is. */
export interface ClusterSize {
  readonly nodes: number;
  readonly pods: number;
  readonly services: number;
  readonly policies: number;
}

export const LARGE: ClusterSize = { nodes: 5_000, pods: 150_000, services: 10_000, policies: 2_000 };

/** A part of the large cluster, the same in each dimension. */
export function part(share: number): ClusterSize {
  const scale = (count: number): number => Math.max(1, Math.round(count * share));
  return {
    nodes: scale(LARGE.nodes),
    pods: scale(LARGE.pods),
    services: scale(LARGE.services),
    policies: scale(LARGE.policies),
  };
}

const NAMESPACES = 101;

/** The namespace of a Service and of the pods behind it. */
export function namespaceOf(service: number): string {
  return `ns-${service % NAMESPACES}`;
}

/** Plain objects as YAML gives them, wrapped as the reader of manifests wraps them. */
export function largeCluster(size: ClusterSize, origins: OriginTable): readonly Resource[] {
  const file = originFile(origins, "generated.yaml");
  const resources: Resource[] = [];
  const add = (content: Readonly<Record<string, unknown>>): void => {
    const { kind, name } = readMetadata(topField(content), 0);
    const origin = originOfResource(origins, file, resources.length + 1, `${kind} ${name}`, "");
    resources.push({
      file: "generated.yaml",
      metadata: readMetadata(topField(content), origin),
      content,
      untold: new Set(),
      locate: () => null,
    });
  };
  add({
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    metadata: { name: "kubeadm" },
    networking: { podSubnet: "10.0.0.0/9", serviceSubnet: "172.30.0.0/15" },
  });
  add({
    apiVersion: "projectcalico.org/v3",
    kind: "IPPool",
    metadata: { name: "pool" },
    spec: { cidr: "10.0.0.0/9", blockSize: 26, natOutgoing: true, vxlanMode: "CrossSubnet" },
  });
  for (let i = 0; i < NAMESPACES; i++) {
    add({ apiVersion: "v1", kind: "Namespace", metadata: { name: `ns-${i}`, labels: { team: `t${i % 10}` } } });
  }
  // pods of one Deployment share a Service's selector
  for (let i = 0; i < size.pods; i++) {
    const app = i % size.services;
    add({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: `pod-${i}`,
        namespace: namespaceOf(app),
        labels: { app: `app-${app}`, tier: app % 3 === 0 ? "web" : "db" },
      },
      spec: {
        nodeName: `node-${i % size.nodes}`,
        containers: [{ name: "c", ports: [{ containerPort: 8080, name: "http" }] }],
      },
    });
  }
  for (let i = 0; i < size.services; i++) {
    add({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: `svc-${i}`, namespace: namespaceOf(i) },
      spec: {
        selector: { app: `app-${i}` },
        ports: [{ port: 80, targetPort: "http" }],
        type: i % 50 === 0 ? "NodePort" : "ClusterIP",
      },
    });
  }
  for (let i = 0; i < size.policies; i++) {
    const app = (i * 7) % size.services;
    add({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: `allow-${i}`, namespace: namespaceOf(app) },
      spec: {
        podSelector: { matchLabels: { app: `app-${app}` } },
        ingress: [
          { from: [{ namespaceSelector: { matchLabels: { team: `t${i % 10}` } } }], ports: [{ port: 8080 }] },
          { from: [{ podSelector: { matchLabels: { tier: "web" } } }] },
        ],
        policyTypes: ["Ingress"],
      },
    });
  }
  return resources;
}

/**
 * A pod that every policy on the given one lets in (`tier: web` in its namespace), on a node of the other subnet. Both are among the
 * first pods of their Services.
 */
export function welcomeTo(pod: number): number {
  const apart = [1, 3, 5].find((count) => (pod + count * NAMESPACES) % 3 === 0) ?? 1;
  return pod + apart * NAMESPACES;
}

/** `nodes.yaml` of the generated cluster: two subnets behind a router. */
export function largeNodes({ nodes }: ClusterSize): string {
  const lines = Array.from({ length: nodes }, (_, i) => {
    const subnet = i % 2;
    const host = (i >> 1) + 16;
    const label = i === 0 ? `, labels: {node-role.kubernetes.io/control-plane: ""}` : "";
    return `  node-${i}: {addresses: [192.168.${subnet * 128 + (host >> 8)}.${host & 255}/17], gateway: 192.168.${subnet * 128}.1${label}}`;
  });
  return `apiVersion: podpath/v1
kind: ClusterNodes
versions: {calico: v3.29.2, kubernetes: v1.31.3}
nodes:
${lines.join("\n")}
fabric:
  hosts:
    - name: router
      interfaces: [{name: eth0, addresses: [192.168.0.1/17]}, {name: eth1, addresses: [192.168.128.1/17]}]
      ipForward: true
`;
}
