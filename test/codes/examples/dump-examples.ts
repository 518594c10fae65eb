import type { DUMP_CODES } from "../../../src/model/codes/dump-codes.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readIpSetSave } from "../../../src/readers/ipset/save.ts";
import { readLogLines } from "../../../src/readers/logs/log-lines.ts";
import { type ExamplesOf, rules, snapshot, snapshotWithout } from "../example.ts";

export const DUMP_EXAMPLES: ExamplesOf<typeof DUMP_CODES> = {
  "counter-twice": snapshot({
    "nodes/n1/nstat.txt":
      "#kernel\nIpInReceives                    5                  0.0\nIpInReceives                    6                  0.0\n",
  }),
  "cut-line": rules("-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 179 -j ACC…"),
  "damaged-line": snapshot({ "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth0\n10.0.0.0/8 via\n" }),
  "firewall-summary": snapshot({
    "nodes/n1/ufw-status.txt":
      "Status: active\nDefault: deny (incoming), allow (outgoing), disabled (routed)\n\nTo                         Action      From\n--                         ------      ----\n22/tcp                     ALLOW IN    Anywhere\n",
  }),
  "html-entities": rules("-A INPUT -m comment --comment &quot;ssh&quot; -p tcp -m tcp --dport 22 -j ACCEPT"),
  "ignored-option": snapshot({ "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth0 initcwnd 30\n" }),
  "invalid-json": snapshotWithout("ip-route.txt", {
    "nodes/n1/ip-route.json": '[{"dst":"default","gateway":"172.16.0.1","dev":"eth0"},{"dst":nothing}]\n',
  }),
  "log-too-long": {
    library: () =>
      readLogLines("kernel: nf_conntrack: table full, dropping packet\n".repeat(1001), "journal.txt", originTable())
        .findings,
  },
  "lossy-dump": snapshotWithout("ip-route.txt", {
    "nodes/n1/ip-route.txt":
      "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n0.0.0.0         172.16.0.1      0.0.0.0         UG    0      0        0 eth0\n",
  }),
  "recent-without-clock": snapshot({
    "nodes/n1/xt-recent.txt":
      "==> /proc/net/xt_recent/bad <==\nsrc=192.0.2.7 ttl: 64 last_seen: 4303922436 oldest_pkt: 1 4303922436\n",
  }),
  "says-nothing-new": snapshot({
    "nodes/n1/birdc-protocols.txt": "BIRD 1.6.8 ready.\ninterface state address\neth0      up    172.16.0.11/24\n",
  }),
  "tool-error": snapshot({ "nodes/n1/ipset-save.txt": "sh: ipset: not found\n" }),
  "truncated-dump": snapshot({
    "nodes/n1/ipset-list.txt":
      "Name: cali40s:abc\nType: hash:net\nRevision: 7\nHeader: family inet\nNumber of entries: 2\nMembers:\n10.0.0.0/8\n",
  }),
  typography: rules("-A INPUT -p tcp -m tcp –dport 22 -j ACCEPT"),
  "unknown-line": rules("-A INPUT -p tcp -j ACCEPT", "what does this one do?"),
  "unmodelled-option": snapshot({
    "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth0\n10.0.0.0/8  encap mpls  100 via 172.16.0.1 dev eth0\n",
  }),
  "unread-counters": snapshot({
    "nodes/n1/netstat-s.txt":
      "Ip:\n    5 total packets received\nTcpExt:\n    2 times recovered from packet loss due to SACK data\n",
  }),
  "unreadable-address": snapshot({
    "nodes/n1/ip-route.txt": "default via 172.16.0.1 dev eth0\n10.0.0.0/8 via gateway7 dev eth0\n",
  }),
  "unsupported-format": {
    library: () =>
      readIpSetSave('<ipsets>\n<ipset name="a">\n</ipset>\n</ipsets>\n', "ipset-save.txt", originTable()).findings,
  },
};
