import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";

/** `net.ipv4.conf.<device>.`: dots in a device's name stand as slashes, as `sysctl -a` prints them. */
function conf(family: 4 | 6, device: string): string {
  return `net.ipv${family}.conf.${device.replaceAll(".", "/")}.`;
}

/** True for the host's end of a Calico pod's veth pair. */
export function isWorkloadInterface(device: string): boolean {
  return /^cali[0-9a-f]/.test(device);
}

/** Kernel defaults of a fresh namespace that the packet path reads (Documentation/networking/ip-sysctl.rst). */
const KERNEL: readonly (readonly [string, string])[] = [
  ["net.ipv4.ip_default_ttl", "64"],
  ["net.ipv4.ip_no_pmtu_disc", "0"],
  ["net.ipv4.icmp_echo_ignore_all", "0"],
  ["net.ipv4.icmp_echo_ignore_broadcasts", "1"],
  ["net.ipv4.icmp_errors_use_inbound_ifaddr", "0"],
  ["net.ipv4.icmp_ratelimit", "1000"],
  ["net.ipv4.icmp_ratemask", "6168"],
  ["net.ipv4.fib_multipath_hash_fields", "7"],
  ["net.ipv4.fib_multipath_hash_policy", "0"],
  ["net.ipv4.fib_multipath_use_neigh", "0"],
  ["net.ipv4.fwmark_reflect", "0"],
  ["net.netfilter.nf_conntrack_tcp_be_liberal", "0"],
  ["net.netfilter.nf_conntrack_tcp_loose", "1"],
];

/** Per interface and for `all` and `default`, IPv4. */
const DEVICE_4: readonly (readonly [string, string])[] = [
  ["accept_local", "0"],
  ["arp_announce", "0"],
  ["arp_ignore", "0"],
  ["bc_forwarding", "0"],
  ["ignore_routes_with_linkdown", "0"],
  ["proxy_arp", "0"],
  ["route_localnet", "0"],
  ["rp_filter", "0"],
  ["send_redirects", "1"],
  ["shared_media", "1"],
  ["src_valid_mark", "0"],
];

const DEVICE_6: readonly (readonly [string, string])[] = [
  ["accept_ra", "1"],
  ["disable_ipv6", "0"],
  ["proxy_ndp", "0"],
];

/**
 * The sysctls of a host that nobody dumped: the kernel's defaults, and what Kubernetes and Calico set on a node
 * (felix/dataplane/linux/endpoint_mgr.go configureInterface; kubelet and kube-proxy: ip_forward, bridge-nf-call-*).
 * `forwards` says whether it routes: nodes do, pods do not.
 */
export function assumedSysctls(
  kind: Host["kind"],
  interfaces: Iterable<Interface>,
  forwards: boolean,
): Map<string, string> {
  const sysctls = new Map(KERNEL);
  const forwarding = forwards ? "1" : "0";
  sysctls.set("net.ipv4.ip_forward", forwarding);
  if (kind === "node") {
    sysctls.set("net.bridge.bridge-nf-call-iptables", "1");
    sysctls.set("net.bridge.bridge-nf-call-ip6tables", "1");
  }
  for (const device of ["all", "default", ...[...interfaces].map((one) => one.name)]) {
    for (const [key, value] of DEVICE_4) sysctls.set(conf(4, device) + key, value);
    for (const [key, value] of DEVICE_6) sysctls.set(conf(6, device) + key, value);
    sysctls.set(`${conf(4, device)}forwarding`, forwarding);
    sysctls.set(`${conf(6, device)}forwarding`, forwarding);
    if (kind !== "node" || !isWorkloadInterface(device)) continue;
    // rp_filter is copied from `default`; Felix checks the source in the raw table
    sysctls.set(`${conf(4, device)}proxy_arp`, "1");
    sysctls.set(`${conf(4, device)}route_localnet`, "1");
    sysctls.set(`${conf(6, device)}proxy_ndp`, "1");
    sysctls.set(`${conf(6, device)}accept_ra`, "0");
    sysctls.set(`net.ipv4.neigh.${device.replaceAll(".", "/")}.proxy_delay`, "0");
  }
  return sysctls;
}

export type CompletedSysctls = Pick<Host, "sysctls" | "dumpedSysctls"> & { readonly knowledge: "known" | "assumed" };

/**
 * Fills the gaps of a dump. Where all of `net.` was dumped, only interfaces that have no keys of their own get those of
 * `default`, as the kernel would give them (they appeared between two commands); what else is missing stays missing, and
 * is assumed key by key when something reads it. A few pasted lines are completed with the assumed values.
 */
export function completeSysctls(
  dumped: ReadonlyMap<string, string>,
  assumed: ReadonlyMap<string, string>,
): CompletedSysctls {
  const sysctls = new Map(dumped);
  const isWhole = tellsAll(dumped);
  for (const key of assumed.keys()) {
    const value = completedValue(key, dumped, assumed, isWhole);
    if (value !== undefined) sysctls.set(key, value);
  }
  return { sysctls, dumpedSysctls: new Set(dumped.keys()), knowledge: isWhole ? "known" : "assumed" };
}

/** Values that stand in a dump. */
export interface DumpedSysctls {
  get(key: string): string | undefined;
}

/** True for a dump of all of `net.`. */
export function tellsAll(dumped: DumpedSysctls): boolean {
  return dumped.get("net.ipv4.ip_forward") !== undefined && dumped.get("net.ipv4.conf.all.forwarding") !== undefined;
}

/** The value of one key in a completed dump; undefined where it is missing there. */
export function completedValue(
  key: string,
  dumped: DumpedSysctls,
  assumed: ReadonlyMap<string, string>,
  isWhole: boolean,
): string | undefined {
  const written = dumped.get(key);
  const value = written === undefined ? assumed.get(key) : undefined;
  if (value === undefined) return written;
  const defaultKey = key.replace(/^(net\.ipv[46]\.conf)\.[^.]+\./, "$1.default.");
  const fallback = dumped.get(defaultKey);
  const isOrdinary = assumed.get(defaultKey) === value;
  if (fallback !== undefined) return isOrdinary ? fallback : value;
  return isWhole ? undefined : value;
}
