import type { ADDRESS_CHECK_CODES } from "../../../src/model/codes/address-check-codes.ts";
import { type ExamplesOf, NODE, NODE2, POD, snapshot } from "../example.ts";

const ADDRESSES = NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "";
const ROUTES = NODE["cluster1/nodes/n1/ip-route.txt"] ?? "";

function pool(name: string, cidr: string, more = ""): string {
  return `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: ${cidr}${more}}\n`;
}

function affinity(node: string, cidr: string): string {
  const name = `${node}-${cidr.replace(/[./]/g, "-")}`;
  return `apiVersion: crd.projectcalico.org/v1\nkind: BlockAffinity\nmetadata: {name: ${name}}\nspec: {cidr: ${cidr}, node: ${node}, state: confirmed, deleted: "false"}\n`;
}

/** A block of four addresses of which the second is given to a pod. */
function block(first: string, node: string, pod: string): string {
  return `apiVersion: crd.projectcalico.org/v1
kind: IPAMBlock
metadata: {name: ${first.replaceAll(".", "-")}-30}
spec:
  cidr: ${first}/30
  affinity: host:n1
  allocations: [null, 0, null, null]
  unallocated: [0, 2, 3]
  attributes:
  - handle_id: k8s-pod-network.0123
    secondary: {namespace: shop, pod: ${pod}, node: ${node}}
`;
}

const TUNNEL = `5: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN
    link/ipip 0.0.0.0 brd 0.0.0.0
    inet 192.168.1.2/32 scope global tunl0
`;

export const ADDRESS_CHECK_EXAMPLES: ExamplesOf<typeof ADDRESS_CHECK_CODES> = {
  "address-leaked": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/ipam-check.txt":
      "Checking IPAM for inconsistencies...\n\nScanning for IPs that are allocated but not actually in use...\n  192.168.1.9 leaked; attrs Main:k8s-pod-network.0123 Extra:namespace=shop,node=n1,pod=old\nFound 1 IPs that are allocated in IPAM but not actually in use.\nCheck complete; found 1 problems.\n",
  }),
  "affinity-without-block": snapshot({
    "cluster/block.yaml": block("192.168.1.0", "n1", "web"),
    "cluster/affinity.yaml": affinity("n1", "192.168.7.0/26"),
  }),
  "block-of-one-address": snapshot({ "cluster/pool.yaml": pool("small", "192.168.0.0/16", ", blockSize: 32") }),
  "borrowed-without-route": snapshot({
    "cluster/ipam-borrowed.txt": `+---------------+----------------+------------------+-------------+------+--------------+
|      IP       | BORROWING-NODE |      BLOCK       | BLOCK OWNER | TYPE | ALLOCATED-TO |
+---------------+----------------+------------------+-------------+------+--------------+
| 192.168.1.77  | n2             | 192.168.1.64/26  | n1          | pod  | shop/db      |
+---------------+----------------+------------------+-------------+------+--------------+
`,
    "nodes/n1/ip-route.txt": `${ROUTES}blackhole 192.168.1.64/26 proto bird\n`,
  }),
  "node-address-not-on-node": snapshot({
    "cluster/node.yaml":
      "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: n1}\nspec: {bgp: {ipv4Address: 172.18.0.1/16}}\n",
  }),
  "node-address-twice": snapshot({ "nodes/n2/ip-addr.txt": ADDRESSES }, { ...NODE, ...NODE2 }),
  "pod-address-not-allocated": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/block.yaml": block("192.168.1.4", "n1", "other"),
    "cluster/pool.yaml": pool("default", "192.168.0.0/16"),
  }),
  "pod-address-twice": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/other.yaml": POD.replace("name: web", "name: copy").replace("nodeName: n1", "nodeName: n2"),
  }),
  "pool-full": snapshot({
    "cluster/ipam-show.txt": `+----------+---------------+-----------+------------+----------+
| GROUPING |     CIDR      | IPS TOTAL | IPS IN USE | IPS FREE |
+----------+---------------+-----------+------------+----------+
| IP Pool  | 192.168.1.0/24 |       256 | 256 (100%) | 0 (0%)   |
+----------+---------------+-----------+------------+----------+
`,
  }),
  "pool-outside-cluster-cidr": snapshot({
    "cluster/kube-proxy.yaml":
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata:\n  config.conf: |\n    kind: KubeProxyConfiguration\n    clusterCIDR: 10.244.0.0/16\n",
    "cluster/pool.yaml": pool("default", "192.168.0.0/16"),
  }),
  "pools-overlap": snapshot({
    "cluster/first.yaml": pool("first", "192.168.0.0/16"),
    "cluster/second.yaml": pool("second", "192.168.128.0/20"),
  }),
  "tunnel-address-of-pod": snapshot({ "cluster/pod.yaml": POD, "nodes/n1/ip-addr.txt": `${ADDRESSES}${TUNNEL}` }),
  "two-affinities": snapshot({
    "cluster/first.yaml": affinity("n1", "192.168.1.0/26"),
    "cluster/second.yaml": affinity("n2", "192.168.1.0/26"),
  }),
};
