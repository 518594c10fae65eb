import { type Address, compareAddresses, formatAddress, unspecified } from "../../net/address.ts";
import { isIcmpError, isIcmpv6Error } from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { ICMP, ICMPV6, IPIP } from "../../net/protocol.ts";
import { sysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";

/** FIB_MULTIPATH_HASH_FIELD_* (include/net/ip_fib.h). */
const SRC_IP = 0x1;
const DST_IP = 0x2;
const IP_PROTO = 0x4;
const FLOW_LABEL = 0x8;
const SRC_PORT = 0x10;
const DST_PORT = 0x20;
const INNER_SRC_IP = 0x40;
const INNER_DST_IP = 0x80;
const INNER_IP_PROTO = 0x100;
const INNER_SRC_PORT = 0x400;
const INNER_DST_PORT = 0x800;
const DEFAULT_FIELDS = SRC_IP | DST_IP | IP_PROTO;

/** What of a packet goes into its hash; two packets of one text share it. */
interface FlowKeys {
  readonly src: Address;
  readonly dst: Address;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/**
 * The flow that fib_multipath_hash() (net/ipv4/route.c) or rt6_multipath_hash() (net/ipv6/route.c) tells apart under
 * fib_multipath_hash_policy of its family, as text. The hash itself has a random key of the running kernel. It is the same for both
 * directions of a flow (__flow_hash_consistentify), but where flow labels count. `arrived`: the packet that is forwarded; null for one
 * that is being sent, of which only the look-up's key is known.
 */
export function flowOf(runtime: HostRuntime, key: RouteKey, arrived: Packet | null): string {
  const six = key.dst.family === 6;
  const policy = sysctl(runtime, POLICY[key.dst.family], 0);
  const outer: FlowKeys = {
    ...key,
    src: key.src ?? unspecified(key.dst.family),
    ...(isWhole(arrived) ? {} : NO_PORTS),
  };
  switch (policy) {
    case 1:
      return textOf(outer, SRC_IP | DST_IP | IP_PROTO | SRC_PORT | DST_PORT);
    case 2: {
      const inner = innerOf(arrived);
      if (inner !== null) return textOf(inner, SRC_IP | DST_IP);
      return six ? labelled(outer, arrived) : addresses(outer, arrived);
    }
    case 3: {
      const fields = sysctl(runtime, FIELDS[key.dst.family], DEFAULT_FIELDS);
      const inner = innerOf(arrived);
      const within = inner === null ? "" : textOf(inner, innerFields(fields));
      const label = six && (fields & FLOW_LABEL) !== 0 ? labelOf(outer, arrived) : "";
      return `${textOf(outer, fields)} ${within}${label}`;
    }
    default:
      return six ? labelled(outer, arrived) : addresses(outer, arrived);
  }
}

const POLICY = { 4: "net.ipv4.fib_multipath_hash_policy", 6: "net.ipv6.fib_multipath_hash_policy" } as const;
const FIELDS = { 4: "net.ipv4.fib_multipath_hash_fields", 6: "net.ipv6.fib_multipath_hash_fields" } as const;

/** ip6_multipath_l3_keys(): addresses, protocol and flow label; an ICMPv6 error goes the way of the packet it is about. */
function labelled(outer: FlowKeys, arrived: Packet | null): string {
  const about =
    arrived !== null && arrived.protocol === ICMPV6 && isIcmpv6Error(arrived.icmpType) ? arrived.inner : null;
  const keys = about ?? outer;
  return `${textOf(keys, SRC_IP | DST_IP | IP_PROTO)}${labelOf(keys, arrived)}`;
}

/** The label that a packet of a flow came with: its sender's kernel hashed the flow to one (auto_flowlabels). Sockets here look up with none. */
function labelOf({ src, dst, protocol, sport, dport }: FlowKeys, arrived: Packet | null): string {
  if (arrived === null) return "";
  return ` labelled ${formatAddress(src)} ${sport} > ${formatAddress(dst)} ${dport} protocol ${protocol}`;
}

const NO_PORTS = { sport: 0, dport: 0 };

/** The flow dissector reads no ports of a fragment, and ICMP has none. */
function isWhole(packet: Packet | null): boolean {
  return packet === null || (packet.fragmentOffset === 0 && !packet.moreFragments);
}

/** ip_multipath_l3_keys(): an ICMP error goes the way of the packet it is about. */
function addresses(outer: FlowKeys, arrived: Packet | null): string {
  const about = arrived !== null && arrived.protocol === ICMP && isIcmpError(arrived.icmpType) ? arrived.inner : null;
  return textOf(about ?? outer, SRC_IP | DST_IP);
}

/** What the flow dissector finds inside: it looks into IP in IP, not into UDP. */
function innerOf(arrived: Packet | null): Packet | null {
  return arrived !== null && arrived.protocol === IPIP ? arrived.inner : null;
}

function innerFields(fields: number): number {
  return (
    (fields & INNER_SRC_IP ? SRC_IP : 0) |
    (fields & INNER_DST_IP ? DST_IP : 0) |
    (fields & INNER_IP_PROTO ? IP_PROTO : 0) |
    (fields & INNER_SRC_PORT ? SRC_PORT : 0) |
    (fields & INNER_DST_PORT ? DST_PORT : 0)
  );
}

function textOf(keys: FlowKeys, fields: number): string {
  const turned = compareAddresses(keys.src, keys.dst) || keys.sport - keys.dport;
  const first = fields & SRC_IP ? formatAddress(keys.src) : "";
  const second = fields & DST_IP ? formatAddress(keys.dst) : "";
  const sport = fields & SRC_PORT ? String(keys.sport) : "";
  const dport = fields & DST_PORT ? String(keys.dport) : "";
  const protocol = fields & IP_PROTO ? ` protocol ${keys.protocol}` : "";
  const ends = [`${first} ${sport}`.trim(), `${second} ${dport}`.trim()];
  return `${(turned > 0 ? ends.reverse() : ends).join(" and ")}${protocol}`;
}
