import type { InterfaceKind } from "../model/interface.ts";
import type { RouteType } from "../model/route.ts";
import type { Matches, Targets } from "../model/ruleset.ts";

/**
 * Whether a part of the model was held against a real kernel: null when compared probes met it (their number stands in
 * `test/kernel/evidence.json`, and a test refuses null without any), else why not. The compiler refuses a part without an
 * entry. `docs/fidelity.md` is made of these.
 */
export type Fidelity = string | null;

/** Matches: what a rule that matched the packet tested. */
export const MATCH_FIDELITY: Readonly<Record<Exclude<keyof Matches, "nft" | "unmodelled">, Fidelity>> = {
  addrtype: null,
  ah: null,
  bpf: null,
  cgroup: null,
  cluster: null,
  comment: null,
  connbytes: null,
  connlabel: null,
  connlimit: null,
  connmark: null,
  conntrack: null,
  cpu: null,
  dccp: null,
  devgroup: null,
  dscp: null,
  dst: null,
  ecn: null,
  esp: null,
  eui64: null,
  frag: null,
  hashlimit: null,
  hbh: null,
  helper: null,
  hl: null,
  icmp: null,
  icmp6: null,
  ipcomp: null,
  iprange: null,
  ipv6header: null,
  ipvs: "the kernel at hand has no IPVS",
  length: null,
  limit: null,
  mac: null,
  mark: null,
  mh: null,
  multiport: null,
  nfacct: null,
  osf: null,
  owner: null,
  physdev: null,
  pkttype: null,
  policy: null,
  quota: null,
  realm: null,
  recent: null,
  refused: "a rule that the kernel does not load: no packet can meet it (test/kernel/refused-rules)",
  rpfilter: null,
  rt: null,
  sctp: null,
  set: null,
  socket: null,
  state: null,
  statistic: null,
  string: null,
  tcp: null,
  tcpmss: null,
  time: null,
  tos: null,
  ttl: null,
  u32: null,
  udp: null,
  udplite: "the iptables at hand has no such extension; the tracker of UDP-Lite is compared",
};

/** Targets of rules that matched. */
export const TARGET_FIDELITY: Readonly<Record<Exclude<keyof Targets, "nft" | "unmodelled">, Fidelity>> = {
  AUDIT: null,
  CHECKSUM: null,
  CLASSIFY: null,
  CONNMARK: null,
  CONNSECMARK: null,
  CT: null,
  DNAT: null,
  DNPT: null,
  DSCP: null,
  ECN: null,
  HL: null,
  HMARK: null,
  IDLETIMER: null,
  LED: "the kernel at hand has no such module and refuses it (facts/rare-extensions)",
  LOG: null,
  MARK: null,
  MASQUERADE: null,
  NETMAP: null,
  NFLOG: null,
  NFQUEUE: null,
  NOTRACK: null,
  QUEUE: null,
  RATEEST: null,
  REDIRECT: null,
  REJECT: null,
  SECMARK: "the kernel at hand has no SELinux policy and refuses every context (facts/rare-extensions)",
  SET: null,
  SNAT: null,
  SNPT: null,
  SYNPROXY: null,
  TCPMSS: null,
  TCPOPTSTRIP: null,
  TEE: null,
  TOS: null,
  TPROXY: null,
  TRACE: null,
  TTL: null,
  ULOG: "the kernel at hand has no such module and refuses it (facts/rare-extensions)",
};

/** Devices that a packet crossed. */
export const DEVICE_FIDELITY: Readonly<Record<InterfaceKind, Fidelity>> = {
  loopback: null,
  physical: "compared only as a veth, which the network namespaces have in its place",
  veth: null,
  bridge: null,
  vxlan: null,
  ipip: "the kernel at hand has no ipip module",
  wireguard: "an opaque tunnel, by reading drivers/net/wireguard: the kernel at hand has no such module",
  dummy: "the kernel at hand has no dummy devices",
  vlan: "the kernel at hand has no VLAN devices",
  bond: "the kernel at hand has no bonding module: one that has a slave with carrier sends as one physical device; without one in the dump the answer branches and is uncertain (test/trace/device-kinds)",
  macvlan:
    "macvlan and macvtap send by the device below, as a card of their own (test/kernel/facts/devices); where no dump tells where that leads the answer branches and is uncertain; so does a frame between a card and a macvlan on it, or between two that may stand on one card, whose modes are not read",
  tun: "packets end outside, in the program that holds the device, or are dropped where none does (test/kernel/facts/devices)",
  other:
    "the answer branches and is uncertain: the device carries the packet to where podpath does not see it, or drops it; an ifb drops all that tc has not redirected to it (test/trace/device-kinds, test/kernel/facts/devices)",
};

/** Routes that a look-up answered with. */
export const ROUTE_FIDELITY: Readonly<Record<RouteType, Fidelity>> = {
  unicast: null,
  local: null,
  broadcast: null,
  anycast: null,
  multicast: null,
  blackhole: null,
  unreachable: null,
  prohibit: null,
  throw:
    "passed over by every look-up, so that no probe can end with it; compared in look-ups (test/kernel/fuzz/look-ups)",
};

const NO_SUCH_SET = "the kernel at hand has no such set type; the code follows its source";

/** Types of ipset that a rule found the packet in. */
export const SET_FIDELITY: Readonly<Record<string, Fidelity>> = {
  "bitmap:ip": null,
  "bitmap:ip,mac": null,
  "bitmap:port": null,
  "hash:ip": null,
  "hash:ip,mac": NO_SUCH_SET,
  "hash:ip,mark": NO_SUCH_SET,
  "hash:ip,port": null,
  "hash:ip,port,ip": null,
  "hash:ip,port,net": null,
  "hash:mac": NO_SUCH_SET,
  "hash:net": null,
  "hash:net,iface": null,
  "hash:net,net": NO_SUCH_SET,
  "hash:net,port": null,
  "hash:net,port,net": NO_SUCH_SET,
  "list:set": null,
};
