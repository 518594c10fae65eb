import type { DeclaredNode } from "../../calico/declared-node.ts";
import { API_SERVER_PORT, CONTROL_PLANE } from "../../kubernetes/kubeadm-objects.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { ipv4 } from "../../net/address.ts";
import { TCP } from "../../net/protocol.ts";

const LOCALHOST = ipv4(0x7f000001);

/**
 * Programs that every node of Kubernetes and Calico runs, without kube-proxy: assumed to listen where they do by default
 * (kubernetes.io "Ports and Protocols", docs.tigera.io "network requirements"). `speaksBGP`: calico/node runs BIRD.
 */
export function nodeDaemons(node: DeclaredNode, speaksBGP: boolean): readonly ListeningSocket[] {
  const socket = (port: number, process: string, isLocal = false, family: 4 | 6 | null = null): ListeningSocket => ({
    protocol: TCP,
    address: isLocal ? LOCALHOST : null,
    family: isLocal ? 4 : family,
    port,
    interface: null,
    process,
    certainty: "declared",
    origin: node.origin,
  });
  const common = [socket(10250, "kubelet"), socket(10248, "kubelet", true), socket(9099, "calico-node", true)];
  // Two programs: each would find the port taken by the other if one of them listened for both families
  const bird = speaksBGP ? [socket(179, "bird", false, 4), socket(179, "bird6", false, 6)] : [];
  if (!node.labels.has(CONTROL_PLANE)) return [...common, ...bird];
  return [
    ...common,
    ...bird,
    socket(API_SERVER_PORT, "kube-apiserver"),
    socket(2379, "etcd"),
    socket(2380, "etcd"),
    socket(10257, "kube-controller-manager", true),
    socket(10259, "kube-scheduler", true),
  ];
}
