import type { SNAPSHOT_CODES } from "../../../src/model/codes/snapshot-codes.ts";
import { type ExamplesOf, endpoint, NODE, NODE2, POD, snapshot, snapshotWithout } from "../example.ts";

const POD_ADDRESSES = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN
    inet 127.0.0.1/8 scope host lo
4: eth0@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    link/ether 3a:00:00:00:00:04 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 192.168.1.2/32 scope global eth0
`;
const pod = (name: string, address: string): string => POD.replace("web}", `${name}}`).replace("192.168.1.2", address);
const both = { ...NODE, ...NODE2 };
const INSIDE = "nodes/n1/netns/shop_web/ip-addr.txt";

export const SNAPSHOT_EXAMPLES: ExamplesOf<typeof SNAPSHOT_CODES> = {
  "address-disagreement": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/endpoint.yaml": endpoint({ address: "192.168.1.9" }),
  }),
  "duplicate-address": snapshot({
    "nodes/n2/ip-addr.txt": (NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "").replace(
      "02:00:00:00:00:01",
      "02:00:00:00:00:02",
    ),
  }),
  "host-unknown": snapshot({ "paste.txt": "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 scope link\n" }),
  "interfaces-from-routes": {
    files: {
      "diagnostics/hostname": "n1\n",
      "diagnostics/ipv4_addr":
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    inet 172.16.0.10/24 brd 172.16.0.255 scope global eth0\n       valid_lft forever preferred_lft forever\n",
      "diagnostics/ipv4_route": "default via 172.16.0.1 dev eth0\n192.168.1.2 dev cali0123456789a scope link\n",
    },
    run: ["check", "diagnostics"],
  },
  "nameless-resource": snapshot({ "cluster/pod.yaml": POD.replace(", name: web}", "}") }),
  "nested-lists": snapshot({
    "cluster/pod.yaml": `${"{apiVersion: v1, kind: List, items: [".repeat(20)}${"]}".repeat(20)}\n`,
  }),
  "node-address-missing": snapshot({
    "cluster/node.yaml":
      "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nstatus: {addresses: [{type: InternalIP, address: 172.16.0.99}]}\n",
  }),
  "node-disagreement": snapshot({ "cluster/pod.yaml": POD, "cluster/endpoint.yaml": endpoint({ node: "n2" }) }, both),
  "nodes-without-dumps": snapshot({
    "cluster/nodes.yaml":
      "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\napiVersion: v1\nkind: Node\nmetadata: {name: n7}\n",
  }),
  "not-a-resource": snapshot({ "cluster/values.yaml": "replicas: 3\n" }),
  "not-read": snapshot({ "nodes/n1/logs/kubelet.log": "I0215 10:00:00.000000       1 server.go:1] started\n" }),
  "one-machine-assumed": {
    files: { "paste/fw.txt": NODE["cluster1/nodes/n1/iptables-save.txt"] ?? "" },
    run: ["check", "paste"],
  },
  "pod-address-missing": snapshot({
    "cluster/pod.yaml": POD,
    [INSIDE]: POD_ADDRESSES.replace("192.168.1.2", "192.168.1.7"),
  }),
  "pod-elsewhere": snapshot(
    { "cluster/pod.yaml": POD.replace("nodeName: n1", "nodeName: n2"), [INSIDE]: POD_ADDRESSES },
    both,
  ),
  "pod-without-address": snapshot({ "cluster/pod.yaml": POD.replace(", podIP: 192.168.1.2", "") }),
  "resource-twice": snapshot({ "cluster/a.yaml": POD, "cluster/b.yaml": POD.replace("192.168.1.2", "192.168.1.3") }),
  "unlinked-interface": snapshot({}),
  "veth-disagreement": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/endpoint.yaml": endpoint({ device: "califfffffffff" }),
  }),
  "veth-missing": snapshot({ "cluster/pod.yaml": POD.replace("192.168.1.2", "192.168.1.9") }),
  "veth-shared": snapshot({
    "cluster/pods.yaml": `${POD}---\n${pod("db", "192.168.1.3")}`,
    "cluster/endpoints.yaml": `${endpoint({})}---\n${endpoint({ address: "192.168.1.3" }).replaceAll("web", "db")}`,
  }),
  "wireguard-device-missing": snapshot({ "nodes/n1/wg-show.txt": "interface: wg9\n  listening port: 51820\n" }),
  "wrong-field": snapshot({ "cluster/pod.yaml": POD.replace("containerPort: 8080", "containerPort: http") }),
  "yaml-syntax": snapshotWithout("none", { "cluster/pod.yaml": "apiVersion: v1\nkind: Pod\n  metadata: [\n" }),
};
