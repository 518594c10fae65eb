import {
  ADMIN_BLOCKS,
  ADMIN_NETWORK_POLICY,
  BASELINE_ADMIN_NETWORK_POLICY,
  CLUSTER_NETWORK_POLICY,
} from "./admin-policy-shapes.ts";
import { CONFIGURATION_SHAPES } from "./configuration-shapes.ts";
import { KUBERNETES_BLOCKS, KUBERNETES_SHAPES } from "./kubernetes-shapes.ts";
import { readShape } from "./read-shape.ts";
import type { Shape } from "./shape.ts";

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "": [
    "Pod",
    "ReplicationController",
    "Service",
    "Endpoints",
    "Namespace",
    "Node",
    "ServiceAccount",
    "ConfigMap",
    "Secret",
  ],
  apps: ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"],
  batch: ["Job", "CronJob"],
  "discovery.k8s.io": ["EndpointSlice"],
  "networking.k8s.io": ["NetworkPolicy"],
};

const ADMIN: Readonly<Record<string, string>> = {
  AdminNetworkPolicy: ADMIN_NETWORK_POLICY,
  BaselineAdminNetworkPolicy: BASELINE_ADMIN_NETWORK_POLICY,
  ClusterNetworkPolicy: CLUSTER_NETWORK_POLICY,
};

const BLOCKS = { ...KUBERNETES_BLOCKS, ...ADMIN_BLOCKS };

/** What the API takes as an object of a kind of Kubernetes or of its network-policy-api, without metadata; null for others. */
export function kubernetesShape(group: string, kind: string): Shape | null {
  const notations: Readonly<Record<string, string>> = group === "policy.networking.k8s.io" ? ADMIN : KUBERNETES_SHAPES;
  if (notations !== ADMIN && GROUPS[group]?.includes(kind) !== true) return null;
  const notation = Object.hasOwn(notations, kind) ? notations[kind] : undefined;
  return notation === undefined ? null : readShape(notation, BLOCKS);
}

/** What the API takes as `metadata`. */
export function metadataShape(): Shape {
  return readShape(KUBERNETES_BLOCKS.ObjectMeta);
}

/** What kubeadm or kube-proxy takes as its configuration, of a kind in a group; null for others. */
export function configurationShape(group: string, kind: string): Shape | null {
  const key = `${group}/${kind}`;
  const notation = Object.hasOwn(CONFIGURATION_SHAPES, key) ? CONFIGURATION_SHAPES[key] : undefined;
  return notation === undefined ? null : readShape(notation);
}
