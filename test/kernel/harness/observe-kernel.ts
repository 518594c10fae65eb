import type { HookName } from "../../../src/linux/netfilter/verdict.ts";
import { isMulticast, parseAddress } from "../../../src/net/address.ts";
import { REDIRECT, V6_REDIRECT } from "../../../src/net/icmp.ts";
import { pagedList } from "../../../src/net/paged-list.ts";
import { parseProtocol } from "../../../src/net/protocol.ts";
import {
  anyStart,
  inOrder,
  lastHook,
  lastPlace,
  type Observation,
  type SeenHop,
  type SeenPacket,
  type SeenRule,
} from "./observation.ts";
import type { KernelHop, KernelPacket, KernelResult, KernelRuleEvent } from "./oracle-client.ts";

/** The packet in the fields that are compared. */
export function kernelPacket(packet: KernelPacket): SeenPacket {
  const carried = packet.inner ?? packet.quoted;
  return {
    src: packet.src,
    dst: packet.dst,
    protocol: parseProtocol(packet.proto === "ipip" ? "ipencap" : String(packet.proto)) ?? -1,
    ttl: packet.ttl ?? -1,
    tos: packet.tos ?? 0,
    df: packet.df ?? false,
    sport: packet.sport ?? 0,
    dport: packet.dport ?? 0,
    flags: packet.flags ?? "",
    seq: packet.seq ?? 0,
    ack: packet.ack ?? 0,
    mss: packet.flags?.includes("S") === true ? (packet.mss ?? 0) : 0,
    length: packet.length ?? 0,
    icmpType: packet.icmpType ?? 0,
    icmpCode: packet.icmpCode ?? 0,
    icmpId: packet.icmpId ?? 0,
    mtu: packet.mtu ?? 0,
    vni: packet.vni ?? -1,
    mf: packet.mf ?? false,
    fragOffset: packet.fragOffset ?? 0,
    extensions: packet.extensions ?? [],
    inner: carried === undefined ? null : kernelPacket(carried),
  };
}

function kernelHops(hops: readonly KernelHop[]): readonly SeenHop[] {
  return hops
    .filter(({ iface }) => iface !== "lo")
    .map((hop) => ({ host: hop.host, interface: hop.iface, direction: hop.dir, packet: kernelPacket(hop.packet) }));
}

function kernelRules(events: readonly KernelRuleEvent[]): readonly SeenRule[] {
  return events.map((event) => ({
    host: event.host,
    backend: event.backend,
    table: event.table,
    chain: event.chain,
    index: event.index,
    verdict: event.to === undefined ? event.verdict : `${event.verdict} ${event.to}`,
  }));
}

type Delivered = KernelResult["delivered"];

/** Whoever got a packet in the end: a tunnel's outer packet is delivered too, before what it carries. */
function innermost(said: {
  readonly delivered: Delivered;
  readonly deliveries?: readonly NonNullable<Delivered>[] | undefined;
}): Delivered {
  const { delivered } = said;
  if (delivered?.packet.vni === undefined) return delivered;
  return said.deliveries?.find(({ packet }) => packet.vni === undefined) ?? null;
}

/** Where TCP takes segments, and discards without a reason what is for many. */
const TCP_RECEIVES = /^tcp_v[46]_rcv$/;

/**
 * The receivers that dropped the probe's packet for its checksum (of a long datagram of IPv6 they look for a socket first), as TCP did because
 * its frame is for many, or a VXLAN device because it is none of its frames.
 */
function misreaders({ drops }: KernelResult, badChecksum: boolean): ReadonlySet<string> {
  const reasons = badChecksum ? /^(?:(?:TCP|UDP|ICMP)_CSUM|NO_SOCKET)$/ : /^(?:TCP|UDP|ICMP)_CSUM$/;
  return new Set(
    drops
      .filter(
        ({ packet, reason, location }) =>
          packet === "main" &&
          (reasons.test(reason) ||
            location === "vxlan_rcv" ||
            (reason === "NOT_SPECIFIED" && TCP_RECEIVES.test(location ?? ""))),
      )
      .map(({ host }) => host),
  );
}

/**
 * Whether it is the copy that a host has of what it sends to many, and TCP, which discards that behind the raw socket that tells of it.
 * The oracle does not tell where such a copy is dropped.
 */
function isHeardByItself({ hops }: KernelResult, { host, packet }: NonNullable<Delivered>): boolean {
  if (packet.proto !== "tcp") return false;
  const first = hops[0];
  // Groups of interface-local scope, and of a TTL of 0, do not leave at all.
  if (first === undefined) {
    const destination = parseAddress(packet.dst);
    return destination !== null && isMulticast(destination);
  }
  if (first.host !== host || first.dir !== "out") return false;
  return !hops.some((hop) => hop.host === host && hop.dir === "in");
}

/** The receiver of the probe's packet. What came out of a tunnel for a protocol that nothing handles is told by its drop. */
export function receiver(result: KernelResult, badChecksum: boolean): Delivered {
  const misread = misreaders(result, badChecksum);
  const delivered = innermost(result);
  // A raw socket sees it before anybody looks into it. TCP discards for all what it discards for one: a segment for many.
  const isInVain = (other: NonNullable<Delivered>): boolean =>
    other.packet.vni !== undefined ||
    (other.packet.proto === "tcp" ? misread.size > 0 : misread.has(other.host)) ||
    isHeardByItself(result, other);
  if (delivered !== null && isInVain(delivered)) return result.deliveries?.find((other) => !isInVain(other)) ?? null;
  if (delivered !== null || result.delivered === null || misread.size > 0) return delivered;
  const unhandled = result.drops.find(({ packet, reason }) => packet === "main" && reason === "IP_NOPROTO");
  const last = result.hops.at(-1);
  return unhandled === undefined || last === undefined ? null : { host: unhandled.host, packet: last.packet };
}

/** Drops by which the kernel refuses a packet, as the oracle judges those outside tunnels; an outer one may find no VXLAN device. */
const REFUSALS: ReadonlySet<string> = new Set(["IP_INNOROUTES", "PKT_TOO_BIG", "IP_INHDR", "NO_SOCKET"]);
/** Where the kernel drops a header that it cannot believe without a word, for the reason that it gives with an error elsewhere. */
const MALFORMED: ReadonlySet<string | null | undefined> = new Set(["ip_rcv_core", "ip6_rcv_core", "ip6_parse_tlv"]);

/** Where only a tunnel's outer packet arrived, what became of the one inside: somebody refused it, or nobody did. */
function outcomeOf(result: KernelResult, delivered: Delivered, badChecksum: boolean): KernelResult["outcome"] {
  if (result.outcome !== "delivered" || delivered !== null) return result.outcome;
  const isAnswered = result.responses.some(
    ({ kind, type, packet }) =>
      kind === "tcp-reset" || (kind === "icmp" && type !== (packet.proto === "icmp" ? REDIRECT : V6_REDIRECT)),
  );
  // Nobody is told of a wrong checksum, though there is no socket either. The tunnel's own is right, whatever it carries.
  const isSummedWrong = badChecksum && result.hops.at(-1)?.packet.vni === undefined;
  // Nor does TCP reset to many: the reset would come from an address that no host has (ip_route_output_key_hash_rcu()).
  const isForMany = result.drops.some(
    ({ packet, reason, location }) =>
      packet === "main" && reason === "NOT_SPECIFIED" && TCP_RECEIVES.test(location ?? ""),
  );
  const isQuiet = isSummedWrong || isForMany;
  const isRefused = result.drops.some(
    ({ packet, reason, location }) =>
      packet === "main" && REFUSALS.has(reason) && !MALFORMED.has(location) && !(isQuiet && reason === "NO_SOCKET"),
  );
  const isRejected = result.rules.at(-1)?.target?.toUpperCase() === "REJECT";
  return isAnswered || isRefused || isRejected ? "rejected" : "dropped";
}

/** Whether the packet left in fragments of which some were dropped without a word about whose they were. */
function endsApart({ drops }: KernelResult, hops: readonly SeenHop[]): boolean {
  return drops.some(({ packet }) => packet === null) && hops.some(({ packet }) => packet.mf || packet.fragOffset > 0);
}

/**
 * The hook at which a host dropped it: that of the last rule that it met there. In a host that it came to more than once, that may
 * be a rule of an earlier visit, unless it is the one that dropped it.
 */
function hookOf(dropper: string, hops: readonly SeenHop[], rules: readonly SeenRule[]): HookName | null {
  const here = rules.filter(({ host }) => host === dropper);
  const visits = hops.filter(({ host, direction }) => host === dropper && direction === "in").length;
  return visits > 1 && here.at(-1)?.verdict !== "drop" ? null : lastHook(here);
}

/** What the oracle said of a probe, whose checksum may be wrong, in the common form. */
export function observeKernel(result: KernelResult, badChecksum: boolean): Observation {
  const hops = kernelHops(result.hops);
  const rules = kernelRules(result.rules);
  const drop = result.drops.filter(({ packet }) => packet === "main").at(-1) ?? null;
  const last = lastPlace(hops);
  const delivered = receiver(result, badChecksum);
  return {
    outcome: outcomeOf(result, delivered, badChecksum),
    host: delivered?.host ?? drop?.host ?? last?.host ?? null,
    interface: last?.interface ?? null,
    hook: drop?.reason === "NETFILTER_DROP" ? hookOf(drop.host, hops, rules) : null,
    hops,
    rules,
    delivered: delivered === null ? null : { host: delivered.host, packet: kernelPacket(delivered.packet) },
    reason: drop?.reason ?? null,
    ends: [],
    errno: result.errno,
    responses: inOrder(
      result.responses.map((response) => ({
        kind: response.kind,
        host: response.host,
        packet: anyStart(kernelPacket(response.packet)),
        hops: kernelHops(response.hops).map((hop) => ({ ...hop, packet: anyStart(hop.packet) })),
        rules: kernelRules(response.rules),
        deliveredTo: innermost(response)?.host ?? null,
        copied: false,
      })),
    ),
    freeDomains: pagedList(),
    copied: false,
    merged: false,
    pending: result.outcome === "unresolved",
    late: false,
    usesUp: false,
    together: null,
    apart: endsApart(result, hops),
  };
}
