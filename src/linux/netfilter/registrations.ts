import type { Matches, TableName, Targets } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { AH, DCCP, ESP, ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import type { HookName } from "./verdict.ts";

/** Where an extension may stand: the fields of the kernel's `struct xt_match` and `struct xt_target`; absent: anywhere. */
export interface Registration {
  readonly table?: TableName;
  readonly hooks?: readonly HookName[];
  /** The rule needs `-p` with this number. */
  readonly protocol?: number;
  /** The only family that has it. */
  readonly family?: Family;
}

const IPCOMP = 108;
const MOBILITY = 135;

const RECEIVED: readonly HookName[] = ["PREROUTING", "INPUT", "FORWARD"];
const DESTINATION: readonly HookName[] = ["PREROUTING", "OUTPUT"];
const SOURCE: readonly HookName[] = ["INPUT", "POSTROUTING"];

/** As `xt_register_matches()` of each module has them (net/netfilter/xt_*.c, net/ipv4/netfilter, net/ipv6/netfilter). */
export const MATCH_REGISTRATIONS: { readonly [K in keyof Matches]?: Registration } = {
  ah: { protocol: AH },
  cgroup: { hooks: ["INPUT", "OUTPUT", "POSTROUTING"] },
  dccp: { protocol: DCCP },
  dst: { family: 6 },
  esp: { protocol: ESP },
  eui64: { hooks: RECEIVED, family: 6 },
  frag: { family: 6 },
  hbh: { family: 6 },
  hl: { family: 6 },
  icmp: { protocol: ICMP, family: 4 },
  icmp6: { protocol: ICMPV6, family: 6 },
  ipcomp: { protocol: IPCOMP },
  ipv6header: { family: 6 },
  mac: { hooks: RECEIVED },
  mh: { protocol: MOBILITY, family: 6 },
  osf: { hooks: RECEIVED, protocol: TCP, family: 4 },
  owner: { hooks: ["OUTPUT", "POSTROUTING"] },
  realm: { hooks: ["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"], family: 4 },
  rpfilter: { hooks: ["PREROUTING"] },
  rt: { family: 6 },
  sctp: { protocol: SCTP },
  socket: { hooks: ["PREROUTING", "INPUT"] },
  tcp: { protocol: TCP },
  tcpmss: { protocol: TCP },
  ttl: { family: 4 },
  udp: { protocol: UDP },
  udplite: { protocol: UDPLITE },
};

/** As `xt_register_targets()` of each module has them. */
export const TARGET_REGISTRATIONS: { readonly [K in keyof Targets]?: Registration } = {
  CHECKSUM: { table: "mangle" },
  CLASSIFY: { hooks: ["FORWARD", "OUTPUT", "POSTROUTING"] },
  CT: { table: "raw" },
  DNAT: { table: "nat", hooks: DESTINATION },
  DNPT: { table: "mangle", hooks: DESTINATION, family: 6 },
  DSCP: { table: "mangle" },
  ECN: { table: "mangle", family: 4 },
  HL: { table: "mangle", family: 6 },
  MASQUERADE: { table: "nat", hooks: ["POSTROUTING"] },
  NETMAP: { table: "nat", hooks: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"] },
  NOTRACK: { table: "raw" },
  REDIRECT: { table: "nat", hooks: DESTINATION },
  REJECT: { table: "filter", hooks: ["INPUT", "FORWARD", "OUTPUT"] },
  SNAT: { table: "nat", hooks: SOURCE },
  SNPT: { table: "mangle", hooks: SOURCE, family: 6 },
  SYNPROXY: { hooks: ["INPUT", "FORWARD"], protocol: TCP },
  TCPMSS: { protocol: TCP },
  TCPOPTSTRIP: { table: "mangle", protocol: TCP },
  TOS: { table: "mangle" },
  TPROXY: { table: "mangle", hooks: ["PREROUTING"] },
  TRACE: { table: "raw" },
  TTL: { table: "mangle", family: 4 },
};
