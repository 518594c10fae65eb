import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";

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
  ["net.ipv4.tcp_ecn", "2"],
  ["net.ipv4.icmp_ratelimit", "1000"],
  ["net.ipv4.icmp_ratemask", "6168"],
  ["net.ipv4.fib_multipath_hash_fields", "7"],
  ["net.ipv4.fib_multipath_hash_policy", "0"],
  ["net.ipv4.fib_multipath_use_neigh", "0"],
  ["net.ipv6.fib_multipath_hash_fields", "7"],
  ["net.ipv6.fib_multipath_hash_policy", "0"],
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

/** What a device has: what stands before and behind its name in the key, and the value. */
interface DeviceSysctl {
  readonly before: string;
  readonly behind: string;
  readonly value: string;
}

/** In the order in which they are listed. */
function deviceSysctls(forwards: boolean, isWorkload: boolean): ReadonlyMap<string, DeviceSysctl> {
  const sysctls = new Map<string, DeviceSysctl>();
  const set = (before: string, behind: string, value: string): unknown =>
    sysctls.set(`${before}${behind}`, { before, behind, value });
  const forwarding = forwards ? "1" : "0";
  for (const [key, value] of DEVICE_4) set("net.ipv4.conf.", key, value);
  for (const [key, value] of DEVICE_6) set("net.ipv6.conf.", key, value);
  set("net.ipv4.conf.", "forwarding", forwarding);
  set("net.ipv6.conf.", "forwarding", forwarding);
  if (!isWorkload) return sysctls;
  // rp_filter is copied from `default`; Felix checks the source in the raw table
  set("net.ipv4.conf.", "proxy_arp", "1");
  set("net.ipv4.conf.", "route_localnet", "1");
  set("net.ipv6.conf.", "proxy_ndp", "1");
  set("net.ipv6.conf.", "accept_ra", "0");
  set("net.ipv4.neigh.", "proxy_delay", "0");
  return sysctls;
}

const FORWARDING = { ordinary: deviceSysctls(true, false), workload: deviceSysctls(true, true) };
const NOT_FORWARDING = { ordinary: deviceSysctls(false, false), workload: deviceSysctls(false, true) };

function ofDevice(kind: Host["kind"], device: string, forwards: boolean): ReadonlyMap<string, DeviceSysctl> {
  const { ordinary, workload } = forwards ? FORWARDING : NOT_FORWARDING;
  return kind === "node" && isWorkloadInterface(device) ? workload : ordinary;
}

function ofHost(kind: Host["kind"], forwards: boolean): Map<string, string> {
  const sysctls = new Map(KERNEL);
  sysctls.set("net.ipv4.ip_forward", forwards ? "1" : "0");
  if (kind === "node") {
    sysctls.set("net.bridge.bridge-nf-call-iptables", "1");
    sysctls.set("net.bridge.bridge-nf-call-ip6tables", "1");
  }
  return sysctls;
}

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
  const sysctls = ofHost(kind, forwards);
  for (const device of ["all", "default", ...[...interfaces].map((one) => one.name)]) {
    const name = `${device.replaceAll(".", "/")}.`;
    for (const { before, behind, value } of ofDevice(kind, device, forwards).values())
      sysctls.set(before + name + behind, value);
  }
  return sysctls;
}

/** The same of a node, key by key. */
export function assumedNodeSysctls(interfaces: Pick<ReadonlyMap<string, Interface>, "has">): DumpedSysctls {
  return {
    get(key) {
      const found = OF_DEVICE.exec(key);
      if (found === null) return NODE.get(key);
      const [, before = "", written = "", behind = ""] = found;
      const device = written.replaceAll("/", ".");
      const isThere = device === "all" || device === "default" || interfaces.has(device);
      return isThere ? ofDevice("node", device, true).get(before + behind)?.value : undefined;
    },
  };
}

const OF_DEVICE = /^(net\.ipv[46]\.(?:conf|neigh)\.)([^.]+)\.(.+)$/;
const NODE = ofHost("node", true);

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

/** Values that can be asked for by their keys. */
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
  assumed: DumpedSysctls,
  isWhole: boolean,
): string | undefined {
  return dumped.get(key) ?? valueOfGap(key, dumped, assumed, isWhole);
}

/** The same of a key that the dump does not have. */
export function valueOfGap(
  key: string,
  dumped: DumpedSysctls,
  assumed: DumpedSysctls,
  isWhole: boolean,
): string | undefined {
  const value = assumed.get(key);
  if (value === undefined) return undefined;
  const defaultKey = key.replace(/^(net\.ipv[46]\.conf)\.[^.]+\./, "$1.default.");
  const fallback = dumped.get(defaultKey);
  if (fallback === undefined) return isWhole ? undefined : value;
  return assumed.get(defaultKey) === value ? fallback : value;
}
