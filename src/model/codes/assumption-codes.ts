import type { HostPart } from "../host.ts";
import type { CodePage } from "./code-page.ts";

/** The part of a host that an assumption is about: the command that tells it would replace the assumption by a fact. */
export type AssumptionPart = Exclude<HostPart, "rules6" | "routes6" | "sets"> | "fabric";

interface AssumptionPage extends CodePage {
  readonly part: AssumptionPart;
}

/** What podpath goes by where dumps do not tell, each under a stable code. */
export const ASSUMPTION_CODES = {
  "answers-over-ipv4": {
    part: "sockets",
    title: "A program answers an IPv4-mapped address over IPv4",
    means:
      "A datagram came over IPv6 from ::ffff:0:0/96, which is nobody's address, for a socket that serves IPv4 as well. What the program sends back goes over IPv4, unless it tells the kernel the address of IPv6 to answer from, which the kernel refuses.",
    todo: "Look where such packets come from: a translation that should not be, or somebody who forges them.",
  },
  "assumed-open-port": {
    part: "sockets",
    title: "A pod listens on the ports that it declares",
    means:
      "A manifest names the port; no dump of sockets shows whether the program opened it. The packet is taken to be received.",
    todo: "Run ss -H -lntup in the pod's network namespace.",
  },
  "assumed-sysctl": {
    part: "sysctls",
    title: "A sysctl has its usual value",
    means:
      "No dump tells the key, so it has the value that the kernel, Kubernetes and Calico give it. docs/reference/assumptions.md lists them.",
    todo: "Collect sysctl -a.",
  },
  "bgp-guessed": {
    part: "routes",
    title: "BGP has brought a route, on a guess",
    means:
      "BGP ran in a cluster of manifests, and a packet of it came to where nothing says what happens. The first way was taken; the warning bgp-rests-on-a-guess names it. Or routes change on and on, and one moment of it was taken: bgp-does-not-settle.",
    todo: "Say in nodes.yaml what the warning asks for.",
  },
  "bgp-settled": {
    part: "routes",
    title: "BGP has brought its routes",
    means:
      "In a large cluster of manifests, or with --bgp assume, every BGP session that is asked for is taken to be established, and BIRD to have put the routes into the kernel. Whether the sessions' packets get through is not looked at.",
    todo: "Let BGP run: --bgp run.",
  },
  "bridge-one-vlan": {
    part: "interfaces",
    title: "All ports of a VLAN-aware bridge share one VLAN",
    means: "The bridge filters VLANs, and no dump tells which port is in which. Frames pass between all of them.",
    todo: "Compare bridge vlan on the machine.",
  },
  "bridge-port-setting": {
    part: "interfaces",
    title: "A setting of a bridge port makes no difference",
    means: "The port has a setting that podpath does not model. Frames pass as without it.",
    todo: "Compare ip -d link show on the machine, and judge whether the setting matters.",
  },
  "connection-timeout-policy": {
    part: "conntrack",
    title: "A timeout policy set by -j CT makes no difference",
    means: "Connections live as long as the kernel's own timeouts say, not as the policy does.",
    todo: "Where a probe waits long between packets, compare nfct list timeout.",
  },
  "default-policy-rules": {
    part: "policyRules",
    title: "A machine has only the kernel's default policy rules",
    means:
      "No dump of ip rule is there although routes stand in further tables. Only local, main and default are looked up.",
    todo: "Collect ip rule.",
  },
  "group-not-joined": {
    part: "sockets",
    title: "Nobody on the machine joined a multicast group",
    means: "Packets to the group are not received there.",
    todo: "Compare ip maddr on the machine.",
  },
  "ipip-unverified": {
    part: "interfaces",
    title: "IPIP behaves as documented",
    means: "The tunnel is modelled after the kernel's source and was not held against a running kernel.",
    todo: "Compare with a capture of the tunnel where the answer hangs on it.",
  },
  "ipsec-policy-absent": {
    part: "interfaces",
    title: "No IPsec policy applies",
    means: "A rule asks for IPsec policies, which no dump tells. There is taken to be none.",
    todo: "Compare ip xfrm policy on the machine.",
  },
  "kernel-time-zone": {
    part: "rules",
    title: "The kernel's time zone is UTC",
    means: "A rule with -m time --kerneltz goes by the kernel's time zone, which no dump tells.",
    todo: "Compare the machine's boot configuration.",
  },
  "mark-of-spi": {
    part: "rules",
    title: "HMARK of an IPsec packet gives the first mark",
    means: "podpath does not compute the hash of an SPI.",
    todo: "Where a rule or route reads the mark, look at both ways it can go.",
  },
  "masquerade-without-address": {
    part: "interfaces",
    title: "MASQUERADE leaves the source as it is",
    means: "No dump tells an address of the outgoing interface.",
    todo: "Collect ip -d -s addr.",
  },
  "neighbour-absent": {
    part: "neighbours",
    title: "A machine does not know the MAC address of a next hop yet",
    means:
      "Rules keep the question or its answer away, and no dump of neighbours is there: an entry from before would still serve.",
    todo: "Collect ip neigh.",
  },
  "neighbour-resolves": {
    part: "neighbours",
    title: "A next hop resolves to the machine that has its address",
    means: "No dump of neighbours is there; the modelled machine with the address is taken to answer.",
    todo: "Collect ip neigh.",
  },
  "no-earlier-connections": {
    part: "conntrack",
    title: "The connection table is empty",
    means: "No dump of conntrack is there. A packet of a connection that the machine knows would be treated otherwise.",
    todo: "Collect conntrack -L.",
  },
  "no-nft-tables": {
    part: "nft",
    title: "There are no native nftables tables",
    means: "Rules of nftables itself could drop the packet; no dump tells of any.",
    todo: "Collect nft -j list ruleset.",
  },
  "no-other-backend": {
    part: "otherBackend",
    title: "There are no rules in the other iptables backend",
    means: "Legacy and nft rules both apply where both exist; only one of them was dumped.",
    todo: "Collect iptables-legacy-save -c and iptables-nft-save -c.",
  },
  "no-quota": {
    part: "rules",
    title: "An accounting object has no quota",
    means: "-m nfacct matches always; with a quota it would not.",
    todo: "Compare nfacct list.",
  },
  "no-sctp-module": {
    part: "sockets",
    title: "The kernel of a machine has no SCTP loaded",
    means:
      "The module is loaded when a program first opens an SCTP socket, and no dump shows one. Without it the kernel answers that it does not know the protocol; with it, by an ABORT.",
    todo: "Compare grep SCTP /proc/net/protocols on the machine.",
  },
  "no-sctp-socket": {
    part: "sockets",
    title: "Nobody listens on an SCTP port",
    means: "ss lists SCTP sockets only with -S, and the dump has none for the port.",
    todo: "Compare ss -H -lnS on the machine.",
  },
  "no-udp-lite-socket": {
    part: "sockets",
    title: "Nobody listens on a UDP-Lite port",
    means: "ss lists no UDP-Lite sockets, and netstat only with -U. The packet is answered with port unreachable.",
    todo: "Compare /proc/net/udplite and /proc/net/udplite6 on the machine.",
  },
  "only-dumped-routes": {
    part: "routes",
    title: "A machine has no other routes than those that are known",
    means:
      "Its routes were not dumped, and those that follow from its addresses and its description are there; or only those of table main were, though rules of it lead to other tables, which are taken to be empty.",
    todo: "Collect ip -d route show table all.",
  },
  "only-dumped-rules": {
    part: "rules",
    title: "A machine has no other rules than those dumped",
    means: "No dump of its iptables is there, and pods and other machines usually have none.",
    todo: "Collect iptables-save -c there.",
  },
  "outside-has-no-pod-routes": {
    part: "fabric",
    title: "A machine that nobody dumped has no route to pods",
    means:
      "Routers of a network usually know nothing of pod addresses. What reaches them for a pod, or from a pod for an answer, is lost.",
    todo: "If they do have such routes, say so in fabric.routes of snapshot.yaml.",
  },
  "rate-limit-unused": {
    part: "matchStates",
    title: "A limit of packets or bytes has not been used up",
    means:
      "A rule holds for so many packets or bytes (limit, hashlimit, quota), and no dump tells how many of them there were. It is taken to have all that it had when the rules were loaded.",
    todo: "Take iptables-save -c twice: where the rule's counter stands still while packets come, the limit is used up.",
  },
  "recent-lists-empty": {
    part: "recentLists",
    title: "A list of recent addresses is empty",
    means: "No dump of the lists of -m recent is there. A rule that looks an address up takes it not to be listed.",
    todo: "Collect xt-recent.txt: tail -v -n +1 /proc/net/xt_recent/*, and two lines of /proc/timer_list that tell the time.",
  },
  "refused-rule-absent": {
    part: "rules",
    title: "A rule that the kernel refuses is not there",
    means: "The dump has a rule that no kernel takes. It is passed over.",
    todo: "Collect iptables-save -c again: the file was edited or comes from another program.",
  },
  "same-vlan": {
    part: "interfaces",
    title: "Both ends of a VLAN device have one VLAN",
    means: "The dump does not tell the VLAN's number.",
    todo: "Collect ip -d link.",
  },
  "set-eviction": {
    part: "rules",
    title: "A full set gave up no member that matters",
    means:
      "A set with forceadd is full of more than 16 members: the kernel evicts one of them at random, or takes no new one (the answer branches between those two).",
    todo: "Compare ipset list after the packet.",
  },
  "set-target-irrelevant": {
    part: "rules",
    title: "-j SET changes nothing that matters",
    means: "The set was not dumped, so what the rule adds or deletes is not followed.",
    todo: "Collect ipset save.",
  },
  "set-unchanged-by-free-port": {
    part: "rules",
    title: "A port that nobody has chosen yet, by which a set changed, is no other packet's",
    means:
      "The sender's port is drawn at random from more than 128, and a packet put just that one into a set. What is asked about has another port, or one that is drawn as well: they are taken to differ.",
    todo: "Give the probe a port with --sport.",
  },
  "set-unchanged-by-untold-mac": {
    part: "rules",
    title: "A set does not change by a MAC address that no dump tells",
    means: "The set would get or lose the MAC address of a frame whose sender's address is in no dump.",
    todo: "Collect ip -d link on the machine that sent it, or say the address: smac in a line of --packets.",
  },
  "silent-routers-outside": {
    part: "fabric",
    title: "No router beyond the dumps answers when a TTL ends",
    means: "A traceroute shows * for them.",
    todo: "Dump the router, or describe it under fabric.hosts of snapshot.yaml.",
  },
  "socket-without-mark": {
    part: "sockets",
    title: "A socket has no mark",
    means: "-m socket --restore-skmark gives the packet the socket's mark, which no dump tells.",
    todo: "Compare ss -e on the machine.",
  },
  "template-without-mark": {
    part: "matchStates",
    title: "No earlier packet has left a mark in a template of -j CT",
    means:
      "In raw, CONNMARK behind -j CT writes into the template of that rule, for all packets that come later until the rules are loaded anew. No dump tells it; it is taken to be 0.",
    todo: "Put CONNMARK where conntrack has seen the packet: mangle, not raw.",
  },
  "wireguard-unverified": {
    part: "interfaces",
    title: "WireGuard behaves as documented",
    means:
      "WireGuard is modelled after its source and was never compared with a running kernel. Both ends are taken to have exchanged keys.",
    todo: "Look at latest handshake in wg show, and watch the tunnel's device with tcpdump where it matters.",
  },
  "vlan-unverified": {
    part: "interfaces",
    title: "VLAN devices behave as documented",
    means: "They are modelled after the kernel's source and were not held against a running kernel.",
    todo: "Compare with a capture of the lower device where the answer hangs on it.",
  },
} as const satisfies Readonly<Record<string, AssumptionPage>>;

/** An assumption's stable name. */
export type AssumptionCode = keyof typeof ASSUMPTION_CODES;
