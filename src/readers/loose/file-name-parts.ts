/** Words in names of files that tell the kind of dump, not the machine. */
const KIND_WORDS: ReadonlySet<string> = new Set(
  `ip ip4 ip6 ipv4 ipv6 v4 v6 iptables ip6tables save legacy nft nftables ruleset route routes routing addr address addresses
  addrs link links rule rules neigh neighbor neighbors neighbour neighbours arp bridge fdb ipset ipsets list sysctl sysctls
  conntrack ss sockets netstat ifconfig show dump dumps output out txt log table tables all json stats nstat bird birdc
  birdc6 protocols protocol cfg status node-status paste firewall fw interfaces ifaces version versions uname`
    .split(/\s+/)
    .filter((word) => word !== ""),
);

/** `ip a`, `ip-r`, `sysctl_a`, `iptables-L`: a command's name with its letter. */
const SHORT = /^(ip6?|ss|sysctl|conntrack|netstat|route|ip6?tables|ipset)([-_. ]+-?[a-zA-Z]{1,4})(?=[-_. ]|$)/;

/** What is left of a file's name without the words that tell its kind: most often the machine's name; "" for nothing. */
export function nameWithoutKind(fileName: string): string {
  let rest = fileName.replace(/\.(?:txt|json|ya?ml|cfg|log|out|dump|text|md|gz)$/i, "").replace(SHORT, "$1");
  for (;;) {
    const first = /^([^-_. ]+)(?:[-_. ]+|$)/.exec(rest);
    if (first !== null && KIND_WORDS.has((first[1] ?? "").toLowerCase())) {
      rest = rest.slice(first[0].length);
      continue;
    }
    const last = /(?:^|[-_. ]+)([^-_. ]+)$/.exec(rest);
    if (last === null || !KIND_WORDS.has((last[1] ?? "").toLowerCase())) return rest.replace(/^[-_. ]+|[-_. ]+$/g, "");
    rest = rest.slice(0, last.index);
  }
}

/** True when a name stands in a text as a word of its own: `worker-1` in `dump_worker-1.txt`, not in `worker-12.txt`. */
export function hasName(text: string, name: string): boolean {
  if (name === "") return false;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const before = text[at - 1] ?? "";
    const after = text[at + name.length] ?? "";
    if (!/[A-Za-z0-9]/.test(before) && !/[A-Za-z0-9]/.test(after)) return true;
  }
  return false;
}
