import { type Address, compareAddresses, formatAddress, unspecified } from "../../net/address.ts";
import { isIcmpError } from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import { ICMP, IPIP } from "../../net/protocol.ts";
import { sysctl } from "../device-settings.ts";
import type { HostRuntime } from "../runtime.ts";
import type { RouteKey } from "./key.ts";

/** FIB_MULTIPATH_HASH_FIELD_* (include/net/ip_fib.h). */
const SRC_IP = 0x1;
const DST_IP = 0x2;
const IP_PROTO = 0x4;
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
 * The flow that fib_multipath_hash() (net/ipv4/route.c) tells apart under net.ipv4.fib_multipath_hash_policy, as text.
 * The hash itself has a random key of the running kernel. It is the same for both directions of a flow
 * (__flow_hash_consistentify). `arrived`: the packet that is forwarded; null for one that is being sent, of which only
 * the look-up's key is known.
 */
export function flowOf(runtime: HostRuntime, key: RouteKey, arrived: Packet | null): string {
  const policy = sysctl(runtime, "net.ipv4.fib_multipath_hash_policy", 0);
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
      return inner === null ? addresses(outer, arrived) : textOf(inner, SRC_IP | DST_IP);
    }
    case 3: {
      const fields = sysctl(runtime, "net.ipv4.fib_multipath_hash_fields", DEFAULT_FIELDS);
      const inner = innerOf(arrived);
      const within = inner === null ? "" : textOf(inner, innerFields(fields));
      return `${textOf(outer, fields)} ${within}`;
    }
    default:
      return addresses(outer, arrived);
  }
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
