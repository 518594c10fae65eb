/**
 * Names of the extensions that iptables 1.8.9 ships (its directory of shared objects, `libxt_*.so`, `libipt_*.so`,
 * `libip6t_*.so`; lower case for matches), of what older dumps use, and of what the kernel alone knows. A reader tells by
 * them "known to iptables, not modelled" from "no such extension".
 */
const BOTH = "both";

type Families = typeof BOTH | 4 | 6;

function names(families: Families, list: string): readonly (readonly [string, Families])[] {
  return list.split(" ").map((name) => [name, families]);
}

const MATCHES: ReadonlyMap<string, Families> = new Map([
  ...names(
    BOTH,
    "addrtype ah bpf cgroup cluster comment connbytes connlabel connlimit connmark conntrack cpu dccp devgroup dscp ecn " +
      "esp hashlimit helper ipcomp iprange ipvs length limit mac mark multiport nfacct owner physdev pkttype policy " +
      "quota rateest recent rpfilter sctp set socket state statistic string tcp tcpmss time tos u32 udp",
  ),
  ...names(4, "icmp osf realm ttl"),
  ...names(6, "dst eui64 frag hbh hl icmp6 icmpv6 ipv6header mh rt srh"),
  // Known to the kernel or to other versions of the tool.
  ...names(BOTH, "l2tp udplite"),
  ...names(4, "unclean"),
]);

const TARGETS: ReadonlyMap<string, Families> = new Map([
  ...names(
    BOTH,
    "AUDIT CHECKSUM CLASSIFY CONNMARK CONNSECMARK CT DNAT DSCP HMARK IDLETIMER LED LOG MARK MASQUERADE NETMAP NFLOG " +
      "NFQUEUE NOTRACK RATEEST REDIRECT REJECT SECMARK SET SNAT SYNPROXY TCPMSS TCPOPTSTRIP TEE TOS TPROXY TRACE",
  ),
  ...names(4, "CLUSTERIP ECN TTL ULOG"),
  ...names(6, "DNPT HL SNPT"),
  // A verdict rather than an extension, and targets of older versions.
  ...names(BOTH, "QUEUE RAWDNAT RAWSNAT"),
  ...names(4, "IPMARK MIRROR SAME"),
]);

function isKnown(families: Families | undefined, family: 4 | 6): boolean {
  return families === BOTH || families === family;
}

/** Whether `-m name` is an extension of iptables for that family, modelled or not. */
export function isKnownMatch(name: string, family: 4 | 6): boolean {
  return isKnown(MATCHES.get(name), family);
}

/** Whether `-j name` is one; ACCEPT, DROP and RETURN are not extensions. */
export function isKnownTarget(name: string, family: 4 | 6): boolean {
  return isKnown(TARGETS.get(name), family);
}

/** Every match extension that some iptables or kernel knows. */
export function matchNames(): readonly string[] {
  return [...MATCHES.keys()];
}

/** Every target extension that some iptables or kernel knows. */
export function targetNames(): readonly string[] {
  return [...TARGETS.keys()];
}
