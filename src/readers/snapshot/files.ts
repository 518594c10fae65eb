import type { Finding } from "../../model/finding.ts";
import type { FactText } from "../facts/statement.ts";
import type { DumpKind } from "../recognise.ts";

/** The text of a file, or why it has none: too large, not text. */
export type FileText = string | { readonly problem: Finding };

/** A file whose text is fetched when somebody needs it: most questions need few of a big snapshot. */
export interface UnreadFile {
  /** May be called again, and then fetches again. */
  readonly read: () => FileText;
}

/** A snapshot folder: paths with `/`, relative to the folder, and their texts. The caller does the I/O. */
export interface SnapshotFiles {
  /** What to call it in messages. */
  readonly name: string;
  readonly files: ReadonlyMap<string, FileText | UnreadFile>;
  /** The machine that a person says a file is from; null for most. */
  readonly hostOf?: (path: string) => string | null;
  /** What a person typed in addition (`--fact`). */
  readonly facts?: readonly FactText[];
}

export function isUnread(file: FileText | UnreadFile): file is UnreadFile {
  return typeof file === "object" && "read" in file;
}

/** The text of a file, fetched if it was not. */
export function textOf(file: FileText | UnreadFile): FileText {
  return isUnread(file) ? file.read() : file;
}

/** What one file of a machine's folder holds. */
export interface FileRole {
  readonly part:
    | "rules"
    | "nft"
    | "addresses"
    | "links"
    | "routes"
    | "policy-rules"
    | "neighbours"
    | "fdb"
    | "sets"
    | "sysctls"
    | "conntrack"
    | "sockets"
    | "recent-lists"
    | "wireguard"
    | "versions"
    /** What decides about no packet: BIRD's states, statistics. See readers/evidence/. */
    | "evidence";
  readonly family: 4 | 6 | null;
  readonly backend: "legacy" | "nft" | null;
  /** What the content may look like. */
  readonly kinds: readonly DumpKind[];
  /** The tool prints something on every machine, so that an empty file is a damaged one. */
  readonly neverEmpty: boolean;
  /** It leaves things out that another file of the part tells: read where there is no other. */
  readonly lossy: boolean;
  /** The command that fills the file. */
  readonly command: string;
}

const role = (
  part: FileRole["part"],
  command: string,
  kinds: readonly DumpKind[],
  more: Partial<FileRole> = {},
): FileRole => ({
  part,
  command,
  kinds,
  family: null,
  backend: null,
  neverEmpty: false,
  lossy: false,
  ...more,
});

function rulesRoles(): readonly (readonly [string, FileRole])[] {
  return ([4, 6] as const).flatMap((family) =>
    ([null, "legacy", "nft"] as const).map((backend) => {
      const stem = `${family === 4 ? "iptables" : "ip6tables"}${backend === null ? "" : `-${backend}`}-save`;
      return [stem, role("rules", `${stem} -c`, ["iptables-save", "iptables-list"], { family, backend })] as const;
    }),
  );
}

const EVIDENCE: readonly (readonly [string, string, readonly DumpKind[]])[] = [
  ["nstat", "nstat -az", ["nstat"]],
  ["netstat-s", "netstat -s", ["nstat"]],
  ["snmp", "cat /proc/net/snmp", ["nstat"]],
  ["snmp6", "cat /proc/net/snmp6", ["nstat"]],
  ["netstat-proc", "cat /proc/net/netstat", ["nstat"]],
  ["conntrack-stats", "conntrack -S", ["conntrack-stats"]],
  ["ufw-status", "ufw status verbose", ["ufw-status"]],
  ["firewall-cmd", "firewall-cmd --list-all-zones", ["firewall-cmd"]],
  ["birdc-protocols", "birdc show protocols all", ["birdc"]],
  ["birdc-route", "birdc show route all", ["birdc", "ip-route"]],
  ["birdc6-protocols", "birdc6 show protocols all", ["birdc"]],
  ["birdc6-route", "birdc6 show route all", ["birdc", "ip-route"]],
  ["calico-node-status", "calicoctl node status", ["node-status"]],
  ["bird", "bird.cfg", ["bird-config"]],
  ["bird6", "bird6.cfg", ["bird-config"]],
  // bird.cfg includes these
  ["bird_aggr", "bird_aggr.cfg", []],
  ["bird_ipam", "bird_ipam.cfg", []],
  ["bird6_aggr", "bird6_aggr.cfg", []],
  ["bird6_ipam", "bird6_ipam.cfg", []],
  ["dmesg", "dmesg -T", ["log"]],
  ["journal", "journalctl --since -1h", ["log"]],
  ["kern", "cat /var/log/kern.log", ["log"]],
  ["kubelet", "journalctl -u kubelet", ["log"]],
  ["calico-node", "kubectl logs of calico-node", ["log"]],
  ["tc-qdisc", "tc qdisc", []],
];

/** INTERFACES section 2: the files of a machine's folder, by name without extension. */
export const FILE_ROLES: ReadonlyMap<string, FileRole> = new Map([
  ...rulesRoles(),
  ["nft-ruleset", role("nft", "nft -j list ruleset", ["nft"])],
  ["ip-addr", role("addresses", "ip -d -s addr", ["ip-addr", "ip-link", "ifconfig"], { neverEmpty: true })],
  ["ip-addr-v4", role("addresses", "ip -4 addr", ["ip-addr", "ip-link"], { family: 4 })],
  ["ip-addr-v6", role("addresses", "ip -6 addr", ["ip-addr", "ip-link"], { family: 6 })],
  ["ip-link", role("links", "ip -d -s link", ["ip-link", "ip-addr"], { neverEmpty: true })],
  [
    "iptables-list",
    role("rules", "iptables -L -n -v -x", ["iptables-list", "iptables-save"], { family: 4, lossy: true }),
  ],
  [
    "ip6tables-list",
    role("rules", "ip6tables -L -n -v -x", ["iptables-list", "iptables-save"], { family: 6, lossy: true }),
  ],
  ["ip-route", role("routes", "ip route show table all", ["ip-route", "route"], { family: 4 })],
  ["ip-route-v6", role("routes", "ip -6 route show table all", ["ip-route", "route"], { family: 6 })],
  ["route", role("routes", "route -n", ["route", "ip-route"], { family: 4, lossy: true })],
  ["route-v6", role("routes", "route -A inet6 -n", ["route", "ip-route"], { family: 6, lossy: true })],
  ["ifconfig", role("addresses", "ifconfig -a", ["ifconfig", "ip-addr"], { neverEmpty: true, lossy: true })],
  ["ip-rule", role("policy-rules", "ip rule", ["ip-rule"], { family: 4, neverEmpty: true })],
  ["ip-rule-v6", role("policy-rules", "ip -6 rule", ["ip-rule"], { family: 6 })],
  ["ip-neigh", role("neighbours", "ip neigh", ["ip-neigh"])],
  ["bridge-fdb", role("fdb", "bridge fdb show", ["bridge-fdb"])],
  ["ipset-save", role("sets", "ipset save", ["ipset-save", "ipset-list"])],
  ["ipset-list", role("sets", "ipset list", ["ipset-list", "ipset-save"])],
  ["sysctl", role("sysctls", "sysctl -a", ["sysctl"], { neverEmpty: true })],
  ["conntrack", role("conntrack", "conntrack -L", ["conntrack", "conntrack-stats"])],
  ["conntrack-list", role("conntrack", "conntrack -L", ["conntrack", "conntrack-stats"])],
  ["sockets", role("sockets", "ss -H -lntup", ["sockets", "netstat"])],
  ["netstat", role("sockets", "netstat -lntup", ["netstat", "sockets"], { lossy: true })],
  ["wg-show", role("wireguard", "wg show", ["wg-show"])],
  [
    "xt-recent",
    role("recent-lists", "tail -v -n +1 /proc/net/xt_recent/*; grep -m2 -e ^now -e ^jiffies /proc/timer_list", [
      "xt-recent",
    ]),
  ],
  ["versions", role("versions", "uname -a; iptables -V", [])],
  ...EVIDENCE.map(([stem, command, kinds]) => [stem, role("evidence", command, kinds)] as const),
] satisfies readonly (readonly [string, FileRole])[]);

/** `ip-route.json` → `ip-route`; `bird.conf` is what BIRD's own packages call bird.cfg. */
export function stemOf(file: string): string {
  if (/^bird6?[.]conf$/i.test(file)) return file.slice(0, -".conf".length).toLowerCase();
  return file.replace(/\.(?:txt|json|ya?ml|cfg|log|out)$/i, "");
}
