import type { UNKNOWN_CODES } from "../../../src/model/codes/unknown-codes.ts";
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
const FTP = {
  host: "node",
  interface: "eth0",
  src: "192.0.2.7",
  dst: "192.0.2.1",
  proto: "tcp",
  assume: { route: "local" },
};

export const UNKNOWN_EXAMPLES: ExamplesOf<typeof UNKNOWN_CODES> = {
  "damaged-rule": packetOn(["-A INPUT -p tcp garbage -j DROP"]),
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
  "nft-chain": probed(
    {
      "nodes/n2/nft-ruleset.txt":
        "table inet firewall {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tmeta cpu 0 accept\n\t}\n}\n",
    },
    ...TO_N2,
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
