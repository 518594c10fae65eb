import { type FreeDomains, isFree, leastOf } from "../linux/free-value.ts";
import { formatAddress } from "../net/address.ts";
import type { Ipv6Extension, Ipv6Option } from "../net/ipv6-extension.ts";
import { isFragment, type Packet } from "../net/packet.ts";
import { formatProtocol, hasPorts, ICMP, ICMPV6, SCTP, TCP, UDP } from "../net/protocol.ts";
import { formatTcpFlags } from "../net/tcp-flags.ts";

/** An extension header of IPv6, in the words that a packet is asked with. */
export interface ExtensionJson {
  readonly header: Ipv6Extension["header"];
  readonly options?: readonly Ipv6Option[];
  readonly type?: number;
  readonly segmentsLeft?: number;
  readonly addresses?: readonly string[];
  readonly spi?: number;
  /** Bytes of an authentication header. */
  readonly length?: number;
}

function extensionJson(extension: Ipv6Extension): ExtensionJson {
  const { header } = extension;
  switch (header) {
    case "hop-by-hop":
    case "destination":
      return { header, options: extension.options };
    case "routing": {
      const { type, segmentsLeft, addresses } = extension;
      return { header, type, segmentsLeft, addresses: addresses.map(formatAddress) };
    }
    case "fragment":
      return { header };
    case "authentication":
      return { header, spi: extension.spi, length: extension.length };
    case "mobility":
      return { header, type: extension.type };
  }
}

/** A packet as INTERFACES section 4 writes it. */
export interface PacketJson {
  readonly src: string;
  readonly dst: string;
  readonly proto: string | number;
  readonly ttl: number;
  readonly tos: number;
  readonly df: boolean;
  readonly length: number;
  /** Of a fragment: more follow. */
  readonly mf?: boolean;
  /** Of a fragment: bytes. */
  readonly fragOffset?: number;
  readonly sport?: number;
  readonly dport?: number;
  readonly flags?: string;
  /** The MSS option of TCP. */
  readonly mss?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly icmpId?: number;
  readonly icmpSeq?: number;
  readonly icmpMtu?: number;
  readonly vni?: number;
  /** Of layer 4; absent where it is right. */
  readonly badChecksum?: boolean;
  /** Of IPv6, in the order of the wire. */
  readonly extensions?: readonly ExtensionJson[];
  /** The quoted packet of an ICMP error, or the one a tunnel carries. */
  readonly inner?: PacketJson;
  /** Fields whose value is arbitrary: any of those the kernel might have drawn. */
  readonly free: readonly string[];
}

/** Protocols that section 4 writes as words; the others are numbers. */
const WORDS: ReadonlyMap<number, string> = new Map([
  ...[TCP, UDP, ICMP, SCTP].map((protocol): [number, string] => [protocol, formatProtocol(protocol)]),
  [ICMPV6, "icmpv6"],
]);

export function packetJson(packet: Packet, domains: FreeDomains): PacketJson {
  const free: string[] = [];
  const chosen = (field: string, value: number): number => {
    if (!isFree(value)) return value;
    free.push(field);
    return leastOf(domains, value);
  };
  const isIcmp = (packet.protocol === ICMP || packet.protocol === ICMPV6) && packet.fragmentOffset === 0;
  return {
    src: formatAddress(packet.src),
    dst: formatAddress(packet.dst),
    proto: WORDS.get(packet.protocol) ?? packet.protocol,
    ...(hasPorts(packet.protocol) && packet.fragmentOffset === 0
      ? { sport: chosen("sport", packet.sport), dport: chosen("dport", packet.dport) }
      : {}),
    ...(packet.protocol === TCP && packet.fragmentOffset === 0 ? { flags: formatTcpFlags(packet.flags) } : {}),
    ...(packet.mss > 0 ? { mss: packet.mss } : {}),
    ...(isIcmp ? { icmpType: packet.icmpType, icmpCode: packet.icmpCode } : {}),
    ...(isIcmp && packet.inner === null ? { icmpId: chosen("icmpId", packet.icmpId), icmpSeq: packet.icmpSeq } : {}),
    ...(packet.icmpMtu > 0 ? { icmpMtu: packet.icmpMtu } : {}),
    ttl: packet.ttl,
    tos: packet.tos,
    df: packet.df,
    length: packet.payloadLength,
    ...(isFragment(packet) ? { mf: packet.moreFragments, fragOffset: packet.fragmentOffset } : {}),
    ...(packet.vni >= 0 ? { vni: packet.vni } : {}),
    ...(packet.badChecksum ? { badChecksum: true } : {}),
    ...(packet.extensions === null ? {} : { extensions: packet.extensions.map(extensionJson) }),
    ...(packet.inner === null ? {} : { inner: packetJson(packet.inner, domains) }),
    free,
  };
}
