import { felixContext } from "../../../src/calico/felix/felix-context.ts";
import { type FelixOfNode, felixOfNode } from "../../../src/calico/felix/felix-of-node.ts";
import { interfaceAddress, networkInterface } from "../../../src/model/interface.ts";
import { originTable } from "../../../src/model/origin.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { address } from "../../kernel/harness/lab.ts";
import { declaredNode } from "./declared-node-fixture.ts";

/** The cluster that the README of the vectors describes for its three dumps. */
const MANIFESTS = `
apiVersion: v1
kind: Namespace
metadata: {name: team-a}
---
apiVersion: v1
kind: Namespace
metadata: {name: team-b}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: team-b, labels: {app: web}}
spec:
  nodeName: node-1
  containers: [{name: web, image: nginx}]
status: {phase: Running, podIPs: [{ip: 192.168.110.129}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-http, namespace: team-b}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team-a}}
      ports:
        - {protocol: TCP, port: 80}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: default-ipv4-ippool}
spec: {cidr: 192.168.0.0/16, ipipMode: Always, natOutgoing: true}
`;

/** The dumps, and the release that each is of. */
export const EXAMPLES: Readonly<Record<string, string>> = {
  "example-v3.29": "v3.29.2",
  "example-v3.31": "v3.31.3",
  "example-v3.32.1": "v3.32.1",
};

/** What Felix programs on the node of the example dumps. */
export function exampleNode(calico: string): FelixOfNode {
  const origins = originTable();
  const { cluster } = buildCluster(readResources(MANIFESTS, "cluster.yaml", origins).resources);
  const bgp = (text: string) => ({ bgpIPv4: { address: address(text), length: 16 } });
  const eth0 = networkInterface({
    name: "eth0",
    addresses: [interfaceAddress({ address: address("172.18.0.2"), prefixLength: 16 })],
  });
  const lo = networkInterface({
    name: "lo",
    kind: "loopback",
    addresses: [interfaceAddress({ address: address("127.0.0.1"), prefixLength: 8 })],
  });
  const node = declaredNode("node-1", { ...bgp("172.18.0.2"), interfaces: [lo, eth0] });
  const nodes = [node, declaredNode("node-2", bgp("172.18.0.3"))];
  const tunnel = (text: string) => ({
    ipip: address(text),
    vxlan4: null,
    vxlan6: null,
    wireguard4: null,
    wireguard6: null,
  });
  const tunnels = new Map([
    ["node-1", tunnel("192.168.110.128")],
    ["node-2", tunnel("192.168.82.0")],
  ]);
  return felixOfNode(node, felixContext(cluster, nodes, { tunnels }, { calico, kubernetes: "v1.31.0" }, origins));
}
