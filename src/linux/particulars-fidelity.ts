import type { Standing } from "./datapath-fidelity.ts";

const fact = (name: string): Standing => ({ verified: `facts/${name}` });
const campaign = (name: string): Standing => ({ verified: `fuzz/worlds/${name}` });

/** What stands otherwise than the part it belongs to, or belongs to none: options of single extensions, states, protocols below IP. */
export const PARTICULARS_FIDELITY: Readonly<Record<string, Standing>> = {
  "traversal: goto, RETURN from user and built-in chains, policies": fact("router"),
  "traversal: the chains in the kernel's order, with the TTL and the marks that each sees": fact("observed-semantics"),
  "traversal: nat INPUT after filter INPUT, no second nat for what came over lo": fact("local-output"),
  "traversal: nat chains only while conntrack is active": fact("router"),
  "traversal: which extensions have conntrack run": fact("conntrack-runs"),
  "traversal: whether conntrack runs where only extensions without a model, or damaged rules, may have it do so": {
    answer: "the answer branches and is uncertain where nat has rules, or for fragments",
  },
  "traversal: mangle OUTPUT routes again on a changed mark": fact("nat-and-marks"),
  "traversal: both backends have to accept": fact("router"),
  "rules that the kernel would refuse: told with what it says": { verified: "refused-rules" },
  "loops, by routes and by rules that keep a packet going: they end, and are called so": fact("endless-loops"),
  "counters of rules and policies": { verified: "rule-counters" },
  "native nft tables: filter, route and nat chains, sets, verdict maps": { verified: "nft/native-tables" },
  "native nft tables: rules that iptables has no words for; families netdev and bridge": {
    answer:
      "a rule, or of those families the base chain, that the packet comes to makes the answer branch and uncertain",
  },

  "matches: every option, negated too, in both families and backends": fact("match-options"),
  "matches that count or remember: every mode and option": fact("counting-matches"),
  "targets: every option, in both families and backends": fact("target-options"),
  "sets: nomatch, timeouts, counters and several dimensions": fact("counting-matches"),
  "sets: members with ports that the kernel has drawn": fact("drawn-ports-in-sets"),
  "REJECT: the code and the source of its answer, and what it does not answer": fact("observed-semantics"),
  "REJECT: of what has a wrong checksum": fact("reject-checksums"),
  "sctp --chunk-types": fact("extensions"),
  "socket --nowildcard": fact("extensions"),
  "TEE: the way of the copies, and -i in their POSTROUTING, by counters": fact("targets"),
  "socket --transparent": {
    answer: "whether a socket is transparent is in no dump: the answer branches and is uncertain",
  },
  "recent: lists of a dump (/proc/net/xt_recent)": fact("recent-lists"),
  "hashlimit, limit, quota: state of a dump": {
    answer:
      "in no dump: buckets are taken to be full, which the answer lists as an assumption where a verdict depends on it",
  },
  "statistic --mode nth: state of a dump": { answer: "in no dump: a branch, with every count as likely" },
  "time: --kerneltz": "the time zone of the kernel is taken to be UTC",
  "statistic --mode random, MASQUERADE --random-fully: the draw": {
    answer: "every outcome is a branch with its probability",
  },
  "NFQUEUE: what the program says": { answer: "nobody listens in the kernel tests; elsewhere its verdict is a branch" },

  "conntrack: TCP states and windows, loose pickup": campaign("tcp-flows"),
  "conntrack: window scaling and SACK": {
    answer: "packets carry neither: a window counts as it stands in the header",
  },
  "conntrack: entries of what comes to the end of INPUT or POSTROUTING alone": fact("observed-semantics"),
  "conntrack: UDP streams, timeouts by sysctl": fact("conntrack"),
  "conntrack: SCTP, GRE, unknown protocols, ICMP queries": campaign("conntrack-flows"),
  "conntrack: zones": fact("conntrack"),
  "conntrack: a dumped table as the starting state": fact("conntrack-dump"),
  "conntrack: a full table, by its list or by nf_conntrack_count alone": fact("full-conntrack"),
  "conntrack: RELATED errors, translated outside and inside": fact("nat-and-marks"),
  "conntrack: port selection and clashes": fact("nat-and-marks"),
  "conntrack: expectations of helpers": {
    answer: "what a helper has heard is in no dump: a connection that it may have announced branches and is uncertain",
  },
  "conntrack: wrong checksums, with and without nf_conntrack_checksum": fact("checksums"),

  "routing: tables, metrics, scopes, gateways and errors, by look-ups, IPv4": { verified: "fuzz/look-ups/look-ups" },
  "routing: the source address, IPv4: first and second addresses, scopes, `src`, the subnet of the gateway": {
    verified: "fuzz/look-ups/look-ups",
  },
  "routing: the source address, IPv6 (RFC 6724), but for home and optimistic addresses and other labels":
    fact("source-addresses"),
  "routing: local, broadcast, anycast and connected routes, made of addresses": fact("derived-routes"),
  "routing: martian sources and destinations": fact("router"),
  "routing: every selector and action of policy rules, by packets": fact("policy-rules"),
  "routing: multipath, the hash of a flow": fact("multipath"),
  "routing: suppress_ifgroup by the groups of ip link": fact("router"),
  "routing: several default routes of one metric (fib_select_default)":
    "which gateway has answered is known only for REACHABLE and PERMANENT neighbours; else the answer branches",
  "routing: IPv6 routes that expire, as those of router advertisements": fact("expiring-routes"),
  "router advertisements and solicitations": {
    answer: "nobody sends them: addresses, routes and parameters are those of the dump",
  },
  "typed routes that the kernel refuses whatever the host has": fact("refused-routes"),
  "typed routes that the kernel refuses for want of a gateway or of the source address": {
    answer: "a fact is taken as it is written; a command of a timeline is refused where no route reaches its gateway",
  },
  "sockets: bound to a source, with and without net.ipv4.ip_nonlocal_bind, net.ipv6.ip_nonlocal_bind":
    fact("bound-sources"),
  "sockets: IP_FREEBIND, IP_TRANSPARENT": {
    answer:
      "no program of a probe sets them; of a packet that is given with a source (--packet), any socket may be the sender",
  },
  "sockets: bound to an address, a family or a device, and what answers them": fact("listening-sockets"),
  "sockets: several that share an address and port (SO_REUSEPORT)": {
    answer: "one of them is taken to hear: which one is not told",
  },
  "TCP: ECN that a client asks for (tcp_ecn 1)": {
    answer: "SYNs of programs here ask for none, and what a server sends once it has agreed says nothing of it",
  },
  "routing: routes of type anycast that somebody made by hand": fact("anycast-routes"),
  "VRFs (l3mdev)": { answer: "a rule of theirs may select or not: the answer branches and is uncertain" },

  "neighbours: asked, answered, permanent, FAILED": fact("arp"),
  "neighbours: solicitations and advertisements, through ip6tables": fact("ipv6-neighbour-discovery"),
  "neighbours: STALE, DELAY, PROBE, FAILED, and asked for anew": fact("neighbour-states"),
  "neighbours: the time for which they stay REACHABLE, DELAY and PROBE": {
    answer:
      "the kernel draws half to one and a half of base_reachable_time, and no dump tells since when a state lasts: where whoever was known no longer answers, the answer branches and is uncertain between the soonest and the latest. In Worlds in which BGP runs what is known stays known until a device changes or somebody says otherwise",
  },
  "neighbours: confirmation by TCP, to the end of the machine that it comes from (dst_confirm)":
    fact("neighbour-confirmation"),
  "neighbours: confirmation by programs (MSG_CONFIRM)": {
    answer: "no program is taken to ask for it: datagrams and echo requests confirm nothing",
  },
  "neighbours: the second and third question, and what becomes of what waits": fact("neighbour-questions"),
  "neighbours: packets that wait beyond unres_qlen_bytes": fact("neighbour-queue"),
  "neighbours: how much memory a packet takes that a card received": {
    answer:
      "its driver decides: where it makes a difference which packets have room while a neighbour is asked for, the answer branches and is uncertain",
  },
  "neighbours: what waited goes on at once": {
    answer:
      "none of it is lost; the kernel's receiver loses what is more than netdev_max_backlog (1000 packets) at one time",
  },
  "neighbours: forgotten as devices go down, lose their carrier or get another MAC address":
    fact("neighbour-questions"),
  "net.ipv4.neigh.*.proxy_delay, net.ipv6.neigh.*.proxy_delay": fact("proxy-delay"),
  "net.ipv4.neigh.*.proxy_qlen, net.ipv6.neigh.*.proxy_qlen": fact("proxy-queue"),
  "proxy_qlen: which questions have been answered by then": {
    answer:
      "the kernel draws it: where it decides whether there is room for another, the answer branches and is uncertain. Kernels before 6.0 count those of all devices together",
  },
  "net.ipv4.neigh.*.locktime": fact("neighbour-questions"),
  "gratuitous ARP: arp_notify, arp_accept, drop_gratuitous_arp": fact("neighbour-questions"),
  "unsolicited advertisements: ndisc_notify, drop_unsolicited_na, accept_untracked_na": fact("neighbour-questions"),
  "duplicate address detection": {
    answer: "addresses are tentative or failed as the dump has them, and stay so; programs cannot bind to them",
  },
  "bridges: forwarding database, flooding, ports": fact("bridge"),
  "bridges: br_netfilter and physdev": fact("br-netfilter"),
  "bridges: STP, VLAN filtering, ebtables, multicast snooping": {
    answer: "ports are in the state of the dump; rules of ebtables-legacy are in no file",
  },
  "MAC addresses of frames that no dump tells (mac, eui64, sets)": {
    answer: "a rule that goes by one asks: the answer branches and is uncertain",
  },
  "VXLAN: forwarding entries, TTL, TOS and DF of the outer packet, source port": fact("vxlan"),
  "WireGuard: allowed-ips":
    "by reading drivers/net/wireguard, and said in the answer; without wg show the packet leaves the model at the device",
  "WireGuard: handshakes, keepalives, roaming endpoints": {
    answer: "nobody exchanges keys: both ends are taken to have done it, which the answer lists as an assumption",
  },
  IPIP: "the kernel at hand has no ipip module",

  "fragments: made and joined, IPv4": fact("fragments"),
  "fragments: pieces of a host's own datagrams, both families": fact("local-fragments"),
  "fragments: IPv6, forwarded and joined": campaign("narrow6"),
  "fragments: IPv6, the error about those that do not come": fact("given-up"),
  "fragments: joined on a bridge, both families": fact("br-netfilter"),
  "fragments: how much memory one takes that a card received": {
    answer:
      "its driver decides: where it makes a difference whether another fragment has room, the answer branches and is uncertain",
  },
  "path MTU: learnt, locked, forgotten, black holes, IPv4": fact("path-mtu"),
  "the MSS that SYN-ACKs tell, by the way they take": fact("segment-size"),
  "path MTU: learnt from packet too big, IPv6": campaign("narrow6"),
  "path MTU: probing by senders (net.ipv4.tcp_mtu_probing)": fact("mtu-probing"),
  "path MTU: probing by senders for more than they have gone down to": {
    answer: "segments stay as short as they became: whether data gets through does not depend on it, how fast does",
  },
  "extension headers of IPv6: read on the way and at the end, matched, quoted, behind NAT and in fragments":
    fact("ipv6-extension-headers"),
  "extension headers of IPv6: routing headers of type 2 where the kernel has CONFIG_IPV6_MIP6, AH where it has IPsec":
    "as a kernel without them does: the kernel at hand has neither",
  "extension headers of IPv6: where the kernel reads them from the wrong place": {
    answer: "behind joined fragments, and segments behind another header: the answer branches and is uncertain",
  },
  "headers of AH, ESP, IPComp, DCCP and mobility that end within what a match reads (hotdrop)": fact("short-headers"),
  "options of IPv4 headers": { answer: "packets carry none: a match that asks for one does not hold" },

  "what a host sends to many: it hears broadcasts and the groups it joined itself": fact("drop-places"),
  "what senders hear, and drop reasons, place by place": fact("drop-places"),
  "TTL and hop limit of a host's own packets": fact("sysctls"),
  "routes: hoplimit, mtu lock and advmss": fact("route-metrics"),
  "routes: of what OUTPUT changed, and of the resets by which REJECT answers a program, by whose socket it is":
    fact("resets-to-programs"),
  "ICMP: rate limits, IPv4": fact("icmp-rate-limits"),
  "ICMP: rate limits, IPv6": fact("icmp-rate-limits6"),
  "ICMP: rate limits, IPv6, of older kernels": {
    answer:
      "as Linux 6.18.44 does; others wait longer where net.ipv6.icmp.ratelimit is not dumped, and go by the width of the route",
  },
  "ICMP: who sends which error, from which address": fact("icmp-errors"),
  "ICMP: what is never answered with an error, and what no way leads back for": fact("icmp-errors"),
  "ICMP: redirects that a host receives, both families: who follows which, for what, and beside a path MTU":
    fact("received-redirects"),
  "ICMP: redirects that a host receives, by the socket that sent the packet": fact("redirected-sockets"),
  "ICMP: redirects that come within the call of the program that sent a segment (sock_owned_by_user)": {
    answer: "the kernel does not hear them, and hears those that come later: the answer branches and is uncertain",
  },
  "ICMP: redirects that wait until their receiver's MAC address is known": {
    answer:
      "the new gateway may have asked for the receiver meanwhile, so that it is known there and the redirect is followed, and the redirect of that one may come before it: the answer branches and is uncertain",
  },
  "ICMP: redirects of IPv6, 30 to 60 s later": {
    answer: "the kernel has forgotten them, or has not yet: the answer branches and is uncertain",
  },
  "drop reasons of kernels older than Linux 6.18":
    "by reading the headers of older kernels; those of RHEL, whose version does not tell, get the names of 6.18",
  "drop reasons: their names": fact("drop-reasons"),
};
