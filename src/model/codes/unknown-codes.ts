import type { CodeTable } from "./code-page.ts";

/** Questions that nobody could answer and that an answer branches on, each under a stable code. */
export const UNKNOWN_CODES = {
  "connection-tracking": {
    title: "Whether a machine tracks connections",
    means:
      "The kernel tracks connections, and runs nat chains, only while a loaded rule needs it. Of the rules that were dumped, only some that podpath does not model, or that were cut off, may do so.",
    todo: "Look whether conntrack -L lists connections, and choose the branch.",
  },
  "damaged-rule": {
    title: "A rule was cut off or not understood",
    means:
      "A packet met a place of the rules where the dump is damaged. There is a branch for each thing that the rule may do.",
    todo: "Collect iptables-save -c again.",
  },
  "followed-redirect": {
    title: "Whether a host follows an ICMP redirect",
    means:
      "A router told a host of a shorter way. A connection does not hear of it while its program is still busy sending, which a slower link gives it time to end. An IPv4 host follows only once it knows the MAC address of the new gateway, which nobody can tell of a machine that was not dumped. An IPv6 host forgets what it was told after 30 to 60 seconds.",
    todo: "Look at ip route show cache and ip neigh on the host.",
  },
  "fragment-memory": {
    title: "How much memory fragments take that wait for the others of their datagram",
    means:
      "The kernel takes no fragment while those that wait take more than ipfrag_high_thresh (of IPv6 ip6frag_high_thresh, in connection tracking nf_conntrack_frag6_high_thresh). How much memory one takes depends on the card that received it, or on the kernel's version.",
    todo: "Choose the branch; with the kernel's 4 MiB few machines ever come that far.",
  },
  "frame-mac": {
    title: "Which MAC address a frame came from",
    means:
      "A rule goes by the MAC address of a frame, and no dump tells the one that this frame had, or whether what comes in by that device has any.",
    todo: "Collect ip -d link on the machine that sent it, or say the address: smac in a line of --packets.",
  },
  "frame-memory": {
    title: "Whether a machine has memory for one more frame around a packet",
    means:
      "Several machines send each other's tunnel packets into their tunnels, which puts another frame around the packet at each turn of the loop. The kernel asks for twice the memory for each, and at the twelfth to the fifteenth there is none.",
    todo: "Keep the routes to the tunnel's remote ends out of the tunnel: ip route get.",
  },
  "full-connection-table": {
    title: "The connection table is full",
    means: "The kernel either drops an old connection or the new packet; which one depends on the hash table.",
    todo: "Raise net.netfilter.nf_conntrack_max; conntrack -S counts early drops.",
  },
  "helper-expectation": {
    title: "Whether a helper announced a connection",
    means: "The connection may be RELATED to another one, as in FTP. Expectations are not dumped.",
    todo: "Compare conntrack -L expect.",
  },
  "interface-group": {
    title: "Whether an interface is in a group",
    means: "A rule asks for the group of an interface, which the dump does not tell.",
    todo: "Collect ip -d link.",
  },
  "listening-socket": {
    title: "Whether anybody listens",
    means: "The packet was delivered, and no dump tells whether a program has the port open.",
    todo: "Collect ss -H -lntup.",
  },
  "match-hidden-state": {
    title: "Whether a match holds that depends on hidden state",
    means: "The match goes by something that no dump shows, such as what it has seen before.",
    todo: "Read the rule and choose the branch.",
  },
  "misread-extension-headers": {
    title: "Whether a packet gets through that the receiver reads in the wrong place",
    means:
      "Conntrack joined fragments of an IPv6 packet whose fragment header stands behind other extension headers, or a segment routing header stands behind another one. The kernel then reads from a wrong place, and drops most such packets.",
    todo: "Choose the branch in which it is dropped; without conntrack on that host, joined fragments are taken.",
  },
  "neighbour-age": {
    title: "Whether a host has given up a neighbour that no longer answers",
    means:
      "Nobody answers at the MAC address that a host has for a next hop. How long it goes on sending there depends on how long the entry has been in its state, which no dump tells, on a time that the kernel draws, and on whether connections that go there have got on meanwhile.",
    todo: "Look at ip -s neigh on the host again, or send the packet later.",
  },
  "neighbour-queue": {
    title:
      "How many packets wait for a neighbour that has not answered yet, or questions for an answer that is put off",
    means:
      "The kernel keeps packets until the neighbour answers, as many as unres_qlen_bytes has memory for, and drops the oldest of them for more. How much memory one takes depends on the card that received it, or on the kernel's version. A host that answers for others puts that off for a time that it draws (proxy_delay), and takes no question while more than proxy_qlen wait.",
    todo: "Choose the branch; with a larger unres_qlen_bytes or proxy_qlen nothing is dropped.",
  },
  "nft-chain": {
    title: "What a rule or chain of nftables does",
    means:
      "A rule of nftables itself says what podpath does not model, or its whole table is not modelled. It could decide about the packet.",
    todo: "Read it with the command that the answer names, and choose the branch. A rule with a counter tells whether packets matched it.",
  },
  "outside-answers": {
    title: "Whether a machine that nobody dumped answers",
    means: "The packet left the dumped machines, and a reply may or may not come.",
    todo: "Ask from a machine that you have, or dump the other one.",
  },
  "queue-verdict": {
    title: "What a program at a netfilter queue decides",
    means: "The rule hands the packet to a program in user space.",
    todo: "Find the program: cat /proc/net/netfilter/nfnetlink_queue.",
  },
  "recent-list-age": {
    title: "How long ago the packets of a recent list came",
    means:
      "A rule of -m recent counts packets of the last seconds, and the dump of its list does not tell what time it was.",
    todo: "Collect /proc/timer_list with the lists: grep -m2 -e ^now -e ^jiffies /proc/timer_list.",
  },
  "reset-side": {
    title: "Which side reset a connection",
    means: "conntrack -L does not tell which side sent the reset of a connection in state CLOSE.",
    todo: "Watch it with conntrack -E -p tcp.",
  },
  "routes-not-dumped": {
    title: "Where a machine routes a packet",
    means: "Its routes were not dumped. There is a branch for each way that matters.",
    todo: "Collect ip route show table all.",
  },
  "rules-not-dumped": {
    title: "What rules do that nobody dumped",
    means: "The machine's rules are unknown. There is a branch in which they drop the packet.",
    todo: "Collect iptables-save -c.",
  },
  "set-counters": {
    title: "The counters of a set's member",
    means: "A rule goes by counters of a set that no dump tells.",
    todo: "Collect ipset save on the machine.",
  },
  "set-membership": {
    title: "Whether a set holds an address or port",
    means: "The set's members were not dumped, or only in part.",
    todo: "Collect ipset save.",
  },
  "supplementary-groups": {
    title: "The groups of the sender",
    means: "-m owner asks for groups of the sending process that no dump tells.",
    todo: "Compare id USER on the machine.",
  },
  "synproxy-handshake": {
    title: "Whether SYNPROXY opens the connection",
    means: "podpath does not model the proxy.",
    todo: "Choose the branch in which the server answers, if it does.",
  },
  "tcp-option": {
    title: "Whether a segment carries a TCP option",
    means: "A rule asks for an option that podpath's packets do not tell.",
    todo: "Choose the branch by what the client sends.",
  },
  "time-of-day": {
    title: "What time it is",
    means: "A rule goes by the time of day or the date, and nobody said when the dumps were taken.",
    todo: "Set collectedAt in snapshot.yaml.",
  },
  "transparent-socket": {
    title: "Whether a transparent proxy listens",
    means:
      "TPROXY hands the packet to a socket with IP_TRANSPARENT, if there is one; only such a one answers over IPv4 from an address that the host has not.",
    todo: "Compare ss -lntup on the machine.",
  },
  "tunnel-metadata": {
    title: "Where an external tunnel device sends a packet",
    means: "The device takes its destination from metadata (external), which podpath does not model.",
    todo: "Compare ip -d link and the program that sets the metadata (eBPF, Open vSwitch).",
  },
  "unmodelled-device": {
    title: "What a device of another kind does with a packet",
    means:
      "The packet is routed out of a device of a kind that podpath does not model, such as gre, geneve, ipvlan or vrf. It may carry it to a machine that was dumped, or drop it.",
    todo: "Read ip -d link show on the machine, and ask again from where the device hands the packet on.",
  },
  "unmodelled-match-outcome": {
    title: "Whether a match holds that podpath does not model",
    means: "A packet met a rule with an extension that has no model. There is a branch for each outcome.",
    todo: "Read the rule and choose the branch.",
  },
  "unmodelled-rule-action": {
    title: "What a policy rule does",
    means: "ip rule shows an action that podpath does not model. There is a branch for each outcome.",
    todo: "Read the rule and choose the branch.",
  },
  "unmodelled-rule-selector": {
    title: "Whether a policy rule selects the packet",
    means: "ip rule shows a selector that podpath does not model. There is a branch for each outcome.",
    todo: "Read the rule and choose the branch.",
  },
  "unmodelled-target-outcome": {
    title: "What a target does that podpath does not model",
    means: "A packet met a rule with an extension that has no model. There is a branch for each outcome.",
    todo: "Read the rule and choose the branch.",
  },
  "which-default-route": {
    title: "Which of several equal default routes is taken",
    means: "The kernel goes by which gateway has answered lately, and no dump of neighbours tells.",
    todo: "Collect ip neigh.",
  },
  "node-local-dns": {
    title: "What NodeLocal DNSCache does with queries",
    means:
      "A pod of the node answers DNS at addresses of the node's own (`-localip`) and asks CoreDNS (`-upstreamsvc`) for what it does not remember. Here CoreDNS does not answer it. What it remembers it still answers, for half a minute by upstream's Corefile, and nobody tells whether the name is among that. There is a branch for each.",
    todo: "Look at the branch in which it does not remember: that one lasts.",
  },
  "service-proxy-mode": {
    title: "What kube-proxy does in mode ipvs or nftables",
    means:
      "kube-proxy sends packets for Services to endpoints by IPVS or by native nft rules, and podpath models neither. There is a branch in which the packet goes on to the Service's address as it is, and one in which it does not.",
    todo: "Ask for the pod behind the Service instead of the Service.",
  },
} as const satisfies CodeTable;

/** An unknown's stable name. */
export type UnknownCode = keyof typeof UNKNOWN_CODES;
