import { type OptionPattern, pattern, within } from "./option-pattern.ts";

/** What every protocol may be told (nest/config.Y of 1.6.8). */
const ANY: readonly OptionPattern[] = [
  within("preference N", 0, 0xffff, "Invalid preference"),
  pattern("disabled B"),
  pattern("debug M"),
  pattern("import F"),
  pattern("export F"),
  pattern("receive limit L"),
  pattern("import limit L"),
  pattern("export limit L"),
  pattern("import keep filtered B"),
  pattern("vrf T"),
  pattern("vrf default"),
  pattern("mrtdump D"),
  pattern("table R"),
  pattern("router id I"),
  pattern("description T"),
];

/** proto/bgp/config.Y; `local` and `neighbor` are read apart. */
const BGP: readonly OptionPattern[] = [
  pattern("rr cluster id I"),
  pattern("rr client"),
  pattern("rs client"),
  pattern("hold time N"),
  pattern("startup hold time N"),
  pattern("connect delay time N"),
  pattern("connect retry time N"),
  pattern("keepalive time N"),
  pattern("error forget time N"),
  pattern("error wait time N , N"),
  pattern("direct"),
  pattern("multihop"),
  within("multihop N", 1, 255, "Multihop must be in range 1-255"),
  pattern("next hop self"),
  pattern("next hop keep"),
  pattern("missing lladdr self"),
  pattern("missing lladdr drop"),
  pattern("missing lladdr ignore"),
  pattern("gateway direct"),
  pattern("gateway recursive"),
  pattern("path metric B"),
  pattern("med metric B"),
  pattern("igp metric B"),
  pattern("igp table R"),
  pattern("prefer older B"),
  pattern("deterministic med B"),
  pattern("default bgp_med N"),
  pattern("default bgp_local_pref N"),
  pattern("source address A"),
  pattern("start delay time N"),
  pattern("disable after error B"),
  pattern("disable after cease B"),
  pattern("enable route refresh B"),
  pattern("enable as4 B"),
  pattern("enable extended messages B"),
  pattern("capabilities B"),
  pattern("advertise ipv4 B"),
  pattern("password T"),
  pattern("setkey B"),
  pattern("route limit N"),
  pattern("passive B"),
  pattern("interpret communities B"),
  pattern("secondary B"),
  pattern("add paths rx"),
  pattern("add paths tx"),
  pattern("add paths B"),
  pattern("allow bgp_local_pref B"),
  pattern("allow local as"),
  pattern("allow local as N"),
  pattern("graceful restart B"),
  pattern("graceful restart aware"),
  pattern("graceful restart time N"),
  pattern("ttl security B"),
  pattern("long lived graceful restart B"),
  pattern("long lived graceful restart aware"),
  pattern("long lived stale time N"),
  pattern("interface Q"),
  pattern("check link B"),
  pattern("bfd B"),
  pattern("bfd graceful"),
];

const MERGED = "Merge paths limit must be in range 1-255";

/** sysdep/unix/krt.Y, sysdep/linux/netlink.Y. */
const KERNEL: readonly OptionPattern[] = [
  pattern("persist B"),
  pattern("scan time N"),
  pattern("learn B"),
  pattern("device routes B"),
  pattern("graceful restart B"),
  pattern("merge paths B"),
  within("merge paths limit N", 1, 255, MERGED, true),
  // the limit is the second value
  pattern("merge paths B limit N", ([, limit]) => (Number(limit) < 1 || Number(limit) > 255 ? MERGED : null), true),
  pattern("kernel table N"),
  pattern("metric N"),
];

const DEVICE: readonly OptionPattern[] = [pattern("scan time N")];

const DIRECT: readonly OptionPattern[] = [pattern("interface P"), pattern("check link B")];

const STATIC: readonly OptionPattern[] = [pattern("check link B"), pattern("igp table R")];

/** The settings of the protocols that are judged. */
export const OPTIONS: ReadonlyMap<string, readonly OptionPattern[]> = new Map([
  ["bgp", [...ANY, ...BGP]],
  ["kernel", [...ANY, ...KERNEL]],
  ["device", [...ANY, ...DEVICE]],
  ["direct", [...ANY, ...DIRECT]],
  ["static", [...ANY, ...STATIC]],
]);
