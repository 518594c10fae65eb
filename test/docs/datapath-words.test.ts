import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/**
 * Every word of what the datapath promises, and the row of docs/fidelity.md that says what it rests on. A row begins with the text here;
 * `ROW` in back quotes is one of the tables, others are particulars.
 */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  "Hooks: table, hook, family, backend": ["raw", "mangle", "nat", "filter", "security"].flatMap((table) => {
    const hooks: Readonly<Record<string, readonly string[]>> = {
      raw: ["PREROUTING", "OUTPUT"],
      mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
      nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
      filter: ["INPUT", "FORWARD", "OUTPUT"],
      security: ["INPUT", "FORWARD", "OUTPUT"],
    };
    return (hooks[table] ?? []).flatMap((hook) =>
      ["IPv4", "IPv6"].flatMap((family) => ["legacy", "nft"].map((backend) => `${table} ${hook} ${family} ${backend}`)),
    );
  }),
  Matches: [
    ..."tcp udp sctp icmp icmp6 multiport addrtype conntrack state mark connmark set comment iprange limit hashlimit".split(
      " ",
    ),
    ..."recent statistic rpfilter physdev mac pkttype length ttl hl tos dscp owner socket devgroup time connlimit".split(
      " ",
    ),
    ..."connbytes u32 frag ipv6header".split(" "),
  ],
  Targets: [
    ..."REJECT LOG NFLOG TRACE MARK CONNMARK DNAT SNAT MASQUERADE REDIRECT NETMAP CT NOTRACK TCPMSS TTL HL TOS".split(
      " ",
    ),
    ..."DSCP CLASSIFY CHECKSUM SET TEE NFQUEUE".split(" "),
  ],
  "Verdicts, jumps and gotos": ["ACCEPT", "DROP", "RETURN", "jump", "goto"],
  "Sets: types in which a rule found the packet": [
    ..."hash:ip hash:net hash:mac hash:ip,port hash:net,port hash:net,net hash:ip,port,ip hash:ip,port,net".split(" "),
    ..."hash:net,iface bitmap:ip bitmap:port list:set".split(" "),
  ],
  "Conntrack's trackers": [
    ..."tcp,udp,sctp,gre,generic".split(",").flatMap((name) => [`${name} IPv4`, `${name} IPv6`]),
    "icmp IPv4",
    "icmpv6 IPv6",
  ],
  "Conntrack states": ["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"],
  "Route types": ["unicast", "local", "broadcast", "multicast", "blackhole", "unreachable", "prohibit", "throw"],
  "Policy rules: selectors and actions": [
    ..."from to iif oif fwmark tos ipproto sport dport uidrange suppress_prefixlength l3mdev".split(" "),
    ...["lookup", "goto", "blackhole", "unreachable", "prohibit"].map((action) => `action ${action}`),
  ],
  "Sysctls (DEV: any device)": [
    ..."rp_filter src_valid_mark accept_local route_localnet forwarding proxy_arp arp_ignore arp_announce arp_filter"
      .split(" ")
      .map((name) => `net.ipv4.conf.DEV.${name}`),
    "net.ipv4.conf.DEV.ignore_routes_with_linkdown",
    "net.ipv6.conf.DEV.ignore_routes_with_linkdown",
    "net.ipv4.conf.DEV.send_redirects",
    "net.ipv6.conf.DEV.proxy_ndp",
    "net.netfilter.nf_conntrack_max",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.ipv4.icmp_ratelimit",
    "net.ipv4.icmp_ratemask",
    "net.ipv6.icmp.ratelimit",
    ..."tcp_timeout_established tcp_max_retrans udp_timeout udp_timeout_stream icmp_timeout icmpv6_timeout generic_timeout"
      .split(" ")
      .map((name) => `net.netfilter.nf_conntrack_${name}`),
    "net.ipv4.fib_multipath_hash_policy",
    "net.ipv6.conf.DEV.forwarding",
    "net.netfilter.nf_conntrack_tcp_loose",
  ],
  Devices: "loopback physical veth bridge vlan vxlan ipip wireguard dummy bond macvlan tun other".split(" "),
  Routing: "forward deliver send again multipath onlink".split(" "),
  "Tunnels and fragments": "encapsulate decapsulate fragment reassemble".split(" "),
  NAT: ["DNAT PREROUTING", "DNAT OUTPUT", "SNAT INPUT", "SNAT POSTROUTING"],
  "What a sender's errno became": "EACCES EHOSTUNREACH EINVAL EMSGSIZE ENETUNREACH EPERM".split(" "),
  "Answers: ICMP types and codes, resets": [
    ..."3/0 3/1 3/2 3/3 3/4 3/9 3/10 3/13 5/1 11/0".split(" ").map((code) => `icmp ${code}`),
    ..."1/0 1/1 1/3 1/4 2/0 3/0 4/1 137/0".split(" ").map((code) => `icmpv6 ${code}`),
    "tcp-reset",
  ],
  "Drop reasons": [
    "NETFILTER_DROP",
    "NO_SOCKET",
    "IP_INNOROUTES",
    "IP_RPFILTER",
    "IP_LOCAL_SOURCE",
    "PKT_TOO_BIG",
    "IP_INHDR",
    "OTHERHOST",
  ],
  Particulars: [
    "traversal: nat INPUT after filter INPUT, no second nat",
    "traversal: nat chains only while conntrack is active",
    "traversal: mangle OUTPUT routes again on a changed mark",
    "traversal: both backends have to accept",
    "counters of rules and policies",
    "conntrack: TCP states and windows, loose pickup",
    "conntrack: UDP streams, timeouts by sysctl",
    "conntrack: zones",
    "conntrack: a dumped table as the starting state",
    "conntrack: RELATED errors",
    "conntrack: port selection and clashes",
    "conntrack: SCTP, GRE, unknown protocols, ICMP queries",
    "conntrack: a full table",
    "conntrack: wrong checksums",
    "conntrack: expectations of helpers",
    "native nft tables: filter, route and nat chains",
    "matches: every option, negated too",
    "matches that count or remember",
    "targets: every option",
    "statistic --mode random, MASQUERADE --random-fully",
    "statistic --mode nth",
    "NFQUEUE: what the program says",
    "TEE: the way of the copies",
    "routing: every selector and action of policy rules",
    "routing: IPv6 routes that expire, as those of router advertisements",
    "routing: several default routes of one metric",
    "routes: hoplimit, mtu lock and advmss",
    "VRFs (l3mdev)",
    "routing: multipath, the hash of a flow",
    "neighbours: asked, answered, permanent, FAILED",
    "neighbours: STALE, DELAY, PROBE, FAILED",
    "neighbours: packets that wait beyond unres_qlen_bytes",
    "net.ipv4.neigh.*.proxy_qlen",
    "bridges: STP, VLAN filtering, ebtables, multicast snooping",
    "IPIP",
    "sockets: several that share an address and port (SO_REUSEPORT)",
    "path MTU: learnt from packet too big, IPv6",
    "fragments: IPv6, forwarded and joined",
    "extension headers of IPv6: read on the way and at the end",
    "ICMP: rate limits, IPv6",
    "drop reasons of kernels older",
    "bridges: forwarding database, flooding, ports",
    "bridges: br_netfilter and physdev",
    "VXLAN: forwarding entries, TTL, TOS and DF of the outer packet, source port",
    "WireGuard: allowed-ips",
    "fragments: made and joined, IPv4",
    "path MTU: learnt, locked, forgotten, black holes, IPv4",
    "router advertisements and solicitations",
    "duplicate address detection",
    "sockets: bound to an address, a family or a device",
    "headers of AH, ESP, IPComp, DCCP and mobility that end",
    "ICMP: rate limits, IPv4",
    "ICMP: who sends which error, from which address",
    "what senders hear, and drop reasons, place by place",
  ],
};

/** What is promised and not held against the kernel: the row says why, or what is answered. */
const NOT_COMPARED: ReadonlySet<string> = new Set([
  "hash:mac",
  "hash:net,net",
  "throw",
  "l3mdev",
  "vlan",
  "ipip",
  "wireguard",
  "other",
  "physical",
  "dummy",
  "bond",
  "macvlan",
  "tun",
  "statistic --mode random, MASQUERADE --random-fully",
  "statistic --mode nth",
  "NFQUEUE: what the program says",
  "routing: several default routes of one metric",
  "VRFs (l3mdev)",
  "bridges: STP, VLAN filtering, ebtables, multicast snooping",
  "IPIP",
  "sockets: several that share an address and port (SO_REUSEPORT)",
  "drop reasons of kernels older",
  "conntrack: expectations of helpers",
  "WireGuard: allowed-ips",
  "router advertisements and solicitations",
  "duplicate address detection",
]);

/** Name and standing of each row, by the heading above it. */
function rowsOf(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line.startsWith("## ")) {
      section = new Map();
      sections.set(line.slice(3), section);
      continue;
    }
    const [, name, standing] = /^\| (.+?) \| (.+) \|$/.exec(line) ?? [];
    if (name !== undefined && standing !== undefined) section.set(name.replaceAll("`", ""), standing);
  }
  return sections;
}

describe("the passport has a row with its evidence for", () => {
  const sections = rowsOf(readFileSync(new URL("../../docs/fidelity.md", import.meta.url), "utf8"));
  const words = Object.entries(PROMISED).flatMap(([section, names]) => names.map((name) => [name, section] as const));

  it.each(words)("%s (%s)", (name, section) => {
    const rows = sections.get(section) ?? new Map<string, string>();
    const found = [...rows].find(([row]) => row === name || (section === "Particulars" && row.startsWith(name)));
    expect(found?.[0], `a row for ${name}`).toBeDefined();
    const compared = /^(verified|\d+ probes)/.test(found?.[1] ?? "");
    expect(compared, found?.[1]).toBe(!NOT_COMPARED.has(name));
  });
});
