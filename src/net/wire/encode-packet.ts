import { MOBILITY, mobilityType, NO_NEXT_HEADER } from "../ipv6-extension.ts";
import { headerLength, type Packet, packetLength, tcpHeaderLength } from "../packet.ts";
import { hasPorts, ICMP, ICMPV6, IPIP, IPV6_IN_IP, SCTP, TCP, UDP, UDPLITE } from "../protocol.ts";
import { chunkLength, DATA, INIT, INIT_ACK, SACK, SCTP_INIT, type SctpHeader, sctpHeaderLength } from "../sctp.ts";
import { MAXIMUM_SEGMENT_SIZE, MAXIMUM_SEGMENT_SIZE_LENGTH, NO_OPERATION } from "../tcp-option.ts";
import { crc32c, internetChecksum, sumOf } from "./checksum.ts";
import { encodeExtensions } from "./encode-extensions.ts";
import { encodeRedirect6 } from "./encode-redirect6.ts";
import { macBytes } from "./mac-bytes.ts";
import { putAddress } from "./put-address.ts";

/** MAC addresses of a frame; empty where nobody knows them. */
export interface FrameMacs {
  readonly source: string;
  readonly destination: string;
}

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

/** How much of a packet an ICMP error quotes: RFC 1812 4.3.2.3 (576 bytes in all), RFC 4443 2.4 (1280). */
const QUOTED_4 = 576 - IPV4_HEADER - 8;
const QUOTED_6 = 1280 - IPV6_HEADER - 8;

/**
 * An IP packet in bytes, with right lengths and checksums, as a capture holds it. What the model does not carry is zero:
 * payload that nobody kept, MAC addresses that are not known. A port that nobody has drawn yet is written as 0.
 */
export function encodePacket(packet: Packet, innerMacs: FrameMacs | null = null): Uint8Array {
  const body = encodeBody(packet, innerMacs);
  return packet.src.family === 4 ? ipv4(packet, body) : ipv6(packet, body);
}

function ipv4(packet: Packet, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(IPV4_HEADER + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, packet.tos);
  view.setUint16(2, bytes.length);
  view.setUint16(4, packet.id);
  view.setUint16(6, (packet.df ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0) | (packet.fragmentOffset >>> 3));
  view.setUint8(8, packet.ttl);
  view.setUint8(9, packet.protocol);
  view.setUint32(12, packet.src.a);
  view.setUint32(16, packet.dst.a);
  view.setUint16(10, internetChecksum(bytes.subarray(0, IPV4_HEADER)));
  bytes.set(body, IPV4_HEADER);
  return bytes;
}

function ipv6(packet: Packet, body: Uint8Array): Uint8Array {
  const headers = encodeExtensions(packet);
  const bytes = new Uint8Array(IPV6_HEADER + headers.bytes.length + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (0x60000000 | (packet.tos << 20)) >>> 0);
  view.setUint16(4, headers.bytes.length + body.length);
  view.setUint8(6, headers.first);
  view.setUint8(7, packet.ttl);
  putAddress(view, 8, packet.src);
  putAddress(view, 24, packet.dst);
  bytes.set(headers.bytes, IPV6_HEADER);
  bytes.set(body, IPV6_HEADER + headers.bytes.length);
  return bytes;
}

/** What follows the IP header. */
function encodeBody(packet: Packet, innerMacs: FrameMacs | null): Uint8Array {
  const { protocol, inner } = packet;
  // A further fragment is a piece of something whose bytes nobody keeps.
  if (packet.fragmentOffset > 0) return new Uint8Array(packet.payloadLength);
  if (protocol === ICMP || protocol === ICMPV6) return icmp(packet);
  if (inner !== null && packet.vni < 0 && (protocol === IPIP || protocol === IPV6_IN_IP)) return encodePacket(inner);
  if (protocol === MOBILITY) return mobility(packet);
  if (!hasPorts(protocol)) return new Uint8Array(bodyLength(packet));
  const bytes = new Uint8Array(bodyLength(packet));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, port(packet.sport));
  view.setUint16(2, port(packet.dport));
  switch (protocol) {
    case TCP:
      putTcp(view, packet);
      if (packet.content !== null) bytes.set(packet.content.octets, tcpHeaderLength(packet));
      view.setUint16(16, damaged(packet, transportChecksum(packet, bytes)));
      break;
    case UDP:
    case UDPLITE:
      view.setUint16(4, protocol === UDP ? bytes.length : 0);
      if (inner !== null && packet.vni >= 0) putVxlan(bytes, view, packet.vni, inner, innerMacs);
      // RFC 7348: VXLAN over IPv4 goes without a UDP checksum.
      if (packet.vni < 0 || packet.src.family === 6) {
        const sum = transportChecksum(packet, bytes);
        view.setUint16(6, damaged(packet, sum === 0 ? 0xffff : sum));
      }
      break;
    case SCTP:
      putSctp(bytes, view, packet.sctp ?? SCTP_INIT);
      if (bytes.length >= 12) view.setUint32(8, damaged(packet, crc32c(bytes)) >>> 0, true);
      break;
    default:
      break;
  }
  return bytes;
}

/** RFC 6275 6.1.1; without a checksum. */
function mobility(packet: Packet): Uint8Array {
  const bytes = new Uint8Array(bodyLength(packet));
  const type = mobilityType(packet.extensions);
  if (type !== null) bytes.set([NO_NEXT_HEADER, (bytes.length >> 3) - 1, type]);
  return bytes;
}

function bodyLength(packet: Packet): number {
  return packetLength(packet) - headerLength(packet);
}

function port(value: number): number {
  return value > 0xffff ? 0 : value;
}

function putTcp(view: DataView, packet: Packet): void {
  view.setUint32(4, packet.seq);
  view.setUint32(8, packet.ack);
  const header = tcpHeaderLength(packet);
  view.setUint8(12, (header / 4) << 4);
  view.setUint8(13, packet.flags);
  view.setUint16(14, packet.window);
  const padding = header - packet.optionPadding;
  for (let at = padding; at < header; at++) view.setUint8(at, NO_OPERATION);
  if (packet.mss === 0) return;
  view.setUint8(20, MAXIMUM_SEGMENT_SIZE);
  view.setUint8(21, MAXIMUM_SEGMENT_SIZE_LENGTH);
  view.setUint16(22, packet.mss);
}

/** Receive window, numbers of streams and first TSN of who opens an association: their values matter to nobody. */
const SCTP_WINDOW = 106496;
const SCTP_STREAMS = 10;
const SCTP_FIRST_TSN = 1;

/** RFC 9260 section 3: the verification tag and the chunks, without parameters. DATA takes what payload there is. */
function putSctp(bytes: Uint8Array, view: DataView, { tag, chunks }: SctpHeader): void {
  const payload = bytes.length - sctpHeaderLength({ tag, chunks });
  // A packet whose header was cut has no room for its chunks.
  if (payload < 0) return;
  view.setUint32(4, tag);
  let at = 12;
  let rest = payload;
  for (const { type, flags, initTag } of chunks) {
    const carried = type === DATA ? rest : 0;
    rest -= carried;
    const length = chunkLength(type) + carried;
    view.setUint8(at, type);
    view.setUint8(at + 1, flags);
    view.setUint16(at + 2, length);
    if (type === INIT || type === INIT_ACK) {
      view.setUint32(at + 4, initTag);
      view.setUint32(at + 8, SCTP_WINDOW);
      view.setUint16(at + 12, SCTP_STREAMS);
      view.setUint16(at + 14, SCTP_STREAMS);
      view.setUint32(at + 16, SCTP_FIRST_TSN);
    } else if (type === DATA) view.setUint32(at + 4, SCTP_FIRST_TSN);
    else if (type === SACK) {
      view.setUint32(at + 4, SCTP_FIRST_TSN);
      view.setUint32(at + 8, SCTP_WINDOW);
    }
    at += length;
  }
}

/** RFC 7348: the VXLAN header, and the Ethernet frame it carries. */
function putVxlan(bytes: Uint8Array, view: DataView, vni: number, inner: Packet, macs: FrameMacs | null): void {
  view.setUint8(8, 0x08);
  view.setUint32(12, (vni << 8) >>> 0);
  bytes.set(encodeFrame(inner, macs, null).subarray(0, bytes.length - 16), 16);
}

const ETHERNET_HEADER = 14;

/** The same in an Ethernet frame. */
export function encodeFrame(packet: Packet, macs: FrameMacs | null, innerMacs: FrameMacs | null): Uint8Array {
  const content = encodePacket(packet, innerMacs);
  const bytes = new Uint8Array(ETHERNET_HEADER + content.length);
  bytes.set(macBytes(macs?.destination ?? ""), 0);
  bytes.set(macBytes(macs?.source ?? ""), 6);
  new DataView(bytes.buffer).setUint16(12, packet.src.family === 4 ? 0x0800 : 0x86dd);
  bytes.set(content, ETHERNET_HEADER);
  return bytes;
}

function icmp(packet: Packet): Uint8Array {
  const six = packet.protocol === ICMPV6;
  const { inner } = packet;
  const quoted = inner === null ? null : encodePacket(inner).subarray(0, six ? QUOTED_6 : QUOTED_4);
  const bytes =
    six && inner !== null && quoted !== null && packet.icmpGateway !== null
      ? encodeRedirect6(packet, packet.icmpGateway, inner, quoted)
      : icmpMessage(packet, quoted);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, damaged(packet, six ? transportChecksum(packet, bytes) : internetChecksum(bytes)));
  return bytes;
}

/** Without its checksum. */
function icmpMessage(packet: Packet, quoted: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(8 + (quoted?.length ?? packet.payloadLength));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, packet.icmpType);
  view.setUint8(1, packet.icmpCode);
  if (quoted === null) {
    view.setUint16(4, port(packet.icmpId));
    view.setUint16(6, packet.icmpSeq);
  } else {
    bytes.set(quoted, 8);
    if (packet.icmpGateway !== null) view.setUint32(4, packet.icmpGateway.address.a);
    else if (packet.protocol === ICMPV6) view.setUint32(4, packet.icmpMtu);
    else view.setUint16(6, packet.icmpMtu);
  }
  return bytes;
}

/** A wrong checksum instead of the right one, where the packet has such. */
function damaged({ badChecksum }: Packet, checksum: number): number {
  return badChecksum ? checksum ^ 0x5555 : checksum;
}

/** The checksum over the pseudo-header (RFC 9293 3.1, RFC 8200 8.1) and the segment. */
function transportChecksum(packet: Packet, bytes: Uint8Array): number {
  const pseudo = new Uint8Array(packet.src.family === 4 ? 12 : 40);
  const view = new DataView(pseudo.buffer);
  if (packet.src.family === 4) {
    view.setUint32(0, packet.src.a);
    view.setUint32(4, packet.dst.a);
    view.setUint8(9, packet.protocol);
    view.setUint16(10, bytes.length);
  } else {
    putAddress(view, 0, packet.src);
    putAddress(view, 16, packet.dst);
    view.setUint32(32, bytes.length);
    view.setUint8(39, packet.protocol);
  }
  return internetChecksum(bytes, sumOf(pseudo));
}
