import { type Address, formatAddress } from "./address.ts";
import { describeIcmp, describeIcmpv6, V6_REDIRECT } from "./icmp.ts";
import { extensionsLength, type Ipv6Extension, MOBILITY, mobilityType } from "./ipv6-extension.ts";
import { formatProtocol, hasPorts, ICMP, ICMPV6, SCTP, TCP } from "./protocol.ts";
import { SCTP_INIT, type SctpHeader, sctpHeaderLength } from "./sctp.ts";
import { formatTcpFlags } from "./tcp-flags.ts";

/** What a TCP segment carries of a stream, where somebody holds its octets. */
export interface SegmentContent {
  readonly octets: Uint8Array;
  /** Fingerprint of the key that it is signed with (TCP MD5, RFC 2385); null: it has no signature. */
  readonly key: string | null;
}

/** Where a redirect points. `mac`: the option of IPv6 with the target's link-layer address; null where there is none, and in IPv4. */
export interface RedirectTarget {
  readonly address: Address;
  readonly mac: string | null;
}

/**
 * An IP packet in hand: mutable, because one walk changes one packet, and of one shape for every protocol.
 *
 * A port or ICMP id above 65535 is not a number on the wire but the name of a value nobody has chosen yet
 * (see `linux/free-value.ts`).
 */
export interface Packet {
  src: Address;
  dst: Address;
  /** IP protocol number. For IPv6: the upper-layer protocol after extension headers. */
  protocol: number;
  /** TTL, or hop limit. */
  ttl: number;
  /** TOS byte, or traffic class. */
  tos: number;
  df: boolean;
  /** IP identification (16 bits). */
  id: number;
  /** Fragment offset in bytes; 0 for a whole packet or the first fragment. */
  fragmentOffset: number;
  moreFragments: boolean;
  /** Source port of TCP, UDP, SCTP, DCCP, UDP-Lite; else 0. */
  sport: number;
  dport: number;
  /** TCP flags byte (`tcp-flags.ts`). */
  flags: number;
  seq: number;
  ack: number;
  window: number;
  /** TCP maximum segment size option; 0 when absent. */
  mss: number;
  /** Bytes of padding among the options of TCP, in place of one that a rule took away. */
  optionPadding: number;
  /** Tag and chunks of SCTP; null in other packets, and in one that opens an association. */
  sctp: SctpHeader | null;
  icmpType: number;
  icmpCode: number;
  icmpId: number;
  icmpSeq: number;
  /** MTU of "fragmentation needed" and "packet too big". */
  icmpMtu: number;
  /** Gateway of a redirect, in IPv6 its target; null otherwise. */
  icmpGateway: RedirectTarget | null;
  /** Bytes after the layer-4 header (TCP/UDP data, ICMP echo data); of a fragment that is not the first, after the IP header. */
  payloadLength: number;
  /** The quoted packet of an ICMP error, or the packet a tunnel carries. */
  inner: Packet | null;
  /** VXLAN network identifier when `inner` is carried by VXLAN; -1 otherwise. */
  vni: number;
  /** Public keys of the WireGuard devices that it goes between with `inner` in it; null for everything else. */
  sealed: { readonly from: string | null; readonly to: string } | null;
  /** Null: nobody kept what `payloadLength` counts. */
  content: SegmentContent | null;
  /** True: the checksum of layer 4 is wrong. */
  badChecksum: boolean;
  /** Extension headers of IPv6 in the order of the wire, without that of a fragment; null where there are none. */
  extensions: readonly Ipv6Extension[] | null;
}

/** A packet with every other field at rest: for those made by the thousand, whose maker then writes what differs. */
export function plainPacket(src: Address, dst: Address, protocol: number): Packet {
  return {
    src,
    dst,
    protocol,
    ttl: 64,
    tos: 0,
    df: false,
    id: 0,
    fragmentOffset: 0,
    moreFragments: false,
    sport: 0,
    dport: 0,
    flags: 0,
    seq: 0,
    ack: 0,
    window: 64240,
    mss: 0,
    optionPadding: 0,
    sctp: null,
    icmpType: 0,
    icmpCode: 0,
    icmpId: 0,
    icmpSeq: 0,
    icmpMtu: 0,
    icmpGateway: null,
    payloadLength: 0,
    inner: null,
    vni: -1,
    sealed: null,
    content: null,
    badChecksum: false,
    extensions: null,
  };
}

/** A packet with every field at rest; give what differs. */
export function packet(fields: Partial<Packet> & Pick<Packet, "src" | "dst" | "protocol">): Packet {
  return {
    src: fields.src,
    dst: fields.dst,
    protocol: fields.protocol,
    ttl: fields.ttl ?? 64,
    tos: fields.tos ?? 0,
    df: fields.df ?? false,
    id: fields.id ?? 0,
    fragmentOffset: fields.fragmentOffset ?? 0,
    moreFragments: fields.moreFragments ?? false,
    sport: fields.sport ?? 0,
    dport: fields.dport ?? 0,
    flags: fields.flags ?? 0,
    seq: fields.seq ?? 0,
    ack: fields.ack ?? 0,
    window: fields.window ?? 64240,
    mss: fields.mss ?? 0,
    optionPadding: fields.optionPadding ?? 0,
    sctp: fields.sctp ?? null,
    icmpType: fields.icmpType ?? 0,
    icmpCode: fields.icmpCode ?? 0,
    icmpId: fields.icmpId ?? 0,
    icmpSeq: fields.icmpSeq ?? 0,
    icmpMtu: fields.icmpMtu ?? 0,
    icmpGateway: fields.icmpGateway ?? null,
    payloadLength: fields.payloadLength ?? 0,
    inner: fields.inner ?? null,
    vni: fields.vni ?? -1,
    sealed: fields.sealed ?? null,
    content: fields.content ?? null,
    badChecksum: fields.badChecksum ?? false,
    extensions: fields.extensions ?? null,
  };
}

/** A copy that shares nothing mutable with the original. */
export function copyPacket(original: Packet): Packet {
  // Field by field: a spread is copied by the runtime, this by compiled code.
  return {
    src: original.src,
    dst: original.dst,
    protocol: original.protocol,
    ttl: original.ttl,
    tos: original.tos,
    df: original.df,
    id: original.id,
    fragmentOffset: original.fragmentOffset,
    moreFragments: original.moreFragments,
    sport: original.sport,
    dport: original.dport,
    flags: original.flags,
    seq: original.seq,
    ack: original.ack,
    window: original.window,
    mss: original.mss,
    optionPadding: original.optionPadding,
    sctp: original.sctp,
    icmpType: original.icmpType,
    icmpCode: original.icmpCode,
    icmpId: original.icmpId,
    icmpSeq: original.icmpSeq,
    icmpMtu: original.icmpMtu,
    icmpGateway: original.icmpGateway,
    payloadLength: original.payloadLength,
    inner: original.inner === null ? null : copyPacket(original.inner),
    vni: original.vni,
    sealed: original.sealed,
    content: original.content,
    badChecksum: original.badChecksum,
    extensions: original.extensions,
  };
}

/** True for a piece of a packet: not the last of its datagram, or not the first. */
export function isFragment(p: Packet): boolean {
  return p.moreFragments || p.fragmentOffset > 0;
}

/** Bytes of the header of TCP, with its options. */
export function tcpHeaderLength({ mss, optionPadding }: Packet): number {
  return 20 + (mss > 0 ? 4 : 0) + optionPadding;
}

/** Bytes of the layer-4 header, by protocol; the VXLAN header and inner Ethernet header count as UDP payload. */
function transportHeaderLength(p: Packet): number {
  if (p.fragmentOffset > 0) return 0;
  if (p.protocol === TCP) return tcpHeaderLength(p);
  if (p.protocol === ICMP || p.protocol === ICMPV6 || p.vni >= 0) return 8;
  if (p.protocol === SCTP) return sctpHeaderLength(p.sctp ?? SCTP_INIT);
  if (p.protocol === MOBILITY && mobilityType(p.extensions) !== null) return 8;
  return hasPorts(p.protocol) ? 8 : 0;
}

/** Bytes of the IP header, in IPv6 with its extension headers and the fragment header of a fragment. */
export function headerLength(p: Packet): number {
  if (p.src.family === 4) return 20;
  const plain = isFragment(p) ? 48 : 40;
  return p.extensions === null ? plain : plain + extensionsLength(p.extensions);
}

/** Total length in bytes of the IP packet, header included, as `-m length` and the MTU check see it. */
export function packetLength(p: Packet): number {
  const header = headerLength(p);
  if (p.inner === null || p.vni >= 0 || p.sealed !== null || isFragment(p))
    return header + transportHeaderLength(p) + p.payloadLength;
  // An error tells in payloadLength how much it quotes where the usual 576 bytes do not fit.
  if (p.protocol === ICMP) return header + 8 + Math.min(packetLength(p.inner), p.payloadLength || 576 - 28);
  // A redirect of IPv6 quotes in an option: there payloadLength is all that follows the ICMPv6 header.
  if (p.protocol === ICMPV6 && p.icmpType === V6_REDIRECT && p.payloadLength > 0) return header + 8 + p.payloadLength;
  if (p.protocol === ICMPV6) return header + 8 + Math.min(packetLength(p.inner), 1280 - 48);
  return header + packetLength(p.inner);
}

/** One line for people: `tcp 192.168.1.2:40000 > 10.96.0.1:443 [S]`. */
export function describePacket(p: Packet): string {
  const src = formatAddress(p.src);
  const dst = formatAddress(p.dst);
  if (p.vni >= 0 && p.inner !== null) return `vxlan ${src} > ${dst} vni ${p.vni} (${describePacket(p.inner)})`;
  if (p.sealed !== null && p.inner !== null) return `wireguard ${src} > ${dst} (${describePacket(p.inner)})`;
  if (p.fragmentOffset > 0) return `${formatProtocol(p.protocol)} ${src} > ${dst} fragment at ${p.fragmentOffset}`;
  if (p.protocol === ICMP) return `icmp ${src} > ${dst} ${describeIcmp(p.icmpType, p.icmpCode)}`;
  if (p.protocol === ICMPV6) return `icmpv6 ${src} > ${dst} ${describeIcmpv6(p.icmpType, p.icmpCode)}`;
  if (hasPorts(p.protocol)) {
    const port = (value: number): string => (value > 0xffff ? "*" : String(value));
    const wrap = (address: string): string => (p.src.family === 6 ? `[${address}]` : address);
    const flags = p.protocol === TCP ? ` [${formatTcpFlags(p.flags)}]` : "";
    return `${formatProtocol(p.protocol)} ${wrap(src)}:${port(p.sport)} > ${wrap(dst)}:${port(p.dport)}${flags}`;
  }
  return `${formatProtocol(p.protocol)} ${src} > ${dst}`;
}
