import type { UNKNOWN_CODES } from "../../../src/model/codes/unknown-codes.ts";
import { clusterFolder } from "../cluster-example.ts";
import { type CommandExample, type ExamplesOf, filter, NODE, NODE2, packetOn, probed, textOf } from "../example.ts";

const TO_N2 = "--from node/n1 --to node/n2".split(" ");
const { "cluster1/nodes/n1/ip-route.txt": _, ...blind } = { ...NODE, ...NODE2 };
const { "cluster1/nodes/n2/iptables-save.txt": __, ...withoutRules } = { ...NODE, ...NODE2 };
const ruled = (line: string): CommandExample =>
  probed(
    {
      "nodes/n1/ip-rule.txt": `0:\tfrom all lookup local\n${line}\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n`,
    },
    ...TO_N2,
  );
const full = probed(
  {
    "nodes/n2/sysctl.txt": "net.netfilter.nf_conntrack_max = 1000\n",
    "nodes/n2/iptables-save.txt": filter("-A INPUT -m conntrack --ctstate INVALID -j DROP"),
  },
  ...TO_N2,
);
/** A machine that routes the other one's end of a tunnel, which it needs, into the tunnel. */
const circle = (self: number, peer: number): Readonly<Record<string, string>> => ({
  [`nodes/n${self}/ip-addr.txt`]: textOf([
    "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP",
    `    link/ether 02:00:00:00:00:0${self} brd ff:ff:ff:ff:ff:ff promiscuity 0`,
    `    inet 172.16.0.1${self}/24 brd 172.16.0.255 scope global eth0`,
    "3: vx: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN",
    `    link/ether 66:00:00:00:00:0${self} brd ff:ff:ff:ff:ff:ff promiscuity 0`,
    `    vxlan id 7 local 172.16.0.1${self} dev eth0 srcport 0 0 dstport 4789 nolearning ttl auto`,
    `    inet 10.9.0.${self}/24 scope global vx`,
  ]),
  [`nodes/n${self}/ip-route.txt`]: textOf([
    "10.9.0.0/24 dev vx proto kernel scope link",
    "172.16.0.0/24 dev eth0 proto kernel scope link",
    `192.0.2.${peer} via 172.16.0.1${peer} dev eth0`,
    `192.0.2.${self} via 10.9.0.${peer} dev vx`,
  ]),
  [`nodes/n${self}/ip-neigh.txt`]: `10.9.0.${peer} dev vx lladdr 66:00:00:00:00:0${peer} PERMANENT\n`,
  [`nodes/n${self}/bridge-fdb.txt`]: `66:00:00:00:00:0${peer} dev vx dst 192.0.2.${peer} self permanent\n`,
  [`nodes/n${self}/sysctl.txt`]: "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = 0\n",
});
const FTP = {
  host: "node",
  interface: "eth0",
  src: "192.0.2.7",
  dst: "192.0.2.1",
  proto: "tcp",
  assume: { route: "local" },
};

const BEHIND_OPTIONS = {
  interface: "eth0",
  src: "2001:db8::7",
  dst: "2001:db8::1",
  proto: "udp",
  dport: 53,
  extensions: [{ header: "destination", options: [{ type: 30, length: 4 }] }, { header: "fragment" }],
  assume: { route: "local" },
};

export const UNKNOWN_EXAMPLES: ExamplesOf<typeof UNKNOWN_CODES> = {
  "connection-tracking": {
    ...packetOn([]),
    files: {
      "iptables-save.txt":
        "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A INPUT -j SAME --to 192.0.2.9\nCOMMIT\n",
    },
  },
  "damaged-rule": packetOn(["-A INPUT -p tcp garbage -j DROP"]),
  "followed-redirect": probed(
    {
      "nodes/n1/ip-route.txt":
        "default via 172.16.0.12 dev eth0\n172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.11\n",
      "nodes/n1/sysctl.txt": "net.ipv4.conf.eth0.forwarding = 0\nnet.ipv4.conf.eth0.accept_redirects = 1\n",
      "nodes/n1/ip-neigh.txt": "172.16.0.1 dev eth0 lladdr 02:00:00:00:99:99 REACHABLE\n",
      "nodes/n2/sysctl.txt": "net.ipv4.ip_forward = 1\n",
      "nodes/n2/iptables-save.txt": filter("-A FORWARD -s 172.16.0.11/32 -p tcp -m tcp ! --syn -j DROP"),
    },
    ..."--from node/n1 --to 203.0.113.9 --port 80".split(" "),
  ),
  "fragment-memory": probed(
    { "nodes/n2/sysctl.txt": "net.ipv4.ipfrag_high_thresh = 2500\n" },
    "--packet",
    JSON.stringify({ host: "n1", dst: "172.16.0.12", proto: "udp", sport: 4000, dport: 53, length: 2900 }),
  ),
  "frame-memory": probed({ ...circle(1, 2), ...circle(2, 1) }, "--from", "node/n1", "--to", "10.9.0.2"),
  "frame-mac": packetOn(["-A INPUT -m mac --mac-source 52:54:00:12:34:56 -j DROP"]),
  "full-connection-table": {
    ...full,
    beside: {
      ...full.beside,
      "cluster1/nodes/n2/conntrack.txt": Array.from(
        { length: 1000 },
        (_, i) =>
          `udp      17 29 src=10.0.0.1 dst=172.16.0.12 sport=${10000 + i} dport=53 [UNREPLIED] src=172.16.0.12 dst=10.0.0.1 sport=53 dport=${10000 + i} mark=0 use=1\n`,
      ).join(""),
    },
  },
  "helper-expectation": {
    files: {
      "iptables-save.txt": filter(
        "-A INPUT -m conntrack --ctstate RELATED -j ACCEPT",
        "-A INPUT -p tcp -m tcp --dport 5000 -j DROP",
        "COMMIT",
        "*raw",
        ":PREROUTING ACCEPT [0:0]",
        "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp",
      ),
      "packets.jsonl": textOf([
        JSON.stringify({ ...FTP, sport: 40000, dport: 21, flags: "S" }),
        JSON.stringify({ ...FTP, sport: 41000, dport: 5000, flags: "S", fresh: false }),
      ]),
    },
    run: ["probe", "iptables-save.txt", "--packets", "packets.jsonl"],
  },
  "interface-group": probed(
    { "nodes/n2/iptables-save.txt": filter("-A INPUT -m devgroup --src-group 7 -j DROP") },
    ...TO_N2,
  ),
  "listening-socket": probed({}, ...TO_N2, "--port", "80"),
  "match-hidden-state": packetOn(["-A INPUT -p tcp -m osf --genre Linux -j DROP"]),
  "misread-extension-headers": {
    files: {
      "ip6tables-save.txt": `# Generated by ip6tables-save v1.8.9\n${filter("-A INPUT -m conntrack --ctstate INVALID -j DROP")}`,
    },
    run: ["trace", "ip6tables-save.txt", "--packet", JSON.stringify(BEHIND_OPTIONS)],
  },
  "nft-chain": probed(
    {
      "nodes/n2/nft-ruleset.txt":
        "table inet firewall {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tmeta cpu 0 accept\n\t}\n}\n",
    },
    ...TO_N2,
  ),
  "neighbour-age": probed(
    { "nodes/n1/ip-neigh.txt": "172.16.0.12 dev eth0 lladdr 02:00:00:00:99:99 PROBE\n" },
    "--packet",
    JSON.stringify({ host: "n1", dst: "172.16.0.12", proto: "udp", sport: 4000, dport: 53, at: 2 }),
  ),
  "neighbour-queue": probed(
    {
      "nodes/n1/sysctl.txt": "net.ipv4.neigh.eth0.unres_qlen_bytes = 4500\n",
      "nodes/n2/sysctl.txt": "net.ipv4.conf.all.arp_ignore = 8\n",
    },
    "--packet",
    JSON.stringify({ host: "n1", dst: "172.16.0.12", proto: "udp", sport: 4000, dport: 53, length: 2900 }),
  ),
  "outside-answers": probed({}, ..."--from node/n1 --to 203.0.113.9".split(" ")),
  "queue-verdict": packetOn(["-A INPUT -j NFQUEUE --queue-num 7"]),
  "recent-list-age": probed(
    {
      "nodes/n2/xt-recent.txt":
        "==> /proc/net/xt_recent/bad <==\nsrc=172.16.0.11 ttl: 64 last_seen: 4303922436 oldest_pkt: 1 4303922436\n",
      "nodes/n2/iptables-save.txt": filter("-A INPUT -m recent --rcheck --seconds 60 --name bad --rsource -j DROP"),
    },
    ...TO_N2,
  ),
  "reset-side": probed(
    {
      "nodes/n2/conntrack.txt":
        "tcp      6 9 CLOSE src=172.16.0.11 dst=172.16.0.12 sport=40000 dport=80 src=172.16.0.12 dst=172.16.0.11 sport=80 dport=40000 mark=0 use=1\n",
      "nodes/n2/iptables-save.txt": filter("-A INPUT -m conntrack --ctstate NEW -j ACCEPT", "-A INPUT -p tcp -j DROP"),
    },
    ...TO_N2,
    "--port",
    "80",
    "--sport",
    "40000",
  ),
  "node-local-dns": clusterFolder(
    {
      "node-local-dns.yaml":
        'apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: node-local-dns, namespace: kube-system}\nspec:\n  selector: {matchLabels: {k8s-app: node-local-dns}}\n  template:\n    metadata: {labels: {k8s-app: node-local-dns}}\n    spec: {hostNetwork: true, containers: [{name: node-cache, args: [-localip, "169.254.20.10,10.96.0.10", -upstreamsvc, upstream], securityContext: {privileged: true}}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\nspec: {clusterIP: 10.96.0.10, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: upstream, namespace: kube-system}\nspec: {clusterIP: 10.96.0.11, selector: {k8s-app: kube-dns}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {nodeName: n1, containers: [{name: c}]}\n',
    },
    ["trace", "shop", ..."--from pod/shop/web --to dns/kube-dns.kube-system --kind lookup".split(" ")],
  ),
  "service-proxy-mode": probed(
    {
      "cluster/kube-proxy.yaml":
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: ipvs\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {serviceSubnet: 10.96.0.0/12}\n",
    },
    ..."--from node/n1 --to 10.96.0.10 --port 53".split(" "),
  ),
  "routes-not-dumped": {
    files: {},
    beside: blind,
    run: ["trace", "cluster1", ..."--from node/n1 --to 203.0.113.9".split(" ")],
  },
  "rules-not-dumped": { files: {}, beside: withoutRules, run: ["trace", "cluster1", ...TO_N2] },
  "set-counters": probed(
    {
      "nodes/n2/ipset-save.txt":
        "create seen hash:ip family inet hashsize 64 maxelem 65536 counters\nadd seen 172.16.0.11\n",
      "nodes/n2/iptables-save.txt": filter("-A INPUT -m set --match-set seen src --packets-gt 5 -j DROP"),
    },
    ...TO_N2,
  ),
  "set-membership": packetOn(["-A INPUT -m set --match-set blocked src -j DROP"]),
  "supplementary-groups": probed(
    { "nodes/n1/iptables-save.txt": filter("-A OUTPUT -m owner --gid-owner 27 --suppl-groups -j DROP") },
    ...TO_N2,
  ),
  "synproxy-handshake": packetOn(["-A INPUT -p tcp -m tcp --syn -j SYNPROXY --mss 1460", "-A INPUT -j DROP"]),
  "tcp-option": packetOn(["-A INPUT -p tcp -m tcp --tcp-option 8 -j DROP"]),
  "time-of-day": packetOn(["-A INPUT -m time --timestart 22:00:00 --timestop 23:00:00 -j DROP"]),
  "transparent-socket": packetOn([
    "COMMIT",
    "*mangle",
    ":PREROUTING ACCEPT [0:0]",
    "-A PREROUTING -p tcp -j TPROXY --on-port 3129 --tproxy-mark 0x1/0x1",
  ]),
  "tunnel-metadata": probed(
    {
      "nodes/n1/ip-addr.txt": `${NODE["cluster1/nodes/n1/ip-addr.txt"] ?? ""}5: flow0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN
    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff promiscuity 0
    vxlan external id 0 srcport 0 0 dstport 4789 ttl auto ageing 300
    inet 10.9.9.1/24 scope global flow0
`,
      "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth0\n10.9.9.0/24 dev flow0 scope link\n",
      "nodes/n1/ip-neigh.txt": "10.9.9.9 dev flow0 lladdr 02:00:00:00:00:99 PERMANENT\n",
    },
    ..."--from node/n1 --to 10.9.9.9".split(" "),
  ),
  "unmodelled-device": probed(
    {
      "nodes/n1/ip-addr.txt": `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0
    inet 127.0.0.1/8 scope host lo
2: gre1@NONE: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1476 state UNKNOWN
    link/gre 172.16.0.11 peer 172.16.0.12 promiscuity 0
    gre remote 172.16.0.12 local 172.16.0.11 ttl 64
    inet 10.5.0.1/24 scope global gre1
`,
      "nodes/n1/ip-route.txt": "10.5.0.0/24 dev gre1 proto kernel scope link src 10.5.0.1\n",
    },
    "--packet",
    JSON.stringify({ host: "n1", dst: "10.5.0.2", proto: "udp", sport: 4000, dport: 53 }),
  ),
  "unmodelled-match-outcome": packetOn(["-A INPUT -m weather --raining -j DROP"]),
  "unmodelled-rule-action": ruled("100:\tfrom all sideways"),
  "unmodelled-rule-selector": ruled("100:\tfrom all flowlabel 0x1 blackhole"),
  "unmodelled-target-outcome": packetOn(["-A INPUT -j TARPIT"]),
  "which-default-route": probed(
    {
      "nodes/n1/ip-route.txt":
        "default via 172.16.0.1 dev eth0\ndefault via 172.16.0.2 dev eth0\n172.16.0.0/24 dev eth0 scope link\n",
    },
    ..."--from node/n1 --to 203.0.113.9".split(" "),
  ),
};
