import type { Address } from "../../../net/address.ts";
import { isFragment, type Packet, packetLength, tcpHeaderLength } from "../../../net/packet.ts";
import { hasPorts, ICMP, ICMPV6, TCP, UDP, UDPLITE } from "../../../net/protocol.ts";
import { MAXIMUM_SEGMENT_SIZE, MAXIMUM_SEGMENT_SIZE_LENGTH, NO_OPERATION } from "../../../net/tcp-option.ts";
import { encodeExtensions } from "../../../net/wire/encode-extensions.ts";

/** Enough for an IPv6 header with a few extension headers and a TCP header with one option; bytes beyond it are not known. */
const ROOM = 256;

/**
 * The headers of one packet as they stand on the wire, for matches that look at bytes; nothing else of the packet is
 * known. The buffers serve all packets, one at a time: what `layOut` wrote holds until it is called again.
 */
const bytes = new Uint8Array(ROOM);
/** Bits that are known; what is left are checksums, payload and identification fields nobody set. */
const known = new Uint8Array(ROOM);
let length = 0;

/** Value and known bits of the last `word()` or `byte()`, uint32. */
export const read = { value: 0, known: 0 };

function put8(at: number, value: number): void {
  bytes[at] = value;
  known[at] = 0xff;
}

function put16(at: number, value: number): void {
  put8(at, (value >>> 8) & 0xff);
  put8(at + 1, value & 0xff);
}

function put32(at: number, value: number): void {
  put16(at, value >>> 16);
  put16(at + 2, value & 0xffff);
}

function putAddress(at: number, address: Address): void {
  put32(at, address.a);
  if (address.family === 4) return;
  put32(at + 4, address.b);
  put32(at + 8, address.c);
  put32(at + 12, address.d);
}

/** A port or ICMP id that the kernel has not drawn yet is unknown. */
function putPort(at: number, value: number): void {
  if (value <= 0xffff) put16(at, value);
}

/** Writes the headers of `packet` into the buffer and returns its whole length, as `skb->len` says it. */
export function layOut(packet: Packet): number {
  bytes.fill(0);
  known.fill(0);
  length = packetLength(packet);
  const fragmented = isFragment(packet);
  if (packet.src.family === 4) {
    put8(0, 0x45);
    put8(1, packet.tos);
    put16(2, length);
    // Whoever sends the packet numbers it where the model left 0.
    if (packet.id !== 0) put16(4, packet.id);
    put16(6, (packet.df ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0) | (packet.fragmentOffset >>> 3));
    put8(8, packet.ttl);
    put8(9, packet.protocol);
    putAddress(12, packet.src);
    putAddress(16, packet.dst);
    if (packet.fragmentOffset === 0) putTransport(20, packet);
    return length;
  }
  put8(0, 0x60 | (packet.tos >>> 4));
  bytes[1] = (packet.tos & 0x0f) << 4;
  // The low half belongs to the flow label, which packets here do not carry.
  known[1] = 0xf0;
  put16(4, length - 40);
  put8(7, packet.ttl);
  putAddress(8, packet.src);
  putAddress(24, packet.dst);
  if (packet.extensions === null && !fragmented) {
    put8(6, packet.protocol);
    putTransport(40, packet);
    return length;
  }
  const { first, bytes: headers } = encodeExtensions(packet);
  put8(6, first);
  for (const [index, value] of headers.entries()) put8(40 + index, value);
  // Whoever cuts the packet numbers it where the model left 0.
  if (fragmented && packet.id === 0) known.fill(0, 36 + headers.length, 40 + headers.length);
  if (packet.fragmentOffset === 0) putTransport(40 + headers.length, packet);
  return length;
}

function putTransport(at: number, packet: Packet): void {
  const { protocol } = packet;
  if (protocol === ICMP || protocol === ICMPV6) {
    put8(at, packet.icmpType);
    put8(at + 1, packet.icmpCode);
    if (packet.inner !== null) return;
    putPort(at + 4, packet.icmpId);
    put16(at + 6, packet.icmpSeq);
    return;
  }
  if (!hasPorts(protocol)) return;
  putPort(at, packet.sport);
  putPort(at + 2, packet.dport);
  if (protocol === UDP || protocol === UDPLITE) {
    if (protocol === UDP) put16(at + 4, length - at);
    return;
  }
  if (protocol !== TCP) return;
  put32(at + 4, packet.seq);
  put32(at + 8, packet.ack);
  const header = tcpHeaderLength(packet);
  put8(at + 12, (header / 4) << 4);
  put8(at + 13, packet.flags);
  put16(at + 14, packet.window);
  for (let padded = header - packet.optionPadding; padded < header; padded++) put8(at + padded, NO_OPERATION);
  if (packet.mss === 0) return;
  put8(at + 20, MAXIMUM_SEGMENT_SIZE);
  put8(at + 21, MAXIMUM_SEGMENT_SIZE_LENGTH);
  put16(at + 22, packet.mss);
}

/** Reads the byte at an offset into `read`; offsets beyond the headers are unknown. */
export function byte(at: number): void {
  read.value = bytes[at] ?? 0;
  read.known = known[at] ?? 0;
}

/** Reads four bytes in network order into `read`. The caller has checked that they lie within the packet. */
export function word(at: number): void {
  let value = 0;
  let bits = 0;
  for (let i = at; i < at + 4; i++) {
    value = (value << 8) | (bytes[i] ?? 0);
    bits = (bits << 8) | (known[i] ?? 0);
  }
  read.value = value >>> 0;
  read.known = bits >>> 0;
}
