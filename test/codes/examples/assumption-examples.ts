import type { ASSUMPTION_CODES } from "../../../src/model/codes/assumption-codes.ts";
import { clusterFolder } from "../cluster-example.ts";
import { type CommandExample, type ExamplesOf, filter, NODE, POD, packetOn, probed } from "../example.ts";

const SOURCE = "192.0.2.7";
const between = (files: Readonly<Record<string, string>> = {}): CommandExample =>
  probed(files, "--from", "node/n1", "--to", "node/n2");

/** A node with this instead of its addresses and routes, asked for a packet to 10.9.9.9. */
function devices(lines: string, routes: string, more: Readonly<Record<string, string>> = {}): CommandExample {
  const addresses = `${NODE["cluster1/nodes/n1/ip-addr.txt"] ?? ""}${lines}`;
  const files = { "nodes/n1/ip-addr.txt": addresses, "nodes/n1/ip-route.txt": routes, ...more };
  return probed(files, "--from", "node/n1", "--to", "10.9.9.9");
}

const BRIDGE = `5: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff promiscuity 0
    bridge forward_delay 1500 stp_state 0 vlan_filtering VLANS nf_call_iptables 0
    inet 10.9.9.1/24 scope global br0
6: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq master br0 state UP
    link/ether 02:00:00:00:00:06 brd ff:ff:ff:ff:ff:ff promiscuity 1
    bridge_slave state forwarding hairpin off SETTING
`;
const ON_BRIDGE = "default via 172.16.0.1 dev eth0\n10.9.9.0/24 dev br0 scope link\n";
/** The bridge, asked for a packet that comes in by its port. */
function bridged(lines: string): CommandExample {
  const packet = {
    host: "n1",
    interface: "eth1",
    src: "10.9.9.9",
    dst: "10.9.9.1",
    proto: "tcp",
    sport: 40000,
    dport: 80,
  };
  return { ...devices(lines, ON_BRIDGE), run: ["trace", "cluster1", "--packet", JSON.stringify(packet)] };
}

const vlan = (
  details: string,
): string => `5: eth0.7@eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff promiscuity 0
${details}    inet 10.9.9.1/24 scope global eth0.7
`;
const ON_VLAN = "default via 172.16.0.1 dev eth0\n10.9.9.0/24 dev eth0.7 scope link\n";
const IPIP = `5: tunl0@NONE: <NOARP,UP,LOWER_UP> mtu 1480 qdisc noqueue state UNKNOWN
    link/ipip 0.0.0.0 brd 0.0.0.0 promiscuity 0
    ipip any remote any local any ttl inherit nopmtudisc
    inet 10.9.8.1/32 scope global tunl0
`;
const FULL = [
  "create seen hash:ip family inet hashsize 64 maxelem 20 forceadd",
  ...Array.from({ length: 20 }, (_, at) => `add seen 10.0.0.${at + 1}`),
  "",
].join("\n");
const STRANGER = {
  host: "n2",
  interface: "eth0",
  src: "172.16.0.99",
  dst: "172.16.0.12",
  proto: "tcp",
  sport: 40000,
  dport: 80,
};
/** A node with a set and rules, asked for a connection to this port of it. */
const withSet = (port: number, set: string, ...rules: readonly string[]): CommandExample =>
  probed(
    { "nodes/n2/ipset-save.txt": set, "nodes/n2/iptables-save.txt": filter(...rules) },
    ...`--from node/n1 --to node/n2 --port ${port}`.split(" "),
  );

const PODS = ["n1", "n2"]
  .map(
    (node) => `apiVersion: v1\nkind: Pod\nmetadata: {name: on-${node}, namespace: shop}\nspec: {nodeName: ${node}}\n`,
  )
  .join("---\n");
const BETWEEN_PODS = ["trace", "shop", "--from", "pod/shop/on-n1", "--to", "pod/shop/on-n2"];

export const ASSUMPTION_EXAMPLES: ExamplesOf<typeof ASSUMPTION_CODES> = {
  "bgp-settled": clusterFolder({ "pods.yaml": PODS }, [...BETWEEN_PODS, "--bgp", "assume"]),
  "bgp-guessed": clusterFolder(
    {
      "pods.yaml": PODS,
      "nodes.yaml":
        "apiVersion: podpath/v1\nkind: ClusterNodes\ndefaults: {gateway: 172.16.0.1, firewall: spin.rules}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n",
      "spin.rules": "*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -m quantum --spin up -j DROP\nCOMMIT\n",
    },
    BETWEEN_PODS,
  ),
  "assumed-open-port": probed(
    { "cluster/pod.yaml": POD },
    ..."--from node/n1 --to pod/shop/web --port 8080".split(" "),
  ),
  "assumed-sysctl": between(),
  "bridge-one-vlan": bridged(BRIDGE.replace("VLANS", "1").replace("SETTING", "")),
  "bridge-port-setting": bridged(BRIDGE.replace("VLANS", "0").replace("SETTING", "neigh_suppress on")),
  "connection-timeout-policy": packetOn([
    "COMMIT",
    "*raw",
    ":PREROUTING ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    "-A PREROUTING -p tcp -j CT --timeout short",
  ]),
  "default-policy-rules": probed(
    {
      "nodes/n1/ip-route.txt":
        "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 scope link\ndefault via 172.16.0.9 dev eth0 table 100\n",
    },
    ..."--from node/n1 --to node/n2".split(" "),
  ),
  "group-not-joined": packetOn([], { dst: "224.0.0.99", proto: "udp" }),
  "wireguard-unverified": {
    ...probed({
      "nodes/n1/ip-addr.txt":
        "2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500\n    inet 172.16.0.11/24 scope global eth0\n9: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440\n    link/none\n    inet 10.9.0.1/24 scope global wg0\n",
      "nodes/n1/ip-route.txt":
        "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 scope link\n10.9.0.0/24 dev wg0 scope link\n",
      "nodes/n1/wg-show.txt":
        "interface: wg0\n  listening port: 51820\n\npeer: cGVlcgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n  endpoint: 172.16.0.12:51820\n  allowed ips: 10.9.0.2/32\n",
    }),
    run: ["trace", "cluster1", "--packet", JSON.stringify({ host: "n1", dst: "10.9.0.2", proto: "udp", dport: 53 })],
  },
  "ipip-unverified": devices(
    IPIP,
    "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 scope link\n10.9.9.0/24 via 172.16.0.12 dev tunl0 onlink\n",
  ),
  "ipsec-policy-absent": packetOn(["-A INPUT -m policy --dir in --pol ipsec -j DROP"]),
  "kernel-time-zone": {
    ...between({
      "snapshot.yaml": "apiVersion: podpath/v1\nkind: Snapshot\ncollectedAt: 2025-02-15T10:00:00Z\n",
      "nodes/n2/iptables-save.txt": filter(
        "-A INPUT -m time --timestart 22:00:00 --timestop 23:00:00 --kerneltz -j DROP",
      ),
    }),
  },
  "mark-of-spi": packetOn(
    [
      "COMMIT",
      "*mangle",
      ":PREROUTING ACCEPT [0:0]",
      "-A PREROUTING -p esp -j HMARK --hmark-tuple src,dst,spi --hmark-mod 4 --hmark-offset 1 --hmark-rnd 0x1",
    ],
    { proto: 50 },
  ),
  "masquerade-without-address": packetOn(
    [
      "COMMIT",
      "*nat",
      ":PREROUTING ACCEPT [0:0]",
      ":INPUT ACCEPT [0:0]",
      ":OUTPUT ACCEPT [0:0]",
      ":POSTROUTING ACCEPT [0:0]",
      "-A POSTROUTING -j MASQUERADE",
    ],
    { assume: { route: "forward", outInterface: "eth1" } },
  ),
  "neighbour-absent": {
    ...devices("", "default via 172.16.0.1 dev eth0\n172.16.0.0/24 dev eth0 scope link\n", {
      "nodes/n1/ip-addr.txt": `${(NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "").replace("    inet 172", "    inet6 2001:db8::11/64 scope global\n    inet 172")}`,
      "nodes/n1/ip-route-v6.txt": "2001:db8::/64 dev eth0 proto kernel metric 256 pref medium\n",
      "nodes/n1/ip6tables-save.txt": filter("-A OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j DROP"),
    }),
    run: ["trace", "cluster1", "--from", "node/n1", "--to", "2001:db8::12"],
  },
  "neighbour-resolves": between(),
  "no-earlier-connections": between({
    "nodes/n2/iptables-save.txt": filter("-A INPUT -m conntrack --ctstate INVALID -j DROP"),
  }),
  "no-nft-tables": between(),
  "no-other-backend": between(),
  "no-sctp-module": probed(
    { "nodes/n2/sockets.txt": "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n" },
    ..."--from node/n1 --to node/n2 --proto sctp --port 5060".split(" "),
  ),
  "no-sctp-socket": probed(
    { "nodes/n2/sockets.txt": "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n" },
    ..."--from node/n1 --to node/n2 --proto sctp --port 5060".split(" "),
  ),
  "no-udp-lite-socket": probed(
    { "nodes/n2/sockets.txt": "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*\n" },
    "--packet",
    JSON.stringify({ ...STRANGER, proto: 136 }),
  ),
  "no-quota": packetOn(["-A INPUT -m nfacct --nfacct-name web -j DROP"]),
  "only-dumped-routes": probed({ "cluster/pod.yaml": POD }, ..."--from pod/shop/web --to node/n2".split(" ")),
  "only-dumped-rules": probed({ "cluster/pod.yaml": POD }, ..."--from pod/shop/web --to node/n2".split(" ")),
  "outside-has-no-pod-routes": probed(
    {
      "cluster/pod.yaml": POD,
      "cluster/pool.yaml":
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default}\nspec: {cidr: 192.168.0.0/16}\n",
    },
    ..."--from pod/shop/web --to 203.0.113.9".split(" "),
  ),
  "rate-limit-unused": packetOn(["-A INPUT -m limit --limit 3/min -j DROP"]),
  "recent-lists-empty": packetOn(["-A INPUT -m recent --rcheck --seconds 60 --name bad --rsource -j DROP"]),
  "refused-rule-absent": packetOn(["-A INPUT -j CHECKSUM --checksum-fill"]),
  "same-vlan": devices(vlan("    vlan protocol 802.1Q <REORDER_HDR>\n"), ON_VLAN),
  "set-eviction": withSet(
    80,
    FULL,
    "-A INPUT -p tcp -j SET --add-set seen src",
    "-A INPUT -p tcp -m set --match-set seen src -j DROP",
  ),
  "set-target-irrelevant": packetOn(["-A INPUT -p tcp -j SET --add-set seen src"]),
  "set-unchanged-by-free-port": withSet(
    40000,
    "create seen hash:ip,port family inet hashsize 64 maxelem 65536\n",
    "-A INPUT -p tcp -j SET --add-set seen src,src",
    "-A INPUT -p tcp -m set --match-set seen src,dst -j DROP",
  ),
  "set-unchanged-by-untold-mac": {
    ...probed({
      "nodes/n2/ipset-save.txt": "create seen hash:mac hashsize 64 maxelem 65536\n",
      "nodes/n2/iptables-save.txt": filter("-A INPUT -p tcp -j SET --add-set seen src"),
    }),
    run: ["trace", "cluster1", "--packet", JSON.stringify(STRANGER)],
  },
  "silent-routers-outside": probed({}, ..."--from node/n1 --to 203.0.113.9 --kind traceroute".split(" ")),
  "socket-without-mark": packetOn(["-A INPUT -m socket --restore-skmark -j DROP"], { src: SOURCE }),
  "template-without-mark": packetOn([
    "COMMIT",
    "*raw",
    ":PREROUTING ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    "-A PREROUTING -p tcp -j CT --zone 7",
    "-A PREROUTING -m connmark --mark 0x5 -j DROP",
    "-A PREROUTING -j CONNMARK --set-mark 0x5",
  ]),
  "vlan-unverified": devices(vlan("    vlan protocol 802.1Q id 7 <REORDER_HDR>\n"), ON_VLAN),
};
