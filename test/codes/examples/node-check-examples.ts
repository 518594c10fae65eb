import type { NODE_CHECK_CODES } from "../../../src/model/codes/node-check-codes.ts";
import { type CommandExample, type ExamplesOf, filter, NODE, POD, snapshot } from "../example.ts";

const ADDRESSES = NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "";
const ROUTES = NODE["cluster1/nodes/n1/ip-route.txt"] ?? "";

const SERVICE = `apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80}]}
`;

/** As BIRD 1.6 writes it. */
const HOLD_TIMER = "2025-02-15 10:00:01 <RMT> Mesh_172_16_0_12: Error: Hold timer expired\n";

/** Felix's rules about VXLAN, with the packets that they counted. */
function felix(accepted: number, refused: number, sent: number): CommandExample {
  return snapshot({
    "nodes/n1/iptables-save.txt": filter(
      ":cali-INPUT - [0:0]",
      ":cali-OUTPUT - [0:0]",
      "-A INPUT -j cali-INPUT",
      "-A OUTPUT -j cali-OUTPUT",
      `[${accepted}:${accepted * 134}] -A cali-INPUT -p udp -m multiport --dports 4789 -m set --match-set cali40all-vxlan-net src -m addrtype --dst-type LOCAL -j ACCEPT`,
      `[${refused}:${refused * 134}] -A cali-INPUT -p udp -m multiport --dports 4789 -m addrtype --dst-type LOCAL -j DROP`,
      `[${sent}:${sent * 134}] -A cali-OUTPUT -p udp -m multiport --dports 4789 -m addrtype --src-type LOCAL -m set --match-set cali40all-vxlan-net dst -j ACCEPT`,
    ),
    "nodes/n1/ipset-save.txt":
      "create cali40all-vxlan-net hash:net family inet hashsize 1024 maxelem 1048576\nadd cali40all-vxlan-net 172.16.0.12\n",
  });
}

export const NODE_CHECK_EXAMPLES: ExamplesOf<typeof NODE_CHECK_CODES> = {
  "bgp-session-down": snapshot({
    "nodes/n1/calico-node-status.txt": `Calico process is running.

IPv4 BGP status
+--------------+-------------------+-------+----------+--------------------------------+
| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |              INFO              |
+--------------+-------------------+-------+----------+--------------------------------+
| 172.16.0.12  | node-to-node mesh | start | 10:00:00 | Active Socket: Connection      |
|              |                   |       |          | refused                        |
+--------------+-------------------+-------+----------+--------------------------------+

IPv6 BGP status
No IPv6 peers found.
`,
  }),
  "conntrack-full": snapshot({
    "nodes/n1/sysctl.txt": "net.netfilter.nf_conntrack_count = 131072\nnet.netfilter.nf_conntrack_max = 131072\n",
  }),
  "kube-proxy-missing": snapshot({
    "cluster/service.yaml": SERVICE,
    "nodes/n1/iptables-save.txt": filter(":cali-FORWARD - [0:0]", "-A FORWARD -j cali-FORWARD"),
  }),
  "log-confirmed": snapshot({
    "nodes/n1/calico-system/calico-node-x7k2p.log": HOLD_TIMER,
    "nodes/n1/birdc-protocols.txt":
      "BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nMesh_172_16_0_12 BGP      master   start  10:00:04    Connect       \n",
  }),
  "log-contradicted": snapshot({
    "nodes/n1/calico-system/calico-node-x7k2p.log": HOLD_TIMER,
    "nodes/n1/ip-route.txt": `${ROUTES}192.168.9.0/26 via 172.16.0.12 dev eth0 proto bird \n`,
  }),
  "log-tells": snapshot({
    "nodes/n1/journal.txt":
      "Feb 15 10:00:00 n1 kernel: nf_conntrack: nf_conntrack: table full, dropping packet\nFeb 15 10:00:01 n1 systemd[1]: Started Session 12 of user root.\n",
  }),
  "loopback-down": snapshot({ "nodes/n1/ip-addr.txt": ADDRESSES.replace("<LOOPBACK,UP,LOWER_UP>", "<LOOPBACK>") }),
  "loose-reverse-path": snapshot({ "nodes/n1/sysctl.txt": "net.ipv4.conf.all.rp_filter = 2\n" }),
  "mesh-off-without-peers": snapshot({
    "cluster/bgp.yaml":
      "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata: {name: default}\nspec: {nodeToNodeMeshEnabled: false}\n",
  }),
  "packet-logged": snapshot({
    "nodes/n1/dmesg.txt":
      "[Sat Feb 15 10:00:00 2025] dropped: IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=172.16.0.12 DST=172.16.0.11 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID=1 DF PROTO=TCP SPT=40000 DPT=179 WINDOW=64240 RES=0x00 SYN URGP=0 \n",
    "nodes/n1/iptables-save.txt": filter('-A INPUT -p tcp -m tcp --dport 179 -j LOG --log-prefix "dropped: "'),
  }),
  "pod-without-route": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/other.yaml": POD.replace("name: web", "name: db").replace("192.168.1.2", "192.168.1.3"),
  }),
  "proxy-arp-without-route": snapshot({ "nodes/n1/ip-route.txt": ROUTES.replace(/^default.*\n/, "") }),
  "service-without-endpoints": snapshot({
    "cluster/service.yaml": SERVICE,
    "cluster/slice.yaml":
      "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: shop, name: web-x7k2p, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{port: 8080, protocol: TCP}]\nendpoints: [{addresses: [192.168.1.2], conditions: {ready: false}}]\n",
  }),
  "tcp-md5-failed": snapshot({
    "nodes/n1/nstat.txt": "#kernel\nTcpExtTCPMD5NotFound            42                 0.0\n",
  }),
  "tunnel-device-missing": snapshot({
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default}\nspec: {cidr: 192.168.0.0/16, vxlanMode: Always}\n",
  }),
  "tunnel-one-way": felix(0, 0, 120),
  "tunnel-refused": felix(7, 42, 120),
  "unreachable-route": snapshot({
    "nodes/n1/ip-route.txt": `${ROUTES}unreachable 192.168.2.0/26 proto bird metric 1024\n`,
  }),
};
