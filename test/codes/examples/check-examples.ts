import type { CHECK_CODES } from "../../../src/model/codes/check-codes.ts";
import { type CommandExample, type ExamplesOf, filter, NODE, NODE2, POD, snapshot } from "../example.ts";

const both = { ...NODE, ...NODE2 };
const ADDRESSES = NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "";
const ROUTES = NODE["cluster1/nodes/n1/ip-route.txt"] ?? "";

/** `birdc show protocols` of n1 about its session with n2. */
function session(state: string, info: string): string {
  return `BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\nMesh_172_16_0_12 BGP      master   ${state}  10:00:00    ${info}\n`;
}

const DOWN = { "nodes/n1/birdc-protocols.txt": session("start", "Connect") };
const counter = (name: string): CommandExample =>
  snapshot({ "nodes/n1/nstat.txt": `#kernel\n${name.padEnd(31)} 42                 0.0\n` });

export const CHECK_EXAMPLES: ExamplesOf<typeof CHECK_CODES> = {
  "address-errors-counted": counter("IpInAddrErrors"),
  "bgp-dropped-by-rule": snapshot(
    { ...DOWN, "nodes/n1/iptables-save.txt": filter("[42:2520] -A INPUT -p tcp -m tcp --dport 179 -j DROP") },
    both,
  ),
  "bgp-not-accepted": snapshot(
    {
      ...DOWN,
      "nodes/n1/iptables-save.txt": filter("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT").replace(
        ":INPUT ACCEPT [0:0]",
        ":INPUT DROP [42:2520]",
      ),
    },
    both,
  ),
  "bird-route-without-session": snapshot(
    { ...DOWN, "nodes/n1/ip-route.txt": `${ROUTES}192.168.2.0/26 via 172.16.0.12 dev eth0 proto bird\n` },
    both,
  ),
  "connection-to-dead-endpoint": snapshot({
    "cluster/pod.yaml": POD,
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default}\nspec: {cidr: 192.168.0.0/16}\n",
    "nodes/n1/conntrack.txt":
      "udp      17 29 src=192.168.1.2 dst=10.96.0.10 sport=40000 dport=53 src=192.168.1.77 dst=192.168.1.2 sport=53 dport=40000 [ASSURED] mark=0 use=1\n",
  }),
  "connections-dropped": snapshot({
    "nodes/n1/conntrack-stats.txt":
      "cpu=0   \tfound=7 invalid=0 insert=0 insert_failed=3 drop=3 early_drop=0 error=0 search_restart=0 \n",
  }),
  "forwarding-off": snapshot({ "cluster/pod.yaml": POD, "nodes/n1/sysctl.txt": "net.ipv4.ip_forward = 0\n" }),
  "listen-queue-overflowed": counter("TcpExtListenDrops"),
  "neighbour-failed": snapshot({ "nodes/n1/ip-neigh.txt": "172.16.0.1 dev eth0 FAILED\n" }),
  "node-address-in-pool": snapshot({
    "cluster/pool.yaml":
      "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default}\nspec: {cidr: 172.16.0.0/16}\n",
  }),
  "reverse-path-filtered": counter("TcpExtIPReversePathFilter"),
  "session-without-routes": snapshot(
    {
      "nodes/n1/birdc-protocols.txt": `${session("up   ", "Established")}  Description:    Connection to BGP peer\n  Preference:     100\n  Input filter:   ACCEPT\n  Output filter:  calico_export_to_bgp_peers\n  Routes:         3 imported, 1 exported, 3 preferred\n  BGP state:          Established\n    Neighbor address: 172.16.0.12\n    Neighbor AS:      64512\n\n`,
    },
    both,
  ),
  "tunnel-mtu-too-large": snapshot({
    "nodes/n1/ip-addr.txt": `${ADDRESSES}5: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN
    link/ether 66:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
    vxlan id 4096 local 172.16.0.11 dev eth0 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300
    inet 192.168.1.0/32 scope global vxlan.calico
`,
  }),
  "two-backends": snapshot({
    "nodes/n1/iptables-legacy-save.txt": filter("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT"),
    "nodes/n1/iptables-nft-save.txt": filter("-A INPUT -p tcp -m tcp --dport 179 -j DROP"),
  }),
};
