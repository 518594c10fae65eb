import type { IP_CODES } from "../../../src/model/codes/ip-codes.ts";
import { type ExamplesOf, NODE, snapshot, snapshotWithout } from "../example.ts";

const ADDRESSES = NODE["cluster1/nodes/n1/ip-addr.txt"] ?? "";
const LINKS = ADDRESSES.split("\n")
  .filter((line) => !line.includes("inet"))
  .join("\n");
const DEFAULT = "default via 172.16.0.1 dev eth0\n";
const TABLE = "Kernel IP routing table\n";

export const IP_EXAMPLES: ExamplesOf<typeof IP_CODES> = {
  "ambiguous-route": snapshot({
    "nodes/n1/ip-route.txt": `${TABLE}Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n192.168.1.0     -               255.255.255.192 !H    0      -        0 -\n`,
  }),
  "dump-disagreement": snapshot({ "nodes/n1/ip-link.txt": LINKS.replace("mtu 1500", "mtu 1450") }),
  "duplicate-interface": snapshot({ "nodes/n1/ip-addr.txt": `${ADDRESSES}${ADDRESSES}` }),
  "duplicate-key": snapshot({ "nodes/n1/sysctl.txt": "net.ipv4.ip_forward = 0\nnet.ipv4.ip_forward = 1\n" }),
  "no-addresses": snapshotWithout("ip-addr.txt", { "nodes/n1/ip-link.txt": LINKS }),
  "no-interfaces": snapshot({ "nodes/n1/ip-addr.txt": "    inet 10.0.0.1/24 scope global eth0\n" }),
  "no-link-facts": snapshot({
    "nodes/n1/ip-addr.txt":
      "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever\n2: eth0    inet 172.16.0.11/24 brd 172.16.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n",
  }),
  "no-metric": snapshot({
    "nodes/n1/ip-route.txt": `${TABLE}Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n0.0.0.0         172.16.0.1      0.0.0.0         UG        0 0          0 eth0\n`,
  }),
  "rules-for-table-missing": snapshot({
    "nodes/n1/ip-route.txt": `${DEFAULT}default via 172.16.0.9 dev eth0 table 100\n`,
  }),
  "sysctl-value": snapshot({ "nodes/n1/sysctl.txt": "net.ipv4.ip_forward = yes\n" }),
  "unknown-option": snapshot({ "nodes/n1/ip-route.txt": `${DEFAULT}10.0.0.0/8 via 172.16.0.1 dev eth0 sideways\n` }),
  "unknown-table-name": snapshot({
    "nodes/n1/ip-route.txt": `${DEFAULT}default via 172.16.0.9 dev eth0 table uplink2\n`,
  }),
  "unmodelled-route": snapshot({ "nodes/n1/ip-route.txt": `${DEFAULT}nat 10.0.0.0/8 via 172.16.0.1 dev eth0\n` }),
  "unmodelled-rule": snapshot({
    "nodes/n1/ip-rule.txt":
      "0:\tfrom all lookup local\n100:\tfrom all flowlabel 0x1 lookup 100\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n",
  }),
  "unmodelled-sysctl": snapshot({
    "nodes/n1/sysctl.txt": "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-filter-vlan-tagged = 1\n",
  }),
  "unreadable-key": snapshot({
    "nodes/n1/sysctl.txt": "net.ipv4.ip_forward = 1\nsysctl: permission denied on key 'net.ipv4.tcp_fastopen_key'\n",
  }),
};
