import { extensionsLength } from "../net/ipv6-extension.ts";
import { copyPacket, headerLength, type Packet, packet, packetLength } from "../net/packet.ts";

/** What reassembly leaves with a datagram, for whoever sends it on (`IPCB(skb)` and the skb's frag_list). */
export interface Reassembled {
  /** Length of the longest fragment it came in, header included (`frag_max_size`): none that leaves is longer. */
  readonly maxSize: number;
  /** Bytes after the IP header of each fragment, in order. */
  readonly sizes: readonly number[];
  /** The longest fragment had DF (`IPSKB_FRAG_PMTU`): those that leave have it too, unless they are the same ones. */
  readonly df: boolean;
}

/** Bytes in front of a fragment's data: the IPv4 header, or the IPv6 header with its extension headers and its fragment header. */
export function fragmentHeaderLength(p: Packet): number {
  return p.src.family === 4 ? 20 : 48 + (p.extensions === null ? 0 : extensionsLength(p.extensions));
}

/**
 * ip_do_fragment(), ip6_fragment(): the pieces in which a packet leaves over a link of that MTU. A reassembled one goes
 * in the fragments it came in, where each still fits and nobody made it longer (TCPMSS puts it into one piece of memory). What
 * fits whole into one piece of IPv6 has a fragment header all the same.
 */
export function fragment(whole: Packet, mtu: number, reassembled: Reassembled | null): readonly Packet[] {
  const header = fragmentHeaderLength(whole);
  const most = reassembled === null ? mtu : Math.min(mtu, longestAgain(whole, reassembled));
  const limit = most - header;
  const bytes = packetLength(whole) - headerLength(whole);
  if (reassembled !== null && isUnchanged(reassembled, bytes, limit)) return cut(whole, reassembled.sizes, false);
  const sizes = evenSizes(bytes, limit);
  return sizes.length === 1 ? [alone(whole)] : cut(whole, sizes, reassembled?.df ?? false);
}

function isUnchanged({ sizes }: Reassembled, bytes: number, limit: number): boolean {
  const sum = sizes.reduce((left, size) => left + size, 0);
  return sum === bytes && sizes.every((size, index, all) => fits(size, limit, index === all.length - 1));
}

function alone(whole: Packet): Packet {
  if (whole.src.family === 4) return whole;
  return { ...whole, extensions: [...(whole.extensions ?? []), { header: "fragment", length: 8 }] };
}

/** No longer than the longest fragment that came, but IPv6 need not cut below what every link takes. */
function longestAgain({ src }: Packet, { maxSize }: Reassembled): number {
  return src.family === 4 ? maxSize : Math.max(maxSize, 1280);
}

function fits(size: number, limit: number, last: boolean): boolean {
  return size <= limit && (last || (size & 7) === 0);
}

/** All but the last are a multiple of eight bytes long. */
function evenSizes(bytes: number, most: number): readonly number[] {
  const sizes: number[] = [];
  const step = Math.max(8, most & ~7);
  let left = bytes;
  for (; left > most; left -= step) sizes.push(step);
  return [...sizes, left];
}

function cut(whole: Packet, sizes: readonly number[], df: boolean): readonly Packet[] {
  const after = whole.fragmentOffset;
  let offset = 0;
  return sizes.map((size, index) => {
    const more = index < sizes.length - 1 || whole.moreFragments;
    const piece = after + offset === 0 ? firstPiece(whole, size) : furtherPiece(whole, after + offset, size);
    piece.moreFragments = more;
    piece.df = df;
    offset += size;
    return piece;
  });
}

/** It keeps the layer-4 header. */
function firstPiece(whole: Packet, size: number): Packet {
  const piece = { ...copyPacket(whole), moreFragments: true, payloadLength: 0, fragmentOffset: 0 };
  piece.payloadLength = size - (packetLength(piece) - headerLength(piece));
  return piece;
}

function furtherPiece(whole: Packet, fragmentOffset: number, payloadLength: number): Packet {
  const { src, dst, protocol, ttl, tos, id, extensions } = whole;
  return packet({ src, dst, protocol, ttl, tos, id, extensions, fragmentOffset, payloadLength, window: 0 });
}
